#![no_main]

#[path = "../src/rewriting.rs"]
mod rewriting;

libfuzzer_sys::fuzz_target!(
    init: {
        // The engine turns panics of decoders into errors. libFuzzer's hook would abort on them all the same; without
        // it, only a panic that leaves the target counts.
        let _ = std::panic::take_hook();
    },
    |bytes: &[u8]| rewriting::rewriting(bytes)
);
