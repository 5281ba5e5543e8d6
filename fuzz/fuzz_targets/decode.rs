//! Any bytes, decoded as an intake would: a picture or an error, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Large pictures are slow without being interesting; that they are counted right is checked on the way.
    match zhaoshen::photo::pixels(bytes) {
        Ok(pixels) if pixels > 4_000_000 => {}
        _ => drop(zhaoshen::photo::preview(bytes, 32, 32, 70)),
    }
});
