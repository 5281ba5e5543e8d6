//! Every check on whole pictures: a specimen's finished photo passes, and the same photo with one fault painted into it fails that check.

use std::path::Path;
use std::sync::OnceLock;

use image::{Rgb, RgbImage};

use crate::domain::check::{CheckId, Region, Verdict};
use crate::domain::report::Report;
use crate::photo::{Engine, Outcome, Stage, Standard, decode};

struct Bench {
    engine: Engine,
    /// Specimen 04, finished: no glasses, short hair, a dark suit.
    finished: RgbImage,
    eyes: [(f64, f64); 2],
    face: Region,
}

fn specimen(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/specimens").join(format!("{name}.jpg"));
    std::fs::read(path).unwrap()
}

fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let engine = Engine::new().unwrap();
        let Outcome::Standardized { jpeg, .. } = engine.standardize(&specimen("p04"), &Standard::default()).unwrap() else {
            panic!("the specimen was refused")
        };
        let finished = decode::decode(&jpeg).unwrap().pixels;
        let report = engine.check(&jpeg, Stage::Result, &Standard::default()).unwrap();
        let region = |id: CheckId| check(&report, id).region.unwrap();
        let eyes = region(CheckId::TintedGlasses);
        let (reach, row) = (eyes.width / 1.7 * 0.35, eyes.y + eyes.height / 2.0);
        Bench { engine, finished, eyes: [(eyes.x + reach, row), (eyes.x + eyes.width - reach, row)], face: region(CheckId::Blur) }
    })
}

fn check(report: &Report, id: CheckId) -> &crate::domain::check::Check {
    report.checks.iter().find(|check| check.id == id).unwrap()
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

/// The verdict on the finished picture with every pixel passed through `paint`.
fn painted(id: CheckId, paint: impl Fn(u32, u32, [u8; 3]) -> [u8; 3]) -> Verdict {
    let bench = bench();
    let mut picture = bench.finished.clone();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        *pixel = Rgb(paint(x, y, pixel.0));
    }
    let report = bench.engine.check(&png(&picture), Stage::Result, &Standard::default()).unwrap();
    check(&report, id).verdict
}

fn passes_untouched(id: CheckId) {
    assert_eq!(painted(id, |_, _, pixel| pixel), Verdict::Pass, "{} untouched", id.code());
}

/// Distance from the nearer eye in parts of the face's width.
fn from_eyes(x: u32, y: u32) -> f64 {
    let bench = bench();
    let away = |(ex, ey): (f64, f64)| (f64::from(x) + 0.5 - ex).hypot(f64::from(y) + 0.5 - ey);
    bench.eyes.map(away).into_iter().fold(f64::MAX, f64::min) / bench.face.width
}

fn scaled(pixel: [u8; 3], by: [f64; 3]) -> [u8; 3] {
    std::array::from_fn(|channel| (f64::from(pixel[channel]) * by[channel]).min(255.0) as u8)
}

#[test]
fn an_untouched_specimen_passes_every_check_of_the_person() {
    let bench = bench();
    let report = bench.engine.check(&png(&bench.finished), Stage::Result, &Standard::default()).unwrap();
    let of_the_file = [CheckId::FileBytes, CheckId::Density];
    let bad: Vec<_> = report.checks.iter().filter(|check| check.verdict != Verdict::Pass && !of_the_file.contains(&check.id)).collect();
    assert!(bad.is_empty(), "{bad:?}");
    assert_eq!(check(&report, CheckId::FileBytes).verdict, Verdict::Fail);
    assert_eq!(check(&report, CheckId::Density).verdict, Verdict::Unknown);
}

#[test]
fn too_much_and_too_little_light_fail() {
    assert_eq!(painted(CheckId::Overexposed, |_, _, pixel| scaled(pixel, [1.7; 3])), Verdict::Fail);
    assert_eq!(painted(CheckId::Underexposed, |_, _, pixel| scaled(pixel, [0.4; 3])), Verdict::Fail);
}

#[test]
fn dark_skin_in_good_light_is_not_underexposed() {
    let face = bench().face;
    let dark = |x: u32, y: u32, pixel| {
        let (u, v) = ((f64::from(x) - face.x) / face.width - 0.5, (f64::from(y) - face.y) / face.height - 0.5);
        if u.hypot(v) < 0.5 && from_eyes(x, y) > 0.08 { scaled(pixel, [0.5, 0.42, 0.38]) } else { pixel }
    };
    assert_ne!(painted(CheckId::Underexposed, dark), Verdict::Fail);
}

#[test]
fn light_from_one_side_fails() {
    passes_untouched(CheckId::UnevenLight);
    let middle = (bench().eyes[0].0 + bench().eyes[1].0) / 2.0;
    let half = |x: u32, _, pixel| if f64::from(x) < middle { scaled(pixel, [0.4; 3]) } else { pixel };
    assert_eq!(painted(CheckId::UnevenLight, half), Verdict::Fail);
}

#[test]
fn coloured_light_fails_whatever_its_colour() {
    for light in [[1.0, 0.95, 0.5], [0.75, 0.95, 1.15], [0.75, 1.0, 0.7], [1.05, 0.7, 1.05]] {
        assert_eq!(painted(CheckId::ColourCast, |_, _, pixel| scaled(pixel, light)), Verdict::Fail, "{light:?}");
    }
}

#[test]
fn a_grey_picture_fails_as_grey_and_has_no_cast() {
    let grey = |_, _, pixel| [crate::photo::raster::luma(pixel) as u8; 3];
    assert_eq!(painted(CheckId::Greyscale, grey), Verdict::Fail);
    assert_eq!(painted(CheckId::ColourCast, grey), Verdict::Unknown);
}

#[test]
fn blocks_warn() {
    let finished = &bench().finished;
    // A block's middle with a little of what was in it: wholly flat blocks would leave no steps to compare with.
    let block = |x: u32, y: u32, pixel: [u8; 3]| {
        let middle = finished.get_pixel(x / 8 * 8 + 4, y / 8 * 8 + 4).0;
        std::array::from_fn(|channel| ((3 * u32::from(middle[channel]) + u32::from(pixel[channel])) / 4) as u8)
    };
    assert_eq!(painted(CheckId::Compression, block), Verdict::Warn);
}

#[test]
fn a_soft_picture_fails() {
    let finished = &bench().finished;
    let soft = |x: u32, y: u32, _| {
        let around = |at: u32, limit: u32| at.saturating_sub(4)..(at + 5).min(limit);
        let near: Vec<[u8; 3]> = around(y, 640).flat_map(|v| around(x, 480).map(move |u| finished.get_pixel(u, v).0)).collect();
        std::array::from_fn(|channel| (near.iter().map(|p| u32::from(p[channel])).sum::<u32>() / near.len() as u32) as u8)
    };
    assert_eq!(painted(CheckId::Blur, soft), Verdict::Fail);
}

#[test]
fn red_pupils_fail() {
    let red = |x, y, pixel| if from_eyes(x, y) < 0.032 { [190, 30, 45] } else { pixel };
    assert_eq!(painted(CheckId::RedEye, red), Verdict::Fail);
}

#[test]
fn dark_lenses_fail_and_hide_the_eyes() {
    let lens = |x, y, pixel| if from_eyes(x, y) < 0.2 { scaled(pixel, [0.35; 3]) } else { pixel };
    assert_eq!(painted(CheckId::TintedGlasses, lens), Verdict::Fail);
    for hidden in [CheckId::EyesOpen, CheckId::RedEye] {
        assert_eq!(painted(hidden, lens), Verdict::Unknown);
    }
}

#[test]
fn glare_before_the_eyes_fails() {
    let eye = bench().eyes[0];
    let lamp = |x: u32, y: u32, pixel| {
        let away = (f64::from(x) - eye.0 - 18.0).hypot(f64::from(y) - eye.1);
        if away < 16.0 { [252; 3] } else { pixel }
    };
    assert_eq!(painted(CheckId::GlassesGlare, lamp), Verdict::Fail);
}

#[test]
fn slanting_shoulders_fail() {
    let (finished, face) = (&bench().finished, bench().face);
    let chin = face.y + face.height;
    let slant = |x: u32, y: u32, pixel| {
        let row = f64::from(y) - 0.25 * (f64::from(x) - 240.0);
        if f64::from(y) < chin + 30.0 { pixel } else { finished.get_pixel(x, row.clamp(chin + 30.0, 639.0) as u32).0 }
    };
    assert_eq!(painted(CheckId::Shoulders, slant), Verdict::Fail);
}

#[test]
fn a_frame_fails() {
    let frame = |x: u32, y: u32, pixel| if x.min(479 - x).min(y).min(639 - y) < 6 { [200, 20, 30] } else { pixel };
    assert_eq!(painted(CheckId::Frame, frame), Verdict::Fail);
}

#[test]
fn the_dots_of_a_screen_fail() {
    let dots = |x: u32, y: u32, pixel| {
        let (u, v) = (f64::from(x), f64::from(y));
        scaled(pixel, [1.0 + 0.05 * (1.9 * u + 0.6 * v).cos() + 0.05 * (1.9 * v - 0.6 * u).cos(); 3])
    };
    assert_eq!(painted(CheckId::Rephotographed, dots), Verdict::Fail);
}

#[test]
fn a_ring_of_old_wall_fails_and_a_background_off_its_colour_warns() {
    let finished = &bench().finished;
    let blue = |x: i64, y: i64| {
        let pixel = finished.get_pixel(x.clamp(0, 479) as u32, y.clamp(0, 639) as u32).0;
        pixel.iter().zip([100u8, 197, 255]).all(|(a, b)| a.abs_diff(b) < 24)
    };
    let ring = |x: u32, y: u32, pixel| {
        let (u, v) = (i64::from(x), i64::from(y));
        let near_person =
            [(-4, 0), (4, 0), (0, -4), (0, 4), (-3, -3), (3, 3), (-3, 3), (3, -3)].iter().any(|(dx, dy)| !blue(u + dx, v + dy));
        if blue(u, v) && near_person { [226, 222, 214] } else { pixel }
    };
    assert_eq!(painted(CheckId::MatteEdge, ring), Verdict::Fail);
    passes_untouched(CheckId::Background);
    let shifted =
        |x: u32, y: u32, pixel: [u8; 3]| if blue(i64::from(x), i64::from(y)) { [pixel[0] + 11, pixel[1], pixel[2]] } else { pixel };
    assert_eq!(painted(CheckId::Background, shifted), Verdict::Warn);
}

#[test]
fn another_size_fails() {
    let small = image::imageops::resize(&bench().finished, 240, 320, image::imageops::FilterType::Triangle);
    let report = bench().engine.check(&png(&small), Stage::Result, &Standard::default()).unwrap();
    assert_eq!(check(&report, CheckId::PictureSize).verdict, Verdict::Fail);
    assert_eq!(check(&report, CheckId::Rephotographed).verdict, Verdict::Unknown);
}

#[test]
fn a_cupboard_on_the_wall_warns() {
    let source = decode::decode(&specimen("p04")).unwrap().pixels;
    let engine = &bench().engine;
    let verdict = |picture: &RgbImage| {
        check(&engine.check(&png(picture), Stage::Source, &Standard::default()).unwrap(), CheckId::SourceBackground).verdict
    };
    assert_eq!(verdict(&source), Verdict::Pass);
    let mut busy = source;
    for (x, y, pixel) in busy.enumerate_pixels_mut() {
        if x < 210 && y < 620 {
            *pixel = Rgb([110, 70, 40]);
        }
    }
    assert_eq!(verdict(&busy), Verdict::Warn);
}

#[test]
fn what_is_no_number_is_unknown() {
    assert_eq!(super::judge(&Standard::default(), CheckId::Blur, f64::NAN).verdict, Verdict::Unknown);
}
