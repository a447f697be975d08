//! Searches: by words, for more like a sound, by a dropped file.

use crate::support::{Running, SHARED, take, wav_of};
use serde_json::Value;

fn names(answer: &Value) -> Vec<String> {
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn words_list_the_sounds_that_have_them() {
    let server = Running::new(&SHARED.library);
    let bells = server.json("api/search?filter=bell%20-rain");
    assert_eq!(bells["total"], 4);
    assert_eq!(bells["rows"][0]["cat_id"], "BELLHand");
    assert_eq!(bells["rows"][0]["folder"], "Bells");
    let doors = server.json("api/search?filter=DOOR*%20dur%3E2");
    assert_eq!(doors["total"], 7);
    assert!(server.json("api/search?filter=zebra")["rows"].as_array().unwrap().is_empty());
    let wrong = server.get("api/search?filter=dur%3C");
    assert_eq!((wrong.status, wrong.json()["error"]["kind"].as_str()), (400, Some("filter")));
}

#[test]
fn pages_of_a_list_make_the_whole() {
    let server = Running::new(&SHARED.library);
    let whole = names(&server.json("api/search?count=1000"));
    assert_eq!(server.json("api/search")["total"], whole.len());
    let mut paged = Vec::new();
    for offset in (0..whole.len()).step_by(5) {
        paged.extend(names(&server.json(&format!("api/search?count=5&offset={offset}"))));
    }
    assert_eq!(paged, whole);
    assert!(names(&server.json("api/search?offset=99999999999")).is_empty());
}

#[test]
fn names_that_hold_the_words_come_first() {
    let server = Running::new(&SHARED.library);
    // "Doors" is a folder; only the sounds of one of them are called so.
    let found = names(&server.json("api/search?filter=old%20door"));
    assert!(found[0].contains("Old Barn Door"), "{found:?}");
}

#[test]
fn a_sound_of_the_library_leads_to_more_like_it() {
    let server = Running::new(&SHARED.library);
    let key = server.key_of("BELLHand_Small Bell 02_EMRK_TEST.wav");
    let like = server.json(&format!("api/search?like={key}&count=4"));
    let found = names(&like);
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|name| name != "BELLHand_Small Bell 02_EMRK_TEST.wav"), "not itself");
    assert!(found[..3].iter().all(|name| name.contains("Bell") || name == "take 18.wav"), "{found:?}");
    let percents: Vec<f64> =
        like["rows"].as_array().unwrap().iter().map(|row| row["percent"].as_f64().unwrap()).collect();
    assert!(percents.is_sorted_by(|a, b| a >= b), "{percents:?}");
    assert!(like["rows"][0]["moment_s"][0].as_f64().unwrap() >= 0.0);
    assert_eq!(like["categories"][0]["cat_id"], "BELLHand");
    let among = server.json(&format!("api/search?like={key}&filter=RAIN*"));
    assert!(names(&among).iter().all(|name| name.contains("Rain")));
}

#[test]
fn a_dropped_file_is_heard_and_searched_with() {
    let server = Running::new(&SHARED.library);
    let heard = server.ask("my%20take.wav", &wav_of(&take("handbell", 8, 1.5)));
    assert_eq!(heard["name"], "my take.wav");
    assert_eq!(heard["progress"]["state"], "ready", "{heard}");
    assert!((heard["progress"]["duration_s"].as_f64().unwrap() - 1.5).abs() < 0.01);
    let number = &heard["number"];
    let found = server.json(&format!("api/search?question={number}&count=5"));
    assert!(names(&found)[0].contains("Bell") || names(&found)[0] == "take 18.wav", "{:?}", names(&found));
    assert_eq!(found["judged"], true);
    let shares: f64 =
        found["categories"].as_array().unwrap().iter().map(|share| share["share"].as_f64().unwrap()).sum();
    assert!(shares > 0.1 && shares <= 1.001, "{shares}");
    // It can be looked at, and listened to.
    assert_eq!(server.get(&format!("api/questions/{number}/peaks")).body.len(), 600);
    assert_eq!(&server.get(&format!("api/questions/{number}/audio")).body[..4], b"RIFF");
    let part = server.json(&format!("api/search?question={number}&from=0.5&to=1.0"));
    assert!(!names(&part).is_empty());
}

#[test]
fn a_file_that_is_in_the_library_does_not_find_itself() {
    let server = Running::new(&SHARED.library);
    let bytes = std::fs::read(SHARED.sounds.join("Unsorted/take 18.wav")).unwrap();
    let number = server.ask("copy.wav", &bytes)["number"].clone();
    let found = names(&server.json(&format!("api/search?question={number}&count=1000")));
    assert!(!found.is_empty() && !found.contains(&"take 18.wav".to_owned()));
}

#[test]
fn a_file_that_is_no_sound_says_so_by_its_own_name() {
    let server = Running::new(&SHARED.library);
    let heard = server.ask("letter%3Cb%3E.docx", b"PK not a sound at all");
    assert_eq!(heard["progress"]["state"], "failed");
    let message = heard["progress"]["message"].as_str().unwrap();
    assert!(message.contains("letter<b>.docx") && !message.contains("earmark-"), "{message}");
    let number = &heard["number"];
    assert_eq!(server.get(&format!("api/search?question={number}")).status, 422);
}

#[test]
fn categories_have_counts_and_examples() {
    let server = Running::new(&SHARED.library);
    let all = server.json("api/categories");
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 753);
    let bells = all.iter().find(|category| category["cat_id"] == "BELLHand").unwrap();
    assert_eq!(bells["sounds"], 4);
    let examples = server.json("api/categories/DOORCreak");
    assert_eq!(examples["total"], 7);
    assert_eq!(examples["typical"].as_array().unwrap().len(), 7);
    assert_eq!(server.json("api/categories/AEROHeli")["total"], 0);
    assert_eq!(server.get("api/categories/NOSuch").status, 404);
}
