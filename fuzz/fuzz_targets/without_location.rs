//! A file that can be cleaned stays clean, and shows what it showed.
#![no_main]

use zhaoshen::photo::{pixels, preview, without_location};

/// Whether all of a JPEG from its first scan on was kept. In a damaged one metadata may lie between pieces of the picture, and then it goes,
/// whatever a decoder makes of the rest; in other formats nothing of the picture can be lost.
fn is_whole(bytes: &[u8], clean: &[u8]) -> bool {
    let scan = bytes.windows(2).position(|at| at == [0xFF, 0xDA]);
    !bytes.starts_with(&[0xFF, 0xD8]) || scan.is_some_and(|scan| clean.ends_with(&bytes[scan..]))
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(clean) = without_location(bytes) else { return };
    assert_eq!(without_location(&clean).as_ref(), Ok(&clean), "cleaning twice is cleaning once");
    if is_whole(bytes, &clean)
        && pixels(bytes).is_ok_and(|pixels| pixels < 1_000_000)
        && let Ok(before) = preview(bytes, 32, 32, 70)
    {
        assert_eq!(preview(&clean, 32, 32, 70), Ok(before), "the picture is the same");
    }
});
