//! Any text as a model file: compiled or refused with errors that can be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(errors) = pulsewatch::model::compile(text, "fuzz") {
        assert!(!format!("{errors:?}").is_empty());
    }
});
