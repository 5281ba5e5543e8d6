//! The engine on whole pictures: specimen people, whose truth is known, and files made to break decoders.
//!
//! Specimens are looked for in `assets/specimens`, else where `ZHAOSHEN_SHARED` or `../shared` lies; without them these tests say so and pass.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{CompareError, Engine, Outcome, PhotoError, Stage, Standard, compare, preview, without_location};
use crate::domain::check::{CheckId, Verdict};
use crate::domain::comparison::Band;
use crate::domain::reason::Reason;
use crate::domain::report::Report;

/// One engine for all tests of a process: loading its nets takes longer than most tests.
pub(super) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new().unwrap())
}

/// Says that a test was left out, also to `tests/run`, which lists what was.
pub(super) fn left_out(why: &str) {
    eprintln!("left out: {why}");
    if let Some(list) = std::env::var_os("ZHAOSHEN_TEST_LEFT_OUT") {
        use std::io::Write;
        let file = std::fs::OpenOptions::new().append(true).create(true).open(list);
        let _ = file.and_then(|mut file| writeln!(file, "engine: {why}"));
    }
}

fn shared() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("ZHAOSHEN_SHARED").map_or_else(beside, PathBuf::from)
}

fn specimen_folder() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/specimens");
    let found = [own, shared().join("specimen")].into_iter().find(|folder| folder.join("p00.jpg").is_file());
    if found.is_none() {
        left_out("no specimens");
    }
    found
}

pub(super) fn specimen(name: &str) -> Option<Vec<u8>> {
    std::fs::read(specimen_folder()?.join(format!("{name}.jpg"))).ok()
}

fn standardized(name: &str) -> Option<(Vec<u8>, Report)> {
    match engine().standardize(&specimen(name)?, &Standard::default()).unwrap() {
        Outcome::Standardized { jpeg, report } => Some((jpeg, report)),
        Outcome::Refused { reasons, .. } => panic!("{name} was refused: {reasons:?}"),
    }
}

fn refused(name: &str) -> Option<(Vec<Reason>, Report)> {
    match engine().standardize(&specimen(name)?, &Standard::default()).unwrap() {
        Outcome::Refused { reasons, report } => Some((reasons, report)),
        Outcome::Standardized { .. } => panic!("{name} was standardized"),
    }
}

fn verdict(report: &Report, id: CheckId) -> Verdict {
    report.checks.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no check {}", id.code())).verdict
}

#[test]
fn good_photos_meet_the_standard_without_a_finding() {
    for name in ["p00", "p03", "p08", "p15", "p21", "p26"] {
        let Some((jpeg, report)) = standardized(name) else { return };
        assert!((30_720..=40_000).contains(&jpeg.len()), "{name}: {} bytes", jpeg.len());
        let bad: Vec<_> = report.checks.iter().filter(|check| check.verdict != Verdict::Pass).collect();
        assert!(bad.is_empty(), "{name}: {bad:?}");
        let finished = engine().check(&jpeg, Stage::Result, &Standard::default()).unwrap();
        let bad: Vec<_> = finished.checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
        assert!(bad.is_empty(), "{name} as a result: {bad:?}");
    }
}

#[test]
fn measures_are_the_truths() {
    for name in ["p00", "p05", "p15", "p26"] {
        let (Some(folder), Some((_, report))) = (specimen_folder(), standardized(name)) else { return };
        let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
        let (geometry, transform) = (report.geometry.unwrap(), report.transform.unwrap());
        let number = |value: &serde_json::Value| value.as_f64().unwrap();
        let eye_y = (number(&truth["pupil_l"][1]) + number(&truth["pupil_r"][1])) / 2.0;
        let close = |what: &str, measured: f64, true_value: f64, within: f64| {
            assert!((measured - true_value).abs() <= within, "{name} {what}: {measured} against {true_value}");
        };
        close("eye line", geometry.eye_line, (eye_y - transform.y) * transform.scale, 3.0);
        close("hair top", geometry.hair_top, (number(&truth["hair_top"]) - transform.y) * transform.scale, 6.0);
        close("face width", geometry.face_width, number(&truth["face_width"]) * transform.scale, 16.0);
    }
}

/// Coarse enough for every processor, whose nets differ in the last digits, and moved by every change of what the engine decides.
#[test]
fn who_changes_what_the_engine_decides_raises_its_revision() {
    const SAY: &str = "the engine decides otherwise than it did: raise ENGINE_REVISION in src/photo/identity.rs, or batches keep their old \
                       results, and then write the new figures and the new revision here";
    assert_eq!(super::identity::ENGINE_REVISION, 1, "these figures are of another revision: {SAY}");
    let Some((jpeg, report)) = standardized("p00") else { return };
    let (geometry, transform, output) = (report.geometry.unwrap(), report.transform.unwrap(), report.output.unwrap());
    let pixels = super::decode::decode(&jpeg).unwrap().pixels;
    let mean = |channel: usize| pixels.pixels().map(|pixel| f64::from(pixel.0[channel])).sum::<f64>() / f64::from(480 * 640);
    let value = |id: CheckId| report.checks.iter().find(|check| check.id == id).and_then(|check| check.value).unwrap();
    let figures = [
        ("x", transform.x, 73.58, 0.1),
        ("y", transform.y, 89.21, 0.1),
        ("scale", transform.scale, 0.6380, 0.0005),
        ("hair top", geometry.hair_top, 66.0, 0.5),
        ("eye line", geometry.eye_line, 272.0, 0.5),
        ("face width", geometry.face_width, 213.8, 0.5),
        ("centre", geometry.centre_x, 240.0, 0.5),
        ("roll", geometry.roll_deg, 0.13, 0.05),
        ("quality", f64::from(output.quality), 89.0, 0.0),
        ("red", mean(0), 106.8, 0.3),
        ("green", mean(1), 146.4, 0.3),
        ("blue", mean(2), 171.8, 0.3),
        ("yaw", value(CheckId::Yaw), 0.10, 0.1),
        ("pitch", value(CheckId::Pitch), 4.37, 0.1),
        ("blur", value(CheckId::Blur), 0.400, 0.01),
        ("light", value(CheckId::Underexposed), 188.8, 0.5),
        ("unevenness", value(CheckId::UnevenLight), 0.887, 0.01),
        ("eyes", value(CheckId::EyesOpen), 0.241, 0.01),
        ("matte", value(CheckId::MatteConfidence), 0.914, 0.01),
        ("clothes", value(CheckId::ClothesBlend), 282.3, 1.0),
    ];
    for (what, is, was, within) in figures {
        assert!((is - was).abs() <= within, "{what} is {is}, was {was}: {SAY}");
    }
}

#[test]
fn faults_that_no_crop_can_heal_are_refused_with_their_reason() {
    let cases = [
        ("f00a_tilt", Reason::Tilted),
        ("f01a_turned", Reason::NotFrontal),
        ("f09a_too_close", Reason::CutOff),
        ("f10a_off_centre", Reason::CutOff),
        ("f11a_too_far", Reason::TooSmall),
        ("f12a_two_people", Reason::FaceCount),
        ("f13a_nobody", Reason::FaceCount),
    ];
    for (name, reason) in cases {
        let Some((reasons, report)) = refused(name) else { return };
        assert!(reasons.contains(&reason), "{name}: {reasons:?}");
        assert!(report.output.is_none());
    }
}

#[test]
fn other_faults_are_findings_on_a_standardized_picture() {
    let cases = [
        ("f02a_eyes_closed", CheckId::EyesOpen, Verdict::Fail),
        ("f03a_mouth_open", CheckId::MouthOpen, Verdict::Fail),
        ("f04a_dark", CheckId::Underexposed, Verdict::Fail),
        ("f05a_half_shadow", CheckId::UnevenLight, Verdict::Fail),
        ("f06a_blue_clothes", CheckId::ClothesBlend, Verdict::Fail),
        ("f07a_blur", CheckId::Blur, Verdict::Fail),
        ("f08a_sunglasses", CheckId::EyesOpen, Verdict::Unknown),
        ("f08a_sunglasses", CheckId::TintedGlasses, Verdict::Fail),
    ];
    for (name, id, expected) in cases {
        let Some((_, report)) = standardized(name) else { return };
        assert_eq!(verdict(&report, id), expected, "{name}");
    }
}

#[test]
fn blue_clothes_blend_with_blue_only() {
    let Some(photo) = specimen("f06a_blue_clothes") else { return };
    let report = engine().check(&photo, Stage::Source, &Standard::builtin("chsi-white").unwrap()).unwrap();
    assert_eq!(verdict(&report, CheckId::ClothesBlend), Verdict::Pass);
}

#[test]
fn inside_the_body_pixels_are_the_sources_own() {
    let Some((jpeg, report)) = standardized("p00") else { return };
    let source = super::decode::decode(&specimen("p00").unwrap()).unwrap().pixels;
    let finished = super::decode::decode(&jpeg).unwrap().pixels;
    let transform = report.transform.unwrap();
    let (mut off, mut count) = (0.0, 0.0);
    // A square on the face, where nothing may have been touched.
    for y in 260..380u32 {
        for x in 190..290u32 {
            let place = |out: u32, origin: f64| (f64::from(out) + 0.5) / transform.scale + origin - 0.5;
            let before = super::raster::sample(&source, place(x, transform.x), place(y, transform.y));
            let after = finished.get_pixel(x, y).0;
            off += before.iter().zip(after).map(|(a, b)| f64::from((a - f32::from(b)).abs())).sum::<f64>();
            count += 3.0;
        }
    }
    assert!(off / count < 5.0, "{} levels in the mean", off / count);
}

#[test]
fn the_specimens_bands_call_nobody_different_from_himself_and_no_two_the_same() {
    let bands = compare::specimen_bands();
    let embed = |name: String| specimen(&name).map(|picture| engine().face_vector(&picture).unwrap());
    let people: Option<Vec<_>> = (0..32).map(|n| Some((embed(format!("p{n:02}"))?, embed(format!("p{n:02}_portrait"))?))).collect();
    let Some(people) = people else { return };
    for (a, (photo, _)) in people.iter().enumerate() {
        for (b, (_, portrait)) in people.iter().enumerate() {
            let score = photo.score(portrait);
            let never = if a == b { Band::Different } else { Band::Same };
            assert_ne!(bands.band(score), never, "photo {a}, portrait {b}: {score}");
        }
    }
}

#[test]
fn comparing_names_the_picture_without_a_face() {
    let (Some(nobody), Some(somebody)) = (specimen("f13a_nobody"), specimen("p00")) else { return };
    let no_face = PhotoError::NoSingleFace { found: 0 };
    let bands = compare::default_bands();
    assert_eq!(engine().compare(&nobody, &somebody, &bands), Err(CompareError::Photo(no_face.clone())));
    assert_eq!(engine().compare(&somebody, &nobody, &bands), Err(CompareError::Portrait(no_face)));
    let foreign = crate::domain::comparison::Bands { model: "another".into(), ..bands };
    assert!(matches!(engine().compare(&somebody, &somebody, &foreign), Err(CompareError::OtherModel { .. })));
}

#[test]
fn a_portrait_is_cut_in_its_proportions_and_shows_the_same_person() {
    let Some(picture) = specimen("p00_portrait") else { return };
    let portrait = engine().cut_portrait(&picture).unwrap();
    let size = super::decode::decode(&portrait).unwrap().pixels.dimensions();
    assert_eq!(size, (358, 441));
    let comparison = engine().compare(&specimen("p00").unwrap(), &portrait, &compare::specimen_bands()).unwrap();
    assert_eq!(comparison.band, Band::Same, "{}", comparison.score);
    assert!(matches!(engine().cut_portrait(&specimen("f12a_two_people").unwrap()), Err(PhotoError::NoSingleFace { found: 2 })));
}

#[test]
fn previews_fit_their_box() {
    let Some(picture) = specimen("p00") else { return };
    let small = super::decode::decode(&preview(&picture, 100, 1000, 80).unwrap()).unwrap().pixels;
    assert_eq!(small.dimensions(), (100, 133));
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn files_made_to_break_decoders_end_in_a_picture_or_a_clear_error() {
    let all: Vec<PathBuf> = ["malformed", "formats"].iter().flat_map(|name| files(&shared().join("photos").join(name))).collect();
    if all.is_empty() {
        left_out("no corpus of broken files in ../shared");
    }
    for path in all {
        let bytes = std::fs::read(&path).unwrap();
        match engine().standardize(&bytes, &Standard::default()) {
            Ok(_) => drop(without_location(&bytes)),
            Err(error) => assert!(!matches!(error, PhotoError::Inference { .. }), "{}: {error}", path.display()),
        }
        let _ = preview(&bytes, 64, 64, 80);
        let _ = engine().cut_portrait(&bytes);
    }
}

#[test]
fn bytes_changed_at_random_never_panic() {
    let Some(photo) = specimen("p00") else { return };
    let small = preview(&photo, 60, 80, 70).unwrap();
    let mut state = 99u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for _ in 0..600 {
        let mut bytes = small.clone();
        for _ in 0..1 + random(6) {
            let at = random(bytes.len());
            bytes[at] = random(256) as u8;
        }
        bytes.truncate(bytes.len() - random(bytes.len() / 4));
        let _ = super::decode::decode(&bytes);
        let _ = without_location(&bytes);
    }
}

#[test]
fn problems_have_texts_in_both_languages() {
    use crate::language::{Language, has_text};
    let problems = [
        PhotoError::Empty,
        PhotoError::FileTooLarge { limit_mb: 40 },
        PhotoError::NotAPicture,
        PhotoError::UnsupportedFormat { format: "GIF" },
        PhotoError::Heic,
        PhotoError::UnsupportedJpeg { kind: "12-bit" },
        PhotoError::Truncated,
        PhotoError::Damaged,
        PhotoError::TooManyPixels { limit: 100 },
        PhotoError::NoSingleFace { found: 0 },
        PhotoError::Inference { net: "x", message: String::new() },
    ];
    for problem in problems {
        for language in Language::ALL {
            assert!(has_text(language, &format!("problem.{}", problem.code())), "{} {}", language.tag(), problem.code());
        }
    }
}

/// The nets' runtime reads its number of threads once a process, so this test runs itself in processes of their own.
#[test]
fn the_same_photo_gives_the_same_bytes_on_any_number_of_threads() {
    const TO: &str = "ZHAOSHEN_TEST_BYTES_TO";
    if let Some(path) = std::env::var_os(TO) {
        let Some((jpeg, report)) = standardized("p11") else { return };
        std::fs::write(path, [jpeg, serde_json::to_vec(&report).unwrap()].concat()).unwrap();
        return;
    }
    if specimen("p11").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: &str| {
        let path = folder.path().join(threads);
        let name = "photo::tests::the_same_photo_gives_the_same_bytes_on_any_number_of_threads";
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let status = child.args([name, "--exact"]).env("RTEN_NUM_THREADS", threads).env(TO, &path).output().unwrap().status;
        assert!(status.success(), "with {threads} threads");
        std::fs::read(path).unwrap()
    };
    let alone = run("1");
    assert!(alone.starts_with(&[0xFF, 0xD8]));
    for threads in ["2", "3", "5"] {
        assert!(run(threads) == alone, "{threads} threads gave other bytes or another report");
    }
}

/// A few of the variants of `benches/variants.py`: the truth moves with the crop, and what is promised must hold against it.
#[test]
fn variants_of_a_specimen_hold_against_their_truth() {
    let (Some(folder), Some(photo)) = (specimen_folder(), specimen("p09")) else { return };
    let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("p09.json")).unwrap()).unwrap();
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let (hair, eyes) = (number(&truth["hair_top"]), (number(&truth["pupil_l"][1]) + number(&truth["pupil_r"][1])) / 2.0);
    let (eye_x, face_width) = ((number(&truth["pupil_l"][0]) + number(&truth["pupil_r"][0])) / 2.0, number(&truth["face_width"]));
    let pixels = super::decode::decode(&photo).unwrap().pixels;
    let (wide, high) = pixels.dimensions();
    let low = (eyes + 0.9 * face_width) as u32;
    // Left, top, right, bottom of the crop, its scale, and whether a crop of the standard exists in it.
    let cases = [
        ([0, 0, wide, high], 0.7, None),
        ([0, (hair - 20.0) as u32, wide, high], 1.0, None),
        ([0, 0, wide, high], 0.3, Some(Reason::TooSmall)),
        ([0, (hair + 0.2 * face_width) as u32, wide, high], 1.0, Some(Reason::CutOff)),
        ([0, 0, wide, low], 1.0, Some(Reason::CutOff)),
        ([(eye_x - 0.75 * face_width) as u32, 0, wide, high], 1.0, Some(Reason::CutOff)),
    ];
    for ([left, top, right, bottom], scale, refused) in cases {
        let part = image::imageops::crop_imm(&pixels, left, top, right - left, bottom - top).to_image();
        let side = |side: u32| (f64::from(side) * scale) as u32;
        let part = image::imageops::resize(&part, side(right - left), side(bottom - top), image::imageops::FilterType::CatmullRom);
        let mut png = std::io::Cursor::new(Vec::new());
        part.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let outcome = engine().standardize(&png.into_inner(), &Standard::default()).unwrap();
        match (outcome, refused) {
            (Outcome::Refused { reasons, .. }, Some(reason)) => assert!(reasons.contains(&reason), "{left} {top} {scale}: {reasons:?}"),
            (Outcome::Standardized { report, .. }, None) => {
                let (transform, geometry) = (report.transform.unwrap(), report.geometry.unwrap());
                let place = |value: f64, origin: u32, corner: f64| ((value - f64::from(origin)) * scale - corner) * transform.scale;
                let near = |measured: f64, true_value: f64, within: f64| {
                    assert!((measured - true_value).abs() <= within, "{left} {top} {scale}: {measured} for {true_value}");
                };
                near(geometry.hair_top, place(hair, top, transform.y), 5.0);
                near(geometry.eye_line, place(eyes, top, transform.y), 4.0);
                near(geometry.centre_x, place(eye_x, left, transform.x), 4.0);
                near(geometry.face_width, face_width * scale * transform.scale, 0.06 * geometry.face_width);
            }
            (outcome, _) => panic!("{left} {top} {right} {bottom} {scale}: {outcome:?}"),
        }
    }
}
