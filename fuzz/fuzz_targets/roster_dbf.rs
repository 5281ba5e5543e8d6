//! Any bytes as a DBF: with a mark of their own, and below a sound header.
#![no_main]

use zhaoshen::{
    backend::roster::{Reading, Remembered, give_back, parse},
    language::Language,
};

/// XH C4, FY C4, CSRQ D8, BH N6, one record.
const HEADER: &[u8] = include_bytes!("../seeds/header.dbf");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (given, remembered) = (Default::default(), Remembered::new());
    let reading = Reading { kind: Default::default(), given: &given, remembered: &remembered };
    let marked = [&[0x03], bytes].concat();
    let records = bytes.len() / usize::from(HEADER[10]);
    let mut headed = [HEADER, bytes].concat();
    headed[4..8].copy_from_slice(&(records as u32).to_le_bytes());
    for file in [bytes, &marked, &headed] {
        let Ok(roster) = parse(file, &reading) else { continue };
        give_back(file, &reading, &roster.errors, Language::Chinese, None).expect("what was read can be given back");
    }
});
