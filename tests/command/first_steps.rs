//! What a newcomer does first.

use crate::support::Bench;

#[test]
fn one_command_indexes_a_folder_and_finds_the_other_take() {
    let bench = Bench::new();
    let asked = bench.sound("asked.wav", "church_bell", 1);
    bench.sound("BELLMisc_Bell_EMRK_DEMO.wav", "church_bell", 2);
    bench.sound("RAIN_Rain_EMRK_DEMO.wav", "rain_open", 1);
    let ran = bench.run([
        "find".as_ref(),
        asked.as_os_str(),
        "--in".as_ref(),
        bench.sounds().as_os_str(),
        "--json".as_ref(),
    ]);
    let answer = ran.ended(0).json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 2, "the sound asked about is not its own answer");
    assert!(results[0]["path"].as_str().unwrap().ends_with("BELLMisc_Bell_EMRK_DEMO.wav"), "{answer}");
    assert!(results[0]["similarity_percent"].as_f64() > results[1]["similarity_percent"].as_f64());
}
