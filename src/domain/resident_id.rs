//! The resident identity number (GB 11643): 6 digits of region, 8 of birth date, 3 of sequence (odd for men) and a check character.
//!
//! A number is never printed whole by accident: `Display` and `Debug` are masked, and `reveal` is the one way to the digits.

use std::fmt;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS: [u8; 11] = *b"10X98765432";

/// A number that passed its checks: length, digits, calendar date, check character.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResidentId(String);

/// What is wrong with something that should be a resident ID number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResidentIdError {
    #[error("an ID number has 18 characters, this has {0}")]
    Length(usize),
    #[error("only digits, and X at the end, are allowed (character {0})")]
    Character(usize),
    #[error("the birth date in it is not in the calendar")]
    BirthDate,
    #[error("the check character does not fit the digits")]
    Checksum,
}

impl ResidentIdError {
    /// The stable code; texts are in `locales/` under `problem.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ResidentIdError::Length(_) => "id_number_length",
            ResidentIdError::Character(_) => "id_number_character",
            ResidentIdError::BirthDate => "id_number_birth_date",
            ResidentIdError::Checksum => "id_number_checksum",
        }
    }
}

impl ResidentId {
    /// Reads a number as people write it: spaces around it, full-width digits and a lower-case x are accepted.
    ///
    /// # Errors
    /// What is wrong, never the number itself.
    pub fn parse(text: &str) -> Result<ResidentId, ResidentIdError> {
        let digits: Vec<char> = text.trim().chars().map(half_width).collect();
        if digits.len() != 18 {
            return Err(ResidentIdError::Length(digits.len()));
        }
        if let Some(index) = digits.iter().enumerate().position(|(i, c)| !(c.is_ascii_digit() || (i == 17 && *c == 'X'))) {
            return Err(ResidentIdError::Character(index + 1));
        }
        let number: String = digits.into_iter().collect();
        let part = |range: std::ops::Range<usize>| number[range].parse::<i16>().expect("checked to be digits");
        let (year, month, day) = (part(6..10), part(10..12), part(12..14));
        if year < 1880 || jiff::civil::Date::new(year, i8::try_from(month).unwrap_or(0), i8::try_from(day).unwrap_or(0)).is_err() {
            return Err(ResidentIdError::BirthDate);
        }
        let sum: u32 = number.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        if CHECK_CHARACTERS[(sum % 11) as usize] != number.as_bytes()[17] {
            return Err(ResidentIdError::Checksum);
        }
        Ok(ResidentId(number))
    }

    /// All 18 characters. Ask only where the number itself is needed: sealing, hashing, exporting.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `6101**********0017`: region and last four, the form every screen shows.
    #[must_use]
    pub fn masked(&self) -> String {
        mask_number(&self.0)
    }
}

impl fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Display for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

pub(super) fn half_width(c: char) -> char {
    match c {
        '０'..='９' => char::from(b'0' + u8::try_from(u32::from(c) - u32::from('０')).expect("ten digits")),
        'x' | 'Ｘ' | 'ｘ' => 'X',
        other => other,
    }
}

/// Masks any number for a screen: the first and last four stay, short ones vanish whole.
#[must_use]
pub fn mask_number(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    if characters.len() <= 8 {
        return "*".repeat(characters.len());
    }
    let stars = characters.len() - 8;
    characters[..4]
        .iter()
        .copied()
        .chain(std::iter::repeat_n('*', stars))
        .chain(characters[characters.len() - 4..].iter().copied())
        .collect()
}

/// `张*`, `欧阳**`: the family name stays. A name of one character is only a star.
#[must_use]
pub fn mask_name(name: &str) -> String {
    let characters: Vec<char> = name.trim().chars().collect();
    match characters.len() {
        0 => String::new(),
        1 => "*".to_owned(),
        n => {
            let kept = if n >= 3 && COMPOUND_SURNAMES.contains(&characters[..2].iter().collect::<String>().as_str()) { 2 } else { 1 };
            characters[..kept].iter().copied().chain(std::iter::repeat_n('*', n - kept)).collect()
        }
    }
}

/// `138****5678`.
#[must_use]
pub fn mask_phone(phone: &str) -> String {
    let characters: Vec<char> = phone.trim().chars().collect();
    if characters.len() < 8 {
        return "*".repeat(characters.len());
    }
    let end = characters.len() - 4;
    characters[..3].iter().copied().chain(std::iter::repeat_n('*', end - 3)).chain(characters[end..].iter().copied()).collect()
}

/// Two-character family names in common use; a mask that splits one would show half a name.
const COMPOUND_SURNAMES: &[&str] = &[
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "宇文", "长孙", "夏侯", "端木", "南宫", "独孤",
    "轩辕",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_numbers_of_a_region_never_assigned_are_read() {
        for number in ["990000199001010017", "990000199001010025", "990000200002290175", "990000198512311239", "99000019950615004X"] {
            assert_eq!(ResidentId::parse(number).unwrap().reveal(), number);
        }
        assert_eq!(ResidentId::parse(" ９９００００１９９５０６１５００４ｘ ").unwrap().reveal(), "99000019950615004X");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(ResidentId::parse("99000019900101001"), Err(ResidentIdError::Length(17)));
        assert_eq!(ResidentId::parse("9900001990O1010017"), Err(ResidentIdError::Character(11)));
        assert_eq!(ResidentId::parse("990000199902290016"), Err(ResidentIdError::BirthDate));
        assert_eq!(ResidentId::parse("990000199001010018"), Err(ResidentIdError::Checksum));
    }

    #[test]
    fn nothing_prints_a_number_whole() {
        let id = ResidentId::parse("990000199001010017").unwrap();
        assert_eq!(format!("{id} {id:?}"), "9900**********0017 9900**********0017");
        assert_eq!((mask_name("张三"), mask_name("欧阳小明"), mask_name("王")), ("张*".into(), "欧阳**".into(), "*".into()));
        assert_eq!(mask_phone("13812345678"), "138****5678");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,24}") {
            let _ = ResidentId::parse(&text);
        }

        #[test]
        fn one_wrong_digit_never_passes(position in 0usize..17, digit in 0u8..10) {
            let mut number = b"990000199001010017".to_vec();
            prop_assume!(number[position] != b'0' + digit);
            number[position] = b'0' + digit;
            prop_assert!(ResidentId::parse(std::str::from_utf8(&number).unwrap()).is_err());
        }
    }
}
