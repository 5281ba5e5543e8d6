//! Any text as a standard: one that makes sense, or an error that says why not; what was read is written and read again.
#![no_main]

use zhaoshen::photo::Standard;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(standard) = Standard::from_toml(text) {
        assert!((64..=4096).contains(&standard.picture.width) && standard.file.min_bytes < standard.file.max_bytes);
    }
});
