//! Where a page of a list ended, as strangers bring it back: a time and an id, so that the next page begins after them whatever came meanwhile.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use uuid::Uuid;

use super::{StoreError, values};

/// The last row of a page. It is taken for nothing but a place: whoever makes one up sees what is after it within their scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Microseconds since 1970.
    pub at: i64,
    pub id: Uuid,
}

impl Cursor {
    /// After this row.
    #[must_use]
    pub fn after(at: Timestamp, id: Uuid) -> Cursor {
        Cursor { at: values::time(at), id }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.at.to_be_bytes()[..], self.id.as_bytes()].concat();
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Cursor, StoreError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| StoreError::Cursor)?;
        let (at, id) = bytes.split_first_chunk::<8>().ok_or(StoreError::Cursor)?;
        Ok(Cursor { at: i64::from_be_bytes(*at), id: Uuid::from_slice(id).map_err(|_| StoreError::Cursor)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went(at in any::<i64>(), id in any::<u128>()) {
            let cursor = Cursor { at, id: Uuid::from_u128(id) };
            prop_assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }

        #[test]
        fn any_text_is_one_cursor_or_none(text in "\\PC{0,40}|[A-Za-z0-9_-]{32}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }
}
