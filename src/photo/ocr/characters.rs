//! The characters that the reading net knows, taken out of its own file: they are a metadata entry of the ONNX model, which the runtime does
//! not hand out. A reader of just that much protobuf; it believes no length it is told.

/// Field numbers of onnx.proto: `ModelProto.metadata_props`, `StringStringEntryProto.key` and `.value`.
const METADATA: u64 = 14;
const KEY: u64 = 1;
const VALUE: u64 = 2;

/// The entry `key` of a model's metadata; `None` where there is none or the file is no protobuf.
#[must_use]
pub fn metadata<'a>(model: &'a [u8], key: &str) -> Option<&'a str> {
    fields(model).filter(|(number, _)| *number == METADATA).find_map(|(_, entry)| {
        let part = |wanted: u64| fields(entry).find(|(number, _)| *number == wanted).map(|(_, bytes)| bytes);
        (part(KEY)? == key.as_bytes()).then(|| std::str::from_utf8(part(VALUE)?).ok())?
    })
}

/// The fields of a message that are of bytes; all others are passed over. Ends early where the message makes no sense.
fn fields(message: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut rest = message;
    std::iter::from_fn(move || {
        loop {
            let tag = varint(&mut rest)?;
            let length = match tag & 7 {
                0 => varint(&mut rest).map(|_| 0)?,
                1 => 8,
                2 => usize::try_from(varint(&mut rest)?).ok()?,
                5 => 4,
                _ => return None,
            };
            let bytes = rest.get(..length)?;
            rest = &rest[length..];
            if tag & 7 == 2 {
                return Some((tag >> 3, bytes));
            }
        }
    })
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, others) = rest.split_first()?;
        *rest = others;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A number before, then the entry `k` = `v1`.
    const SMALL: [u8; 11] = [0x08, 0x07, 0x72, 0x07, 0x0A, 0x01, b'k', 0x12, 0x02, b'v', b'1'];

    #[test]
    fn an_entry_is_found_by_its_key() {
        assert_eq!(metadata(&SMALL, "k"), Some("v1"));
        assert_eq!(metadata(&SMALL, "other"), None);
        assert_eq!(metadata(&SMALL[..9], "k"), None, "cut short");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = metadata(&bytes, "character");
        }
    }
}
