//! Any bytes as the EXIF of a sound picture: the picture is shown all the same, turned or not.
#![no_main]

use std::sync::OnceLock;

use zhaoshen::photo::{preview, without_location};

/// A sound JPEG of this house.
fn picture() -> &'static [u8] {
    static PICTURE: OnceLock<Vec<u8>> = OnceLock::new();
    PICTURE.get_or_init(|| {
        let portrait = include_bytes!("../../assets/specimens/p00_portrait.jpg");
        preview(portrait, 24, 24, 70).expect("a specimen is sound")
    })
}

libfuzzer_sys::fuzz_target!(|exif: &[u8]| {
    let exif = &exif[..exif.len().min(60_000)];
    let mut file = picture()[..2].to_vec();
    file.extend([0xFF, 0xE1]);
    file.extend((exif.len() as u16 + 8).to_be_bytes());
    file.extend(b"Exif\0\0");
    file.extend(exif);
    file.extend(&picture()[2..]);
    let shown = preview(&file, 24, 24, 70).expect("broken metadata is no reason to refuse sound pixels");
    let clean = without_location(&file).expect("nor to keep it");
    assert_eq!(preview(&clean, 24, 24, 70), Ok(shown));
});
