//! Edits made to a finished specimen must be found by their names, and honest pictures must pass.

use std::path::Path;
use std::sync::OnceLock;

use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::edits::{self, Aim};
use super::*;
use crate::photo::metadata::minimal_exif;
use crate::photo::metadata::tests::with_exif;
use crate::photo::{Outcome, Standard};

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new().unwrap())
}

fn specimen(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/specimens/{name}.jpg"))).unwrap()
}

fn finished(source: &[u8], standard: &str) -> (Vec<u8>, crate::domain::report::Report) {
    match engine().standardize(source, &Standard::builtin(standard).unwrap()).unwrap() {
        Outcome::Standardized { jpeg, report } => (jpeg, report),
        Outcome::Refused { reasons, .. } => panic!("refused: {reasons:?}"),
    }
}

fn jpeg(picture: &RgbImage, quality: u8, sampling: SamplingFactor) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(sampling);
    encoder.encode(picture.as_raw(), picture.width() as u16, picture.height() as u16, ColorType::Rgb).unwrap();
    bytes
}

fn codes(proof: &Proof) -> Vec<Edit> {
    proof.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn edits_are_found_by_their_names() {
    let source = specimen("p07");
    let (bytes, report) = finished(&source, "chsi-blue");
    let picture = decode::decode(&bytes).unwrap().pixels;
    let geometry = report.geometry.unwrap();
    let at = |x: f64, y: f64| Aim {
        x: geometry.centre_x + x * geometry.face_width,
        y: geometry.eye_line + y * geometry.face_width,
        face_width: geometry.face_width,
    };
    let (face, jaw, eye, cheek) = (at(0.0, 0.25), at(-0.38, 0.5), at(-0.23, 0.0), at(0.22, 0.32));
    let cases = [
        (Edit::Mirrored, edits::mirrored(&picture)),
        (Edit::Rotated, edits::rotated(&picture, 1.5)),
        (Edit::Rotated, edits::rotated(&picture, -0.5)),
        (Edit::Warped, edits::pushed(&picture, jaw, 4.0)),
        (Edit::Warped, edits::enlarged(&picture, eye, 0.15)),
        (Edit::Smoothed, edits::smoothed(&picture, face, 1.0)),
        (Edit::Retouched, edits::spotted(&picture, cheek, 3.0, 40.0)),
        (Edit::Recoloured, edits::brightened(&picture, face, 10.0)),
        (Edit::Recoloured, edits::tinted(&picture, face, 8.0)),
        (Edit::Sharpened, edits::sharpened(&picture, 2.0)),
    ];
    for (expected, changed) in cases {
        let proof = engine().verify(&jpeg(&changed, 92, SamplingFactor::R_4_4_4), &source).unwrap();
        assert!(codes(&proof).contains(&expected), "{expected:?} not among {:?}: {:?}", codes(&proof), proof.measures);
        assert_eq!(proof.verdict, Verdict::Edited);
        if expected == Edit::Retouched {
            let region = proof.findings.iter().find(|finding| finding.code == expected).unwrap().region.unwrap();
            let (dx, dy) = (region.x + region.width / 2.0 - cheek.x, region.y + region.height / 2.0 - cheek.y);
            assert!(dx.hypot(dy) < 6.0, "the spot is at ({}, {}), found off by ({dx}, {dy})", cheek.x, cheek.y);
        }
    }
    // A mole that the source has and the finished picture has lost.
    let transform = report.transform.unwrap();
    let there = Aim { x: cheek.x / transform.scale + transform.x, y: cheek.y / transform.scale + transform.y, face_width: 1.0 };
    let with_mole = edits::spotted(&decode::decode(&source).unwrap().pixels, there, 3.0 / transform.scale, 40.0);
    let proof = engine().verify(&bytes, &jpeg(&with_mole, 97, SamplingFactor::R_4_4_4)).unwrap();
    // What is gone also moves the block and thins the detail around it: one edit may have several names, the right one among them.
    assert!(codes(&proof).contains(&Edit::Retouched), "{:?}", codes(&proof));
}

#[test]
fn honest_pictures_pass_and_the_crop_is_found_again() {
    for (name, standard) in [("p02", "chsi-blue"), ("p04", "chsi-white")] {
        let source = specimen(name);
        let (bytes, report) = finished(&source, standard);
        let proof = engine().verify(&bytes, &source).unwrap();
        assert_eq!((proof.verdict, codes(&proof)), (Verdict::Ok, vec![]), "{name}: {:?}", proof.measures);
        let told = report.transform.unwrap();
        let off = (proof.transform.x - told.x).hypot(proof.transform.y - told.y) * told.scale;
        assert!(off < 0.1 && (proof.transform.scale / told.scale - 1.0).abs() < 5e-4, "{name}: {:?} for {told:?}", proof.transform);
        let again = jpeg(&decode::decode(&bytes).unwrap().pixels, 85, SamplingFactor::R_4_2_0);
        let proof = engine().verify(&again, &source).unwrap();
        assert_eq!(codes(&proof), [], "{name} compressed again: {:?}", proof.measures);
    }
}

#[test]
fn the_cameras_own_orientation_is_no_edit() {
    let upright = decode::decode(&specimen("p10")).unwrap().pixels;
    // 6: shown after a quarter turn clockwise, so it is stored a quarter turn back. 2: stored mirrored.
    let stored = [(6, imageops::rotate270(&upright)), (2, imageops::flip_horizontal(&upright))];
    for (orientation, pixels) in stored {
        let source = with_exif(&jpeg(&pixels, 95, SamplingFactor::R_4_4_4), &minimal_exif(orientation));
        assert_eq!(decode::decode(&source).unwrap().facts.orientation, orientation);
        let (bytes, _) = finished(&source, "chsi-blue");
        let proof = engine().verify(&bytes, &source).unwrap();
        assert_eq!((proof.verdict, codes(&proof)), (Verdict::Ok, vec![]), "{orientation}: {:?}", proof.measures);
    }
}

#[test]
fn another_persons_source_is_another_and_no_face_is_an_error() {
    let (bytes, _) = finished(&specimen("p02"), "chsi-blue");
    let proof = engine().verify(&bytes, &specimen("p03")).unwrap();
    assert_eq!((proof.verdict, codes(&proof)), (Verdict::Other, vec![Edit::NotThisSource]), "{:?}", proof.measures);
    // The same person in other light: drawn from the same millimetres, a specimen's two pictures are as alike as an edited one and its source.
    let proof = engine().verify(&bytes, &specimen("p02_portrait")).unwrap();
    assert_ne!(proof.verdict, Verdict::Ok, "{:?}", proof.measures);
    let nobody = specimen("f13a_nobody");
    let none = PhotoError::NoSingleFace { found: 0 };
    assert_eq!(engine().verify(&nobody, &bytes).err(), Some(VerifyError::Finished(none.clone())));
    assert_eq!(engine().verify(&bytes, &nobody).err(), Some(VerifyError::Source(none)));
}

#[test]
fn a_colour_profile_is_no_edit() {
    let pixels = decode::decode(&specimen("p12")).unwrap().pixels;
    let mut source = Vec::new();
    let mut encoder = Encoder::new(&mut source, 95);
    encoder.add_icc_profile(&moxcms::ColorProfile::new_display_p3().encode().unwrap()).unwrap();
    encoder.encode(pixels.as_raw(), pixels.width() as u16, pixels.height() as u16, ColorType::Rgb).unwrap();
    assert!(decode::decode(&source).unwrap().facts.colour_converted);
    let (bytes, _) = finished(&source, "chsi-grey");
    let proof = engine().verify(&bytes, &source).unwrap();
    assert_eq!((proof.verdict, codes(&proof)), (Verdict::Ok, vec![]), "{:?}", proof.measures);
}
