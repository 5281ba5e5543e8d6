//! Any text as a place in a list or in the stream of events: none, or one that is written as it was read.
#![no_main]

use zhaoshen::backend::store::{cursor::Cursor, live::Position};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string(), text);
    }
    if let Ok(position) = text.parse::<Position>() {
        assert!(position.to_string().parse::<Position>().is_ok_and(|again| again == position));
    }
});
