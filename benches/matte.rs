//! Writes mattes of crops, one folder for each way the engine knows, and prints what each cost.
//!   cargo bench --no-default-features --bench matte -- CROPS OUT        every CROPS/NAME.png but NAME_alpha.png → OUT/WAY/NAME.png
//! A line a picture and way: way, name, milliseconds, confidence, whether the finer net was asked. `benches/matte.py` scores what it writes.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use zhaoshen::photo::matte_trial::{Way, matte, new_nets};

fn main() -> Result<(), Box<dyn Error>> {
    let folders: Vec<PathBuf> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).map(PathBuf::from).collect();
    let [crops, out] = folders.as_slice() else {
        eprintln!("skipped: cargo bench --bench matte -- CROPS OUT");
        return Ok(());
    };
    let nets = new_nets();
    for way in Way::ALL {
        let folder = out.join(format!("{way:?}").to_lowercase());
        std::fs::create_dir_all(&folder)?;
        for path in pictures(crops)? {
            let crop = image::open(&path)?.into_rgb8();
            let name = path.file_name().unwrap_or_default();
            let start = Instant::now();
            let trial = matte(&nets, &crop, f64::from(crop.height()), way)?;
            let ms = start.elapsed().as_secs_f64() * 1000.0;
            trial.alpha.save(folder.join(name))?;
            let (way, name) = (folder.file_name().unwrap_or_default().to_string_lossy(), name.to_string_lossy());
            println!("{way}\t{name}\t{ms:.1}\t{:.3}\t{}", trial.confidence, trial.second_look);
        }
    }
    Ok(())
}

fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    found.retain(|path| path.extension().is_some_and(|end| end == "png") && !path.to_string_lossy().ends_with("_alpha.png"));
    found.sort();
    Ok(found)
}
