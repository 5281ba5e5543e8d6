//! A student's record from a file or from standard input: JSON with `name` and `number`, or two lines of CSV. It is personal, so it is never
//! an argument, and no error shows any of it.

use std::io::Read;
use std::path::Path;

use crate::domain::id_card::CardRecord;

/// A record is two short fields; whatever is longer is none.
const MOST: u64 = 64 << 10;
/// Names of the columns, as universities and this tool write them.
const NAME: [&str; 3] = ["name", "XM", "姓名"];
const NUMBER: [&str; 4] = ["number", "SFZH", "身份证号", "公民身份号码"];

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("the record cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("the record is neither JSON nor CSV with a name or a number")]
    Form,
    #[error("the record has more than one row")]
    Rows,
    #[error("the record is not UTF-8")]
    Encoding,
}

impl RecordError {
    /// The stable code; its text is `problem.<code>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            RecordError::Read(_) => "file_unreadable",
            RecordError::Form => "record_form",
            RecordError::Rows => "record_rows",
            RecordError::Encoding => "record_encoding",
        }
    }
}

/// Reads the record in a file; `-` is standard input.
///
/// # Errors
/// A file that cannot be read or holds no record.
pub fn read(path: &Path) -> Result<CardRecord, RecordError> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<CardRecord, RecordError> {
    if bytes.len() as u64 > MOST {
        return Err(RecordError::Form);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| RecordError::Encoding)?;
    let text = text.trim_start_matches('\u{FEFF}').trim();
    let record = if text.starts_with('{') { serde_json::from_str(text).map_err(|_| RecordError::Form)? } else { of_csv(text)? };
    if record.name.is_some() || record.number.is_some() { Ok(record) } else { Err(RecordError::Form) }
}

fn of_csv(text: &str) -> Result<CardRecord, RecordError> {
    let cells = |line: &str| line.split([',', '\t']).map(|cell| cell.trim().trim_matches('"').to_owned()).collect::<Vec<_>>();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let (Some(heads), Some(values)) = (lines.next(), lines.next()) else { return Err(RecordError::Form) };
    // Which of them is meant nobody can know: the first would be held against somebody else's card.
    if lines.next().is_some() {
        return Err(RecordError::Rows);
    }
    let (heads, values) = (cells(heads), cells(values));
    let of = |names: &[&str]| {
        let column = heads.iter().position(|head| names.iter().any(|name| head.eq_ignore_ascii_case(name)))?;
        values.get(column).filter(|value| !value.is_empty()).cloned()
    };
    Ok(CardRecord { name: of(&NAME), number: of(&NUMBER) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_in_both_forms() {
        for text in [
            r#"{"name": "样本甲", "number": "990000199001010017"}"#,
            "\u{FEFF}XH,XM,SFZH\n1,样本甲,990000199001010017\n",
            "姓名\t身份证号\n样本甲\t\"990000199001010017\"",
        ] {
            let record = parse(text.as_bytes()).unwrap();
            assert_eq!((record.name.as_deref(), record.number.as_deref()), (Some("样本甲"), Some("990000199001010017")));
        }
        assert_eq!(parse("XM\n样本甲\n\n".as_bytes()).unwrap().number, None);
        for none in ["", "{}", "{", "a,b\nc,d", "XM,SFZH"] {
            assert!(matches!(parse(none.as_bytes()), Err(RecordError::Form)), "{none}");
        }
    }

    #[test]
    fn a_roster_and_another_encoding_are_named() {
        assert!(matches!(parse("XM\n样本甲\n样本乙\n".as_bytes()), Err(RecordError::Rows)));
        // "XM" and a name in GB18030.
        assert!(matches!(parse(b"XM\n\xD1\xF9\xB1\xBE\n"), Err(RecordError::Encoding)));
        assert!(matches!(parse(&vec![b'x'; MOST as usize + 1]), Err(RecordError::Form)));
    }
}
