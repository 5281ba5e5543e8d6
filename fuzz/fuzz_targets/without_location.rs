//! A file that can be cleaned stays clean, and shows what it showed.
#![no_main]

use zhaoshen::photo::{pixels, preview, without_location};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(clean) = without_location(bytes) else { return };
    assert_eq!(without_location(&clean).as_ref(), Ok(&clean), "cleaning twice is cleaning once");
    if pixels(bytes).is_ok_and(|pixels| pixels < 1_000_000)
        && let Ok(before) = preview(bytes, 32, 32, 70)
    {
        assert_eq!(preview(&clean, 32, 32, 70), Ok(before), "the picture is the same");
    }
});
