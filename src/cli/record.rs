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
}

/// Reads the record in a file; `-` is standard input.
///
/// # Errors
/// A file that cannot be read or holds no record.
pub fn read(path: &Path) -> Result<CardRecord, RecordError> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(MOST).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(path)?.take(MOST).read_to_string(&mut text)?;
    }
    parse(&text).ok_or(RecordError::Form)
}

fn parse(text: &str) -> Option<CardRecord> {
    let text = text.trim_start_matches('\u{FEFF}').trim();
    let record = if text.starts_with('{') { serde_json::from_str(text).ok()? } else { of_csv(text)? };
    (record.name.is_some() || record.number.is_some()).then_some(record)
}

fn of_csv(text: &str) -> Option<CardRecord> {
    let mut lines = text.lines();
    let cells = |line: &str| line.split([',', '\t']).map(|cell| cell.trim().trim_matches('"').to_owned()).collect::<Vec<_>>();
    let (heads, values) = (cells(lines.next()?), cells(lines.next()?));
    let of = |names: &[&str]| {
        let column = heads.iter().position(|head| names.iter().any(|name| head.eq_ignore_ascii_case(name)))?;
        values.get(column).filter(|value| !value.is_empty()).cloned()
    };
    Some(CardRecord { name: of(&NAME), number: of(&NUMBER) })
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
            let record = parse(text).unwrap();
            assert_eq!((record.name.as_deref(), record.number.as_deref()), (Some("样本甲"), Some("990000199001010017")));
        }
        assert_eq!(parse("XM\n样本甲").unwrap().number, None);
        for none in ["", "{}", "{", "a,b\nc,d", "XM,SFZH"] {
            assert!(parse(none).is_none(), "{none}");
        }
    }
}
