//! How surely `verify` finds edits, by kind and strength, and how quiet it is about honest pictures: the table of `docs/proof.md`.
//!
//! Photos are the specimens, and the portraits of a shared folder (`ZHAOSHEN_SHARED`, else `../shared`) where there is one. Each is
//! standardized; then honest variants and edited ones are verified against the source.
//!   cargo bench --no-default-features --bench proof [-- MOST_SPECIMENS]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use zhaoshen::domain::report::Report;
use zhaoshen::photo::{Engine, Outcome, ProofVerdict, Standard};

#[path = "../src/photo/proof/edits.rs"]
mod edits;

use edits::Aim;

/// What was seen of one kind and strength.
#[derive(Default)]
struct Row {
    tried: usize,
    /// Said to be as it is: honest as honest, edited with the right code.
    right: usize,
    any: usize,
    codes: BTreeMap<&'static str, usize>,
    worst: Vec<[f64; 7]>,
}

type Rows = Mutex<BTreeMap<String, Row>>;

/// A photo with its finished picture.
struct Case {
    source: Vec<u8>,
    jpeg: Vec<u8>,
    report: Report,
}

fn main() {
    let most: usize = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(32);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("ZHAOSHEN_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let specimens: Vec<PathBuf> = (0..32).map(|n| root.join(format!("assets/specimens/p{n:02}.jpg"))).take(most).collect();
    let mut people: Vec<PathBuf> = ["portraits", "face_pairs"]
        .iter()
        .filter_map(|folder| std::fs::read_dir(shared.join("photos").join(folder)).ok())
        .flat_map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())))
        .collect();
    people.sort();
    if people.is_empty() {
        println!("skipped: no portraits in ../shared");
    }
    let engine = Engine::new().expect("the weights are embedded");
    for (name, files) in [("specimens", specimens), ("people", people)] {
        let standard = Standard::default();
        let cases: Vec<Case> = files
            .iter()
            .filter_map(|path| {
                let source = std::fs::read(path).ok()?;
                match engine.standardize(&source, &standard).ok()? {
                    Outcome::Standardized { jpeg, report } => Some(Case { source, jpeg, report }),
                    Outcome::Refused { .. } => None,
                }
            })
            .collect();
        println!("\n{name}: {} of {} photos standardized", cases.len(), files.len());
        let rows = Rows::default();
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                honest(&engine, case, &rows);
                edited(&engine, case, &rows);
                // The next one by name may show the same person; none of these sets has the same one half a set further.
                let at = cases.iter().position(|other| std::ptr::eq(other, case)).expect("it is one of them");
                let other = &cases[(at + cases.len() / 2) % cases.len()];
                try_one(&engine, &rows, "other person", "not_this_source", &case.jpeg, &other.source);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(work);
            }
        });
        print(&rows.lock().expect("no thread panicked"));
    }
}

fn honest(engine: &Engine, case: &Case, rows: &Rows) {
    try_one(engine, rows, "honest: as written", "", &case.jpeg, &case.source);
    let toml = include_str!("../assets/standards/chsi-blue.toml");
    let small = toml
        .replace("min_bytes = 30720", "min_bytes = 14000")
        .replace("max_bytes = 40000", "max_bytes = 18000")
        .replace("min_quality = 60", "min_quality = 30");
    let others = [
        ("honest: 14-18 KB", Standard::from_toml(&small).expect("the standard with other bytes")),
        ("honest: chsi-white", Standard::builtin("chsi-white").expect("a built-in standard")),
    ];
    for (name, standard) in others {
        if let Ok(Outcome::Standardized { jpeg, .. }) = engine.standardize(&case.source, &standard) {
            try_one(engine, rows, name, "", &jpeg, &case.source);
        }
    }
    let pixels = picture(&case.jpeg);
    for (quality, sampling, word) in [(85, SamplingFactor::R_4_2_0, "q85 4:2:0"), (70, SamplingFactor::R_4_4_4, "q70 4:4:4")] {
        let again = jpeg(&pixels, quality, sampling);
        try_one(engine, rows, &format!("honest: compressed again {word}"), "", &again, &case.source);
    }
}

fn edited(engine: &Engine, case: &Case, rows: &Rows) {
    let Some(geometry) = case.report.geometry else { return };
    let (middle, eyes, face_width) = (geometry.centre_x, geometry.eye_line, geometry.face_width);
    let aim = |x: f64, y: f64| Aim { x: middle + x * face_width, y: eyes + y * face_width, face_width };
    let (face, jaw, eye, cheek) = (aim(0.0, 0.25), aim(-0.38, 0.5), aim(-0.23, 0.0), aim(0.22, 0.32));
    let pixels = picture(&case.jpeg);
    let edit = |name: String, code: &str, changed: &RgbImage| {
        try_one(engine, rows, &name, code, &jpeg(changed, 92, SamplingFactor::R_4_4_4), &case.source);
    };
    edit("mirrored".into(), "mirrored", &edits::mirrored(&pixels));
    for degrees in [0.2, 0.5, -1.5] {
        edit(format!("rotated {degrees:>4} deg"), "rotated", &edits::rotated(&pixels, degrees));
    }
    for shift in [1.0, 2.0, 4.0] {
        edit(format!("jaw pushed {shift} px"), "warped", &edits::pushed(&pixels, jaw, shift));
    }
    for part in [0.08, 0.15] {
        edit(format!("eye enlarged {part:.2}"), "warped", &edits::enlarged(&pixels, eye, part));
    }
    for strength in [0.5, 1.0] {
        edit(format!("skin smoothed {strength:.1}"), "smoothed", &edits::smoothed(&pixels, face, strength));
    }
    for levels in [4.0, 8.0] {
        edit(format!("brightened {levels}"), "recoloured", &edits::brightened(&pixels, face, levels));
    }
    edit("tinted 6".into(), "recoloured", &edits::tinted(&pixels, face, 6.0));
    for levels in [10.0, 25.0] {
        edit(format!("spot 3 px {levels}"), "retouched", &edits::spotted(&pixels, cheek, 3.0, levels));
    }
    for strength in [1.0, 2.0] {
        edit(format!("sharpened {strength:.1}"), "sharpened", &edits::sharpened(&pixels, strength));
    }
    // A mole that the source has and the finished picture lost.
    if let (Some(transform), Ok(source)) = (case.report.transform, image::load_from_memory(&case.source)) {
        let source = source.into_rgb8();
        // Orientation is not applied here: photos that have one are left out.
        if (source.width(), source.height()) == (case.report.source.width, case.report.source.height) && case.report.source.orientation == 1
        {
            let place = |value: f64, start: f64| value / transform.scale + start;
            let there = Aim { x: place(cheek.x, transform.x), y: place(cheek.y, transform.y), face_width };
            for levels in [15.0, 30.0] {
                let with_mole = jpeg(&edits::spotted(&source, there, 3.0 / transform.scale, levels), 97, SamplingFactor::R_4_4_4);
                try_one(engine, rows, &format!("mole removed 3 px {levels}"), "retouched", &case.jpeg, &with_mole);
            }
        }
    }
}

fn try_one(engine: &Engine, rows: &Rows, name: &str, code: &str, finished: &[u8], source: &[u8]) {
    let proof = engine.verify(finished, source);
    let mut rows = rows.lock().expect("no thread panicked");
    let row = rows.entry(name.to_owned()).or_default();
    row.tried += 1;
    let Ok(proof) = proof else {
        *row.codes.entry("no face").or_default() += 1;
        return;
    };
    let found = |code: &str| proof.findings.iter().any(|finding| finding.code.code() == code);
    row.right += usize::from(if code.is_empty() { proof.verdict == ProofVerdict::Ok } else { found(code) });
    row.any += usize::from(proof.verdict != ProofVerdict::Ok);
    for finding in &proof.findings {
        *row.codes.entry(finding.code.code()).or_default() += 1;
    }
    let m = proof.measures;
    row.worst.push([m.likeness, m.rotation_deg.abs(), m.warp, m.tone, m.spot, m.detail_least, m.detail_most]);
}

fn print(rows: &BTreeMap<String, Row>) {
    println!(
        "kind and strength              n right   any   likeness   rotation       warp       tone       spot  least det.   most det.  codes"
    );
    for (name, row) in rows {
        let spread = |index: usize| {
            let mut values: Vec<f64> = row.worst.iter().map(|measures| measures[index]).collect();
            values.sort_by(f64::total_cmp);
            let at = |part: f64| values.get(((values.len().max(1) - 1) as f64 * part) as usize).copied().unwrap_or(f64::NAN);
            format!("{:.2}-{:.2}", at(0.0), at(1.0))
        };
        let columns: Vec<String> = (0..7).map(|index| format!("{:>11}", spread(index))).collect();
        println!("{name:<28} {:>3} {:>5} {:>5} {} {:?}", row.tried, row.right, row.any, columns.join(""), row.codes);
    }
}

fn picture(jpeg: &[u8]) -> RgbImage {
    image::load_from_memory(jpeg).expect("the engine writes pictures").into_rgb8()
}

fn jpeg(picture: &RgbImage, quality: u8, sampling: SamplingFactor) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(sampling);
    let side = |side: u32| u16::try_from(side).expect("sides of a photo");
    encoder.encode(picture.as_raw(), side(picture.width()), side(picture.height()), ColorType::Rgb).expect("memory does not fail");
    bytes
}
