//! Any text as an ID number: what is read back is read the same, and nothing but `reveal` shows it whole.
#![no_main]

use zhaoshen::domain::resident_id::{ResidentId, mask_name, mask_number, mask_phone};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = (mask_number(text), mask_name(text), mask_phone(text));
    if let Ok(id) = ResidentId::parse(text) {
        assert_eq!(ResidentId::parse(id.reveal()).as_ref(), Ok(&id));
        assert!(!format!("{id} {id:?}").contains(id.reveal()));
    }
});
