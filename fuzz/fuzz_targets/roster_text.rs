//! Any bytes as a roster of text: read or refused, and given back so that it reads the same.
#![no_main]

use zhaoshen::{
    backend::roster::{Format, Reading, Remembered, give_back, parse},
    language::Language,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (given, remembered) = (Default::default(), Remembered::new());
    let reading = Reading { kind: Default::default(), given: &given, remembered: &remembered };
    let text = [b"XH,XM,SFZH,FY,SJ\n", bytes].concat();
    for file in [bytes, &text] {
        let Ok(roster) = parse(file, &reading) else { continue };
        assert!(roster.rows.len() <= roster.total as usize);
        let back = give_back(file, &reading, &roster.errors, Language::Chinese, Some(Format::Csv)).expect("what was read can be given back");
        let again = parse(&back, &reading).expect("and read again");
        assert_eq!((roster.rows, roster.errors, roster.total), (again.rows, again.errors, again.total));
    }
});
