//! One row judged by itself: what each cell must be, and whether the cells agree with each other.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::cell::{Cell, LONGEST, half_width};
use super::columns::{Columns, Field};
use super::{RosterRow, Standing};
use crate::api::roster::RowError;
use crate::domain::{resident_id::ResidentId, season::SeasonKind};

/// More digits than this a spreadsheet does not keep in a number.
const EXACT_DIGITS: usize = 15;

/// Of a masked ID number no more characters than these may be shown: region and last four.
const MOST_SHOWN: usize = 10;

/// The cells of one row by field, and what is wrong with them.
struct Reading<'a> {
    row: u32,
    columns: &'a Columns,
    cells: &'a [(Field, Cell)],
    errors: Vec<RowError>,
}

/// Reads one row: what could be read, and what is wrong with the rest, from left to right.
pub(super) fn read(row: u32, kind: SeasonKind, columns: &Columns, cells: &[(Field, Cell)]) -> (RosterRow, Vec<RowError>) {
    let mut reading = Reading { row, columns, cells, errors: Vec::new() };
    let student_key = reading.number(Field::StudentKey);
    let student_number = reading.number(Field::StudentNumber);
    let (id_number, masked_id_number, name) = match kind {
        SeasonKind::Roster => (reading.id_number(), None, reading.words(Field::Name)),
        SeasonKind::CaptureCode => (None, reading.masked_id_number(), reading.masked_name()),
    };
    let unit_code = reading.number(Field::UnitCode);
    let unit_name = reading.words(Field::UnitName);
    let phone = reading.phone();
    reading.agree(id_number.as_ref());

    match kind {
        SeasonKind::Roster if reading.is_empty(Field::StudentNumber) && reading.is_empty(Field::IdNumber) => {
            reading.refuse(None, "student_missing", &[]);
        }
        SeasonKind::CaptureCode if reading.is_empty(Field::StudentKey) => {
            reading.refuse(Some(Field::StudentKey), "student_key_missing", &[])
        }
        _ => {}
    }
    if reading.is_empty(Field::UnitCode) && reading.is_empty(Field::UnitName) {
        let column = if columns.find(Field::UnitName).is_some() { Field::UnitName } else { Field::UnitCode };
        reading.refuse(Some(column), "unit_missing", &[]);
    }
    let record = RosterRow {
        row,
        student_key,
        student_number,
        candidate_number: reading.number(Field::CandidateNumber),
        name,
        id_number,
        masked_id_number,
        phone,
        unit_code: unit_code.clone().or_else(|| unit_name.clone()).unwrap_or_default(),
        unit_name: unit_name.or(unit_code).unwrap_or_default(),
        major: reading.words(Field::Major),
        level: reading.words(Field::Level),
        intake: reading.words(Field::Intake),
        class: reading.words(Field::Class),
        standing: reading.standing(),
    };
    let mut errors = reading.errors;
    errors.sort_by_key(|error| error.column.as_deref().and_then(|heading| columns.place(heading)));
    (record, errors)
}

/// An error of one row; `column` is told by its heading in the file.
pub(super) fn error(row: u32, columns: &Columns, column: Option<Field>, code: &str, parameters: &[(&str, String)]) -> RowError {
    let column = column.and_then(|field| columns.find(field)).map(|(_, heading)| heading.to_owned());
    let parameters: BTreeMap<String, String> = parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    RowError { row, column, code: code.to_owned(), parameters }
}

impl Reading<'_> {
    fn cell(&self, field: Field) -> &Cell {
        self.cells.iter().find(|(known, _)| *known == field).map_or(&Cell::Empty, |(_, cell)| cell)
    }

    fn is_empty(&self, field: Field) -> bool {
        *self.cell(field) == Cell::Empty
    }

    fn refuse(&mut self, column: Option<Field>, code: &str, parameters: &[(&str, String)]) {
        self.errors.push(error(self.row, self.columns, column, code, parameters));
    }

    /// The text of a cell; a cell that is no text is refused once, here.
    fn text(&mut self, field: Field) -> Option<String> {
        let code = match self.cell(field) {
            Cell::Empty => return None,
            Cell::Text(text) | Cell::Number(text) => return Some(text.clone()),
            Cell::Formula => "formula_cell",
            Cell::Error => "error_cell",
            Cell::Control => "control_character",
            Cell::Undecodable => "cell_encoding",
            Cell::TooLong => {
                self.refuse(Some(field), "cell_too_long", &[("limit", LONGEST.to_string())]);
                return None;
            }
        };
        self.refuse(Some(field), code, &[]);
        None
    }

    /// Words, with single spaces between them.
    fn words(&mut self, field: Field) -> Option<String> {
        self.text(field).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// A number that names something: half-width, without spaces, every digit as it was typed.
    fn number(&mut self, field: Field) -> Option<String> {
        let corrupt = matches!(self.cell(field), Cell::Number(digits) if !is_exact(digits));
        let text = self.text(field)?;
        if corrupt || is_scientific(&text) {
            self.refuse(Some(field), "number_not_exact", &[]);
            return None;
        }
        Some(half_width(&text).split_whitespace().collect())
    }

    fn id_number(&mut self) -> Option<ResidentId> {
        let as_number = matches!(self.cell(Field::IdNumber), Cell::Number(_));
        let text = self.text(Field::IdNumber)?;
        if as_number || is_scientific(&text) {
            self.refuse(Some(Field::IdNumber), "id_number_as_number", &[]);
            return None;
        }
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if compact.contains(is_star) {
            self.refuse(Some(Field::IdNumber), "id_number_masked", &[]);
            return None;
        }
        ResidentId::parse(&compact).map_err(|wrong| self.refuse(Some(Field::IdNumber), wrong.code(), &[])).ok()
    }

    /// In a season of capture codes the school may not hand over whole numbers, and this house does not take them.
    fn masked_id_number(&mut self) -> Option<String> {
        let text = match self.cell(Field::IdNumber) {
            Cell::Number(digits) => digits.clone(),
            _ => self.text(Field::IdNumber)?,
        };
        let masked = half_width(&text).chars().filter(|c| !c.is_whitespace()).map(star).collect::<String>().to_uppercase();
        let right = masked.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('*');
        let shown = masked.chars().filter(|c| *c != '*').count();
        if !masked.contains('*') {
            self.refuse(Some(Field::IdNumber), "id_number_not_masked", &[]);
        } else if masked.chars().count() != 18 || shown > MOST_SHOWN || !right.chars().all(|c| c.is_ascii_digit() || c == 'X') {
            self.refuse(Some(Field::IdNumber), "masked_id_number_shape", &[]);
        } else {
            return Some(masked);
        }
        None
    }

    fn masked_name(&mut self) -> Option<String> {
        let name: String = self.words(Field::Name)?.chars().map(star).collect();
        if !name.contains('*') {
            self.refuse(Some(Field::Name), "name_not_masked", &[]);
            return None;
        }
        Some(name)
    }

    fn standing(&mut self) -> Option<Standing> {
        let text = self.text(Field::Standing)?;
        let standing = read_standing(&text);
        if standing.is_none() {
            self.refuse(Some(Field::Standing), "standing_shape", &[]);
        }
        standing
    }

    fn phone(&mut self) -> Option<String> {
        let text = self.text(Field::Phone)?;
        let phone = read_phone(&text);
        if phone.is_none() {
            self.refuse(Some(Field::Phone), "phone_shape", &[]);
        }
        phone
    }

    /// Sex and birth date stand in the ID number too; a roster that says otherwise has one of them wrong.
    fn agree(&mut self, id_number: Option<&ResidentId>) {
        if let Some(text) = self.text(Field::BirthDate) {
            match read_date(&text) {
                None => self.refuse(Some(Field::BirthDate), "birth_date_shape", &[]),
                Some(date) if id_number.is_some_and(|id| id.reveal()[6..14] != date) => {
                    self.refuse(Some(Field::BirthDate), "id_mismatch_birth_date", &[]);
                }
                Some(_) => {}
            }
        }
        if let Some(text) = self.text(Field::Sex) {
            let male = match text.to_lowercase().as_str() {
                "男" | "男性" | "m" | "male" | "1" => true,
                "女" | "女性" | "f" | "female" | "2" => false,
                _ => return self.refuse(Some(Field::Sex), "sex_shape", &[]),
            };
            // GB 11643: the last digit of the sequence is odd for men.
            if id_number.is_some_and(|id| (id.reveal().as_bytes()[16] % 2 == 1) != male) {
                self.refuse(Some(Field::Sex), "id_mismatch_sex", &[]);
            }
        }
    }
}

/// The signs with which people mask.
fn is_star(c: char) -> bool {
    matches!(c, '*' | '＊' | '×' | '✱')
}

fn star(c: char) -> char {
    if is_star(c) { '*' } else { c }
}

/// Whether a student takes part, in the words of schools.
fn read_standing(text: &str) -> Option<Standing> {
    match half_width(text).to_lowercase().as_str() {
        "参加" | "正常" | "在读" | "在籍" | "注册学籍" | "恢复" | "active" | "reinstated" => Some(Standing::Active),
        "退出" | "退学" | "放弃" | "撤回" | "不参加" | "withdrawn" => Some(Standing::Withdrawn),
        "不符合" | "无资格" | "不具备资格" | "取消资格" | "开除学籍" | "ineligible" => Some(Standing::Ineligible),
        _ => None,
    }
}

fn is_exact(digits: &str) -> bool {
    digits.len() <= EXACT_DIGITS && digits.chars().all(|c| c.is_ascii_digit())
}

/// `9.9E+17`: what a spreadsheet writes into a text file for a number that was too long for its column.
fn is_scientific(text: &str) -> bool {
    text.split_once(['e', 'E']).is_some_and(|(mantissa, exponent)| {
        let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
        mantissa.starts_with(|c: char| c.is_ascii_digit())
            && mantissa.contains('.')
            && mantissa.parse::<f64>().is_ok()
            && !exponent.is_empty()
            && exponent.chars().all(|c| c.is_ascii_digit())
    })
}

/// A Chinese mobile number as its 11 digits, a landline with its area code, or a number abroad with its plus.
fn read_phone(text: &str) -> Option<String> {
    let compact: String = half_width(text).chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '(' | ')')).collect();
    let national = ["+86", "0086"].iter().find_map(|prefix| compact.strip_prefix(prefix)).unwrap_or(&compact);
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if let Some(abroad) = national.strip_prefix('+') {
        return (digits(abroad) && (7..=15).contains(&abroad.len())).then(|| national.to_owned());
    }
    let national = if national.len() == 13 { national.strip_prefix("86").unwrap_or(national) } else { national };
    let mobile = national.len() == 11 && national.starts_with('1') && !national.starts_with("10") && !national.starts_with("11");
    let landline = (10..=12).contains(&national.len()) && national.starts_with('0');
    (digits(national) && (mobile || landline)).then(|| national.to_owned())
}

/// `YYYYMMDD` of a date as people write it: `19900101`, `1990-1-1`, `1990/01/01`, `1990.1.1`, `1990年1月1日`, with or without a time.
fn read_date(text: &str) -> Option<String> {
    let half = half_width(text);
    let day = half.split([' ', 'T']).next()?.trim_end_matches('日');
    let parts: Vec<&str> = day.split(['-', '/', '.', '年', '月']).collect();
    let [year, month, day] = match parts.as_slice() {
        [all] if all.len() == 8 && all.is_ascii() => [&all[..4], &all[4..6], &all[6..]],
        [year, month, day] if year.len() == 4 => [*year, *month, *day],
        _ => return None,
    };
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some(format!("{:04}{:02}{:02}", date.year(), date.month(), date.day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_are_read_in_the_ways_they_are_written() {
        for (text, phone) in [
            ("13800000000", "13800000000"),
            ("138-0000-0000", "13800000000"),
            ("+86 13800000000", "13800000000"),
            ("8613800000000", "13800000000"),
            ("１３８０００００００0", "13800000000"),
            ("(029)88880000", "02988880000"),
            ("+852 5000 0000", "+85250000000"),
        ] {
            assert_eq!(read_phone(text).as_deref(), Some(phone), "{text}");
        }
        for text in ["1380000000", "13800000000/13900000000", "无", "+", "11000000000", ""] {
            assert_eq!(read_phone(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_read_in_the_ways_they_are_written() {
        for text in ["19900101", "1990-1-1", "1990/01/01", "1990.1.1", "1990年1月1日", "1990-01-01 00:00:00"] {
            assert_eq!(read_date(text).as_deref(), Some("19900101"), "{text}");
        }
        for text in ["1990-02-30", "199001", "90-1-1", "生日", "", "１９９０年", "1990-"] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    #[test]
    fn scientific_notation_is_told_from_a_number_with_a_letter() {
        assert!(is_scientific("9.90000199001010E+17") && is_scientific("9.9e17"));
        assert!(!is_scientific("2023E01") && !is_scientific("E1") && !is_scientific("12.5E"));
    }
}
