//! Where the time of a photo goes, step by step, on one thread of the nets: the table of `docs/performance.md`.
//!
//!   RTEN_NUM_THREADS=1 cargo bench --no-default-features --bench steps [-- FILE…]
//!
//! Without files: the specimens. Each photo is done three times, after one for loading the nets; the fastest counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zhaoshen::photo::{Engine, Outcome, Standard, Step};

const ROUNDS: usize = 3;

fn main() {
    let mut files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).filter(|path| path.is_file()).collect();
    if files.is_empty() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/specimens");
        files = (0..32).map(|person| folder.join(format!("p{person:02}.jpg"))).collect();
    }
    let (engine, standard) = (Engine::new().expect("the weights are embedded"), Standard::default());
    let mut steps: BTreeMap<Step, Vec<Duration>> = BTreeMap::new();
    let (mut finished, mut loaded) = (0, false);
    for path in &files {
        let Ok(bytes) = std::fs::read(path) else { continue };
        let mut fastest: BTreeMap<Step, Duration> = BTreeMap::new();
        let mut done = false;
        for round in 0..ROUNDS + usize::from(!loaded) {
            let mut since = Instant::now();
            let mut took = BTreeMap::new();
            let outcome = engine.standardize_in_steps(&bytes, &standard, &mut |step| {
                took.insert(step, since.elapsed());
                since = Instant::now();
            });
            done = matches!(outcome, Ok(Outcome::Standardized { .. }));
            if loaded || round > 0 {
                for (step, time) in took {
                    let best = fastest.entry(step).or_insert(time);
                    *best = time.min(*best);
                }
            }
        }
        loaded = true;
        if done {
            finished += 1;
            for (step, time) in fastest {
                steps.entry(step).or_default().push(time);
            }
        }
    }
    let mean = |times: &[Duration]| times.iter().sum::<Duration>().as_secs_f64() * 1000.0 / times.len().max(1) as f64;
    let whole: f64 = steps.values().map(|times| mean(times)).sum();
    println!("{finished} of {} photos finished, {whole:.0} ms each", files.len());
    for (step, times) in &steps {
        println!("{:<13} {:>6.1} ms {:>4.0} %", format!("{step:?}"), mean(times), 100.0 * mean(times) / whole);
    }
}
