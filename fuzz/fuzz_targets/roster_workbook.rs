//! Any bytes as a workbook, as a zip, and as the sheet of a sound workbook: read or refused within the limits.
#![no_main]

use std::io::{Cursor, Read, Write};
use std::sync::OnceLock;

use zhaoshen::backend::roster::{Reading, Remembered, parse};

/// The parts of a sound workbook.
fn parts() -> &'static [(String, Vec<u8>)] {
    static PARTS: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    PARTS.get_or_init(|| {
        let mut archive = zip::ZipArchive::new(Cursor::new(include_bytes!("../seeds/roster.xlsx"))).expect("sound");
        (0..archive.len())
            .map(|index| {
                let mut entry = archive.by_index(index).expect("sound");
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).expect("sound");
                (entry.name().expect("a name").into_owned(), bytes)
            })
            .collect()
    })
}

/// The sound workbook with one part in place of its own, not packed, so that it costs nothing.
fn with_part(part: &str, bytes: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, own) in parts() {
        writer.start_file(name.as_str(), options).expect("in memory");
        writer.write_all(if name == part { bytes } else { own }).expect("in memory");
    }
    writer.finish().expect("in memory").into_inner()
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (given, remembered) = (Default::default(), Remembered::new());
    let reading = Reading { kind: Default::default(), given: &given, remembered: &remembered };
    let file = match bytes {
        [0, rest @ ..] => with_part("xl/worksheets/sheet1.xml", rest),
        [1, rest @ ..] => with_part("xl/sharedStrings.xml", rest),
        [2, rest @ ..] => with_part("xl/workbook.xml", rest),
        [3, rest @ ..] => with_part("xl/styles.xml", rest),
        [4, rest @ ..] => [b"PK\x03\x04", rest].concat(),
        _ => bytes.to_vec(),
    };
    let _ = parse(&file, &reading);
});
