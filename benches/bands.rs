//! How well the comparison parts people: labelled pairs of real faces, clean and with one side as an ID portrait is.
//!
//! `cargo bench --no-default-features --bench bands` prints the tables of docs/comparison.md. The pictures lie in `../shared/photos`
//! (or `$ZHAOSHEN_SHARED/photos`) and are never part of this tree; without them only the specimens are measured.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage, imageops};
use zhaoshen::photo::{Engine, FaceVector, compare};

/// Faces 207 wide in a portrait of 358 (GA 461).
const FACE: f64 = 207.0 / 358.0;

/// A labelled picture: as it is, and as an ID portrait with a face of 64 and of 48 pixels.
struct Picture {
    person: String,
    clean: FaceVector,
    degraded: [Option<FaceVector>; 2],
}

fn shared() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("ZHAOSHEN_SHARED").map_or_else(beside, PathBuf::from).join("photos")
}

/// Who is shown, from the column of subjects or from a name that says so; `None` where nobody says.
fn subject(file: &str, column: &str) -> Option<String> {
    const NAMED: [(&str, &str); 7] = [
        ("test_alex_lacamoire1", "alex_lacamoire"),
        ("test_johnsnow", "kit_harington"),
        ("test_obama1", "obama"),
        ("test_images_obama3", "obama"),
        ("Rob_Lowe", "rob_lowe"),
        ("Nathalie_Baye", "nathalie_baye"),
        ("bulk_yifei", "yifei"),
    ];
    if !column.is_empty() {
        return Some(column.to_owned());
    }
    if let Some((_, person)) = NAMED.iter().find(|(part, _)| file.contains(part)) {
        return Some((*person).to_owned());
    }
    // Sitters of whom nobody says whether two of them are one: each counts against the labelled ones only.
    file.starts_with("portraits/").then(|| format!("?{file}"))
}

/// The portrait of a picture as ID portraits come: `face` pixels wide, blurred, half its colour gone, JPEG of quality 40.
fn degraded(engine: &Engine, picture: &[u8], face: f64) -> Option<FaceVector> {
    let portrait = image::load_from_memory(&engine.cut_portrait(picture).ok()?).ok()?.into_rgb8();
    let scale = face / (f64::from(portrait.width()) * FACE);
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let small = imageops::resize(&portrait, side(portrait.width()), side(portrait.height()), imageops::FilterType::Triangle);
    let mut blurred: RgbImage = imageops::blur(&small, 0.7);
    for pixel in blurred.pixels_mut() {
        let grey = pixel.0.iter().map(|c| u32::from(*c)).sum::<u32>() / 3;
        // A grey veil, slightly green as cards are.
        *pixel = Rgb([0, 1, 2].map(|c| ((u32::from(pixel.0[c]) + grey) * 2 / 5 + [30, 34, 30][c]).min(255) as u8));
    }
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 40).encode_image(&blurred).ok()?;
    engine.face_vector(&jpeg).ok()
}

fn load(engine: &Engine) -> Vec<Picture> {
    let folder = shared();
    let Ok(table) = std::fs::read_to_string(folder.join("PROVENANCE.tsv")) else { return Vec::new() };
    let mut pictures = Vec::new();
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (Some(file), Some(column)) = (cells.first(), cells.get(5)) else { continue };
        if !(file.starts_with("face_pairs/") || file.starts_with("portraits/")) {
            continue;
        }
        let (Some(person), Ok(bytes)) = (subject(file, column), std::fs::read(folder.join(file))) else { continue };
        let Ok(clean) = engine.face_vector(&bytes) else { continue };
        pictures.push(Picture { person, clean, degraded: [64.0, 48.0].map(|face| degraded(engine, &bytes, face)) });
    }
    pictures
}

fn main() {
    let engine = Engine::new().expect("the weights load");
    let pictures = load(&engine);
    if pictures.is_empty() {
        println!("left out: no labelled pictures in ../shared/photos");
    } else {
        people(&pictures);
    }
    specimens(&engine);
}

fn people(pictures: &[Picture]) {
    let labelled: Vec<&Picture> = pictures.iter().filter(|picture| !picture.person.starts_with('?')).collect();
    let persons: BTreeSet<&str> = labelled.iter().map(|picture| picture.person.as_str()).collect();
    println!(
        "{} labelled pictures of {} people, {} sitters more as impostors\n",
        labelled.len(),
        persons.len(),
        pictures.len() - labelled.len()
    );
    println!("| pairs | n | mean | least | 5 % | median | 95 % | most | same | doubtful | different |");
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for (name, grade) in [("clean", None), ("64 px", Some(0)), ("48 px", Some(1))] {
        let side = |picture: &'_ Picture| -> bool { grade.is_none_or(|grade: usize| picture.degraded[grade].is_some()) };
        let (mut genuine, mut impostors, mut alike, mut own) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (i, a) in pictures.iter().enumerate() {
            for (j, b) in pictures.iter().enumerate() {
                let both_unknown = a.person.starts_with('?') && b.person.starts_with('?');
                // Clean pairs have no sides; degraded ones count once for each side.
                if !side(b) || both_unknown && i != j || grade.is_none() && j <= i {
                    continue;
                }
                let Some(b_vector) = grade.map_or(Some(&b.clean), |grade| b.degraded[grade].as_ref()) else { continue };
                let score = a.clean.score(b_vector);
                if i == j {
                    own.push(score);
                    alike.push((true, a.clean.likeness(b_vector)));
                } else if a.person == b.person {
                    genuine.push(score);
                    alike.push((false, a.clean.likeness(b_vector)));
                } else {
                    impostors.push(score);
                }
            }
        }
        row(&format!("genuine, {name}"), genuine);
        row(&format!("impostors, {name}"), impostors);
        if !own.is_empty() {
            row(&format!("the same picture, {name}"), own);
        }
        let of = |own: bool| alike.iter().filter(|(same, _)| *same == own).map(|(_, likeness)| *likeness).collect::<Vec<_>>();
        row(&format!("likeness, another picture, {name}"), of(false));
        if of(true).len() > 1 {
            row(&format!("likeness, the same picture, {name}"), of(true));
        }
    }
    println!();
}

/// One line of the table; shares at the default bands with the 95 % bounds of Clopper and Pearson.
fn row(name: &str, mut scores: Vec<f64>) {
    let bands = compare::default_bands();
    scores.sort_by(f64::total_cmp);
    let n = scores.len();
    if n == 0 {
        return;
    }
    let at = |part: f64| scores[((n - 1) as f64 * part).round() as usize];
    let share = |pick: &dyn Fn(f64) -> bool| {
        let count = scores.iter().filter(|score| pick(**score)).count();
        let (low, high) = bounds(count, n);
        format!("{count} ({:.1} %: {:.1}–{:.1})", 100.0 * count as f64 / n as f64, 100.0 * low, 100.0 * high)
    };
    println!(
        "| {name} | {n} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {} | {} | {} |",
        scores.iter().sum::<f64>() / n as f64,
        at(0.0),
        at(0.05),
        at(0.5),
        at(0.95),
        at(1.0),
        share(&|score| score >= bands.same),
        share(&|score| (bands.doubtful..bands.same).contains(&score)),
        share(&|score| score < bands.doubtful),
    );
}

/// The 95 % bounds of a share, after Clopper and Pearson, by halving.
fn bounds(count: usize, n: usize) -> (f64, f64) {
    // Probability of at most `count` of `n` when each has probability `p`.
    let at_most = |count: usize, p: f64| {
        let (mut sum, mut log) = (0.0, n as f64 * (1.0 - p).ln());
        for k in 0..=count {
            sum += log.exp();
            log += ((n - k) as f64 / (k + 1) as f64).ln() + (p / (1.0 - p)).ln();
        }
        sum
    };
    let solve = |above: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (1e-12, 1.0 - 1e-12);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if above(middle) { high = middle } else { low = middle }
        }
        (low + high) / 2.0
    };
    let low = if count == 0 { 0.0 } else { solve(&|p| 1.0 - at_most(count - 1, p) > 0.025) };
    let high = if count == n { 1.0 } else { solve(&|p| at_most(count, p) < 0.025) };
    (low, high)
}

fn specimens(engine: &Engine) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/specimens");
    let vector = |name: String| engine.face_vector(&std::fs::read(folder.join(name)).ok()?).ok();
    let people: Vec<_> =
        (0..32).filter_map(|n| Some((vector(format!("p{n:02}.jpg"))?, vector(format!("p{n:02}_portrait.jpg"))?))).collect();
    let bands = compare::specimen_bands();
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for (i, (photo, _)) in people.iter().enumerate() {
        for (j, (_, portrait)) in people.iter().enumerate() {
            if i == j { own.push(photo.score(portrait)) } else { others.push(photo.score(portrait)) }
        }
    }
    let ends = |scores: &[f64]| scores.iter().fold((f64::MAX, f64::MIN), |(low, high), score| (low.min(*score), high.max(*score)));
    println!(
        "specimens: {} people; own {:?}, others {:?}; bands {} / {}",
        people.len(),
        ends(&own),
        ends(&others),
        bands.same,
        bands.doubtful
    );
}
