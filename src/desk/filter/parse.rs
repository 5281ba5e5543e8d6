//! Text into a [`Query`]. Full-width signs are read as what they stand for; an error says where it is and what was expected there.

use std::ops::Range;

use jiff::{Timestamp, civil::Date};
use unicode_segmentation::UnicodeSegmentation;

use super::{
    Compare, Query, Sort, Term, Test, Word,
    words::{self, Key, Known},
};

/// A text that is no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The bytes that are wrong.
    pub at: Range<usize>,
    /// Of this key's value, if it got so far.
    pub key: Option<Key>,
    pub why: Why,
}

/// What is wrong. Words are in `locales/` under `desk.filter.wrong.<code>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// No key has this name.
    NoKey(String),
    /// Nothing follows the key.
    NoValue,
    /// Nothing of that kind has this name.
    NoSuch(String),
    /// Several have: the first of them.
    Several(String, Vec<String>),
    /// A check's name needs one of `=fail <0.3`.
    NoLimit,
    NoNumber(String),
    NoDay(String),
    NoSpan(String),
    /// A quotation mark without its second.
    Open,
}

impl Why {
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Why::NoKey(_) => "no_key",
            Why::NoValue => "no_value",
            Why::NoSuch(_) => "no_such",
            Why::Several(..) => "several",
            Why::NoLimit => "no_limit",
            Why::NoNumber(_) => "no_number",
            Why::NoDay(_) => "no_day",
            Why::NoSpan(_) => "no_span",
            Why::Open => "open",
        }
    }
}

impl Wrong {
    /// The word that is wrong, where there is one.
    #[must_use]
    pub fn word(&self) -> &str {
        match &self.why {
            Why::NoKey(word) | Why::NoSuch(word) | Why::Several(word, _) | Why::NoNumber(word) | Why::NoDay(word) | Why::NoSpan(word) => {
                word
            }
            Why::NoValue | Why::NoLimit | Why::Open => "",
        }
    }

    /// The column in which the wrong part begins, from 1, as a person counts.
    #[must_use]
    pub fn column(&self, text: &str) -> usize {
        text.grapheme_indices(true).take_while(|(at, _)| *at < self.at.start).count() + 1
    }
}

/// A piece between blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Its bytes, a minus and quotation marks included.
    pub at: Range<usize>,
    pub not: bool,
    /// What stands before the colon.
    pub key: Option<Part>,
    /// The values, or the one word.
    pub values: Vec<Part>,
    /// A quotation mark is open at its end.
    pub open: bool,
}

/// A part of a piece, without quotation marks, full-width signs read as the plain ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Part {
    pub at: Range<usize>,
    pub text: String,
    /// It was in quotation marks, whole or in part: nothing in it is a sign.
    pub quoted: bool,
}

/// The plain sign that a full-width one stands for.
fn plain(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        '、' => ',',
        '“' | '”' => '"',
        other => other,
    }
}

/// Cuts a text into its pieces.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut piece: Option<Piece> = None;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let sign = plain(c);
        if sign == ' ' && !quoted {
            pieces.extend(piece.take());
            continue;
        }
        let piece = piece.get_or_insert_with(|| Piece {
            at: at..at,
            not: false,
            key: None,
            values: vec![Part { at: at..at, ..Part::default() }],
            open: false,
        });
        let first = piece.at.is_empty();
        piece.at.end = end;
        let part = piece.values.last_mut().expect("a piece has a part");
        match sign {
            '"' => {
                quoted = !quoted;
                piece.open = quoted;
                part.quoted = true;
            }
            '-' if first => {
                piece.not = true;
                part.at = end..end;
                continue;
            }
            ':' if !quoted && piece.key.is_none() && !part.quoted => {
                piece.key = piece.values.pop();
                piece.values.push(Part { at: end..end, ..Part::default() });
                continue;
            }
            ',' if !quoted && piece.key.is_some() => {
                piece.values.push(Part { at: end..end, ..Part::default() });
                continue;
            }
            // Words are looked for as they are read: wide or not.
            _ => part.text.push(sign),
        }
        part.at.end = end;
    }
    pieces.extend(piece);
    pieces
}

/// Reads a filter.
///
/// # Errors
/// [`Wrong`] at the first part that is not understood.
pub fn parse(text: &str, known: &Known) -> Result<Query, Wrong> {
    let mut query = Query::default();
    for piece in pieces(text) {
        if piece.open {
            return Err(Wrong { at: piece.at, key: None, why: Why::Open });
        }
        let Some(key) = &piece.key else {
            let word = &piece.values[0];
            if !word.text.is_empty() {
                query.filter.terms.push(Term { not: piece.not, any: vec![Test::Word(Word::read(&word.text))] });
            }
            continue;
        };
        let no_key = || Wrong { at: key.at.clone(), key: None, why: Why::NoKey(key.text.clone()) };
        let key = words::resolve(words::keys(known), &key.text).map_err(|_| no_key())?;
        let mut any = Vec::new();
        for value in &piece.values {
            let wrong = |why| Wrong { at: value.at.clone(), key: Some(key), why };
            if value.text.is_empty() {
                return Err(wrong(Why::NoValue));
            }
            match read(key, &value.text, known).map_err(wrong)? {
                Read::Test(test) => any.push(test),
                Read::Sort(sort) => query.sort = Some(sort),
            }
        }
        if !any.is_empty() {
            query.filter.terms.push(Term { not: piece.not, any });
        }
    }
    Ok(query)
}

/// The text without the terms of this key.
#[must_use]
pub fn without(text: &str, key: Key, known: &Known) -> String {
    let is = |piece: &Piece| piece.key.as_ref().is_some_and(|part| words::resolve(words::keys(known), &part.text) == Ok(key));
    let kept = pieces(text).into_iter().filter(|piece| !is(piece)).map(|piece| &text[piece.at]);
    kept.collect::<Vec<_>>().join(" ")
}

enum Read {
    Test(Test),
    Sort(Sort),
}

fn read(key: Key, value: &str, known: &Known) -> Result<Read, Why> {
    let one = |fits: Vec<String>| {
        if fits.is_empty() { Why::NoSuch(value.to_owned()) } else { Why::Several(value.to_owned(), fits.into_iter().take(3).collect()) }
    };
    Ok(Read::Test(match key {
        Key::Unit => Test::Unit(words::resolve(words::units(known), value).map_err(one)?),
        Key::Status => Test::Status(words::resolve(words::statuses(known), value).map_err(one)?),
        Key::Check => check(value, known)?,
        Key::Score => Test::Score(words::resolve(words::scores(known), value).map_err(one)?),
        Key::Reason => Test::Reason(words::resolve(words::reasons(known), value).map_err(one)?),
        Key::Attempt => {
            let (compare, number) = compared(value);
            Test::Attempt(compare.unwrap_or(Compare::Equal), number.parse().map_err(|_| Why::NoNumber(number.to_owned()))?)
        }
        Key::Before => Test::Before(day(value, known)?),
        Key::After => Test::After(day(value, known)?),
        Key::Age => {
            let (compare, age) = compared(value);
            Test::Age(compare.unwrap_or(Compare::AtLeast), span(age)?)
        }
        Key::Claimed => Test::Claimed(words::resolve(words::answers(known), value).map_err(one)?),
        Key::Sort => return Ok(Read::Sort(words::resolve(words::sorts(known), value).map_err(one)?)),
    }))
}

/// `blur<0.3`, `blur=fail`, or the worst of all: `fail`.
fn check(value: &str, known: &Known) -> Result<Test, Why> {
    let one = |word: &str, fits: Vec<String>| {
        let word = word.to_owned();
        if fits.is_empty() { Why::NoSuch(word) } else { Why::Several(word, fits.into_iter().take(3).collect()) }
    };
    let Some((at, sign, compare)) = sign(value) else {
        return match words::resolve(words::verdicts(known), value) {
            Ok(verdict) => Ok(Test::Worst(verdict)),
            Err(_) => match words::resolve(words::checks(known), value) {
                Ok(_) => Err(Why::NoLimit),
                Err(fits) => Err(one(value, fits)),
            },
        };
    };
    let (name, limit) = (&value[..at], &value[at + sign.len()..]);
    let check = words::resolve(words::checks(known), name).map_err(|fits| one(name, fits))?;
    if limit.is_empty() {
        return Err(Why::NoLimit);
    }
    if let Ok(number) = limit.parse::<f64>()
        && number.is_finite()
    {
        return Ok(Test::Value(check, compare, number));
    }
    match (compare, words::resolve(words::verdicts(known), limit)) {
        (Compare::Equal, Ok(verdict)) => Ok(Test::Verdict(check, verdict)),
        (Compare::Equal, Err(_)) => Err(Why::NoLimit),
        _ => Err(Why::NoNumber(limit.to_owned())),
    }
}

/// The first sign of comparison in a value: where, as it is written, what it means.
pub(super) fn sign(value: &str) -> Option<(usize, &'static str, Compare)> {
    let at = value.find(['<', '>', '=', '≤', '≥'])?;
    Compare::ALL.into_iter().find(|(sign, _)| value[at..].starts_with(sign)).map(|(sign, compare)| (at, sign, compare))
}

/// A value that may begin with a sign of comparison.
fn compared(value: &str) -> (Option<Compare>, &str) {
    match sign(value) {
        Some((0, sign, compare)) => (Some(compare), &value[sign.len()..]),
        _ => (None, value),
    }
}

/// The beginning of a day.
fn day(value: &str, known: &Known) -> Result<Timestamp, Why> {
    let no_day = || Why::NoDay(value.to_owned());
    let today = known.now.to_zoned(known.zone.clone()).date();
    let day: Date = match value {
        "today" | "今天" => today,
        "yesterday" | "昨天" => today.yesterday().map_err(|_| no_day())?,
        _ => value.replace('/', "-").parse().map_err(|_| no_day())?,
    };
    day.to_zoned(known.zone.clone()).map(|zoned| zoned.timestamp()).map_err(|_| no_day())
}

/// `3d`, `12h`, `30m`, in seconds; Chinese units as well.
fn span(value: &str) -> Result<i64, Why> {
    let no_span = || Why::NoSpan(value.to_owned());
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let number: i64 = value[..digits].parse().map_err(|_| no_span())?;
    let unit = match &value[digits..] {
        "d" | "天" | "日" => 86_400,
        "h" | "小时" | "时" => 3600,
        "m" | "min" | "分" | "分钟" => 60,
        _ => return Err(no_span()),
    };
    number.checked_mul(unit).ok_or_else(no_span)
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        desk::fixtures::NOON,
        domain::{
            check::{CheckId, Verdict},
            comparison::Band,
            lifecycle::attempt::Status,
            reason::Reason,
        },
        language::Language,
    };

    pub fn known(language: Language) -> Known {
        let units = [("xa", "西安分校"), ("ca", "长安学习中心"), ("yl", "榆林学习中心")];
        Known {
            language,
            units: units.map(|(code, name)| (code.to_owned(), name.to_owned())).to_vec(),
            zone: TimeZone::fixed(jiff::tz::offset(8)),
            now: Timestamp::from_second(NOON).unwrap(),
        }
    }

    fn tests(text: &str) -> Vec<Test> {
        let query = parse(text, &known(Language::Chinese)).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
        query.filter.terms.into_iter().flat_map(|term| term.any).collect()
    }

    fn wrong(text: &str) -> (usize, &'static str) {
        let wrong = parse(text, &known(Language::English)).unwrap_err();
        (wrong.column(text), wrong.why.code())
    }

    #[test]
    fn every_kind_of_term() {
        assert_eq!(tests("unit:长安"), [Test::Unit("ca".into())]);
        assert_eq!(tests("status:pending"), [Test::Status(Status::Pending)]);
        assert_eq!(tests("check:blur<0.3"), [Test::Value(CheckId::Blur, Compare::Less, 0.3)]);
        assert_eq!(tests("check:blur=fail"), [Test::Verdict(CheckId::Blur, Verdict::Fail)]);
        assert_eq!(tests("check:fail"), [Test::Worst(Verdict::Fail)]);
        assert_eq!(tests("score:doubtful,different"), [Test::Score(Some(Band::Doubtful)), Test::Score(Some(Band::Different))]);
        assert_eq!(tests("reason:glasses"), [Test::Reason(Reason::Glasses)]);
        assert_eq!(tests("attempt:>1 attempt:2"), [Test::Attempt(Compare::More, 1), Test::Attempt(Compare::Equal, 2)]);
        assert_eq!(tests("age:>3d age:12小时"), [Test::Age(Compare::More, 259_200), Test::Age(Compare::AtLeast, 43_200)]);
        assert_eq!(tests("claimed:no"), [Test::Claimed(false)]);
        let midnight = "2027-05-01T00:00:00+08:00".parse().unwrap();
        assert_eq!(tests("before:2027-05-01 after:2027/05/01"), [Test::Before(midnight), Test::After(midnight)]);
        assert_eq!(tests("张 2027"), [Test::Word(Word::read("张")), Test::Word(Word::read("2027"))]);
    }

    #[test]
    fn chinese_words_full_width_signs_and_pinyin_are_understood() {
        assert_eq!(tests("单位：xian　检查：清晰度＜０．３"), [Test::Unit("xa".into()), Test::Value(CheckId::Blur, Compare::Less, 0.3)]);
        assert_eq!(tests("比对：存疑、不一致").len(), 2);
        assert_eq!(tests("状态:待审核"), [Test::Status(Status::Pending)]);
        assert_eq!(tests("unit:ylxx"), [Test::Unit("yl".into())]);
        assert_eq!(tests("check:bhg"), [Test::Worst(Verdict::Fail)]);
        assert_eq!(tests("unit:“西安分校” reason:blur").len(), 2);
    }

    #[test]
    fn a_minus_turns_a_term_round() {
        let query = parse("-reason:glasses sort:risk", &known(Language::English)).unwrap();
        assert_eq!(query.filter.terms, [Term { not: true, any: vec![Test::Reason(Reason::Glasses)] }]);
        assert_eq!(query.sort, Some(Sort::Risk));
    }

    #[test]
    fn terms_of_a_key_can_be_left_out() {
        let known = known(Language::Chinese);
        assert_eq!(without("张 状态：待审核  unit:xa sort:risk", Key::Status, &known), "张 unit:xa sort:risk");
        assert_eq!(without("sort:risk", Key::Sort, &known), "");
    }

    #[test]
    fn an_error_says_where_it_is() {
        assert_eq!(wrong("张 colour:red"), (3, "no_key"));
        assert_eq!(wrong("unit:"), (6, "no_value"));
        assert_eq!(wrong("unit:xa,"), (9, "no_value"));
        assert_eq!(wrong("score:perhaps"), (7, "no_such"));
        assert_eq!(wrong("unit:学习中心"), (6, "several"));
        assert_eq!(wrong("check:blur"), (7, "no_limit"));
        assert_eq!(wrong("check:blur<"), (7, "no_limit"));
        assert_eq!(wrong("check:blur<much"), (7, "no_number"));
        assert_eq!(wrong("attempt:>x"), (9, "no_number"));
        assert_eq!(wrong("before:may"), (8, "no_day"));
        assert_eq!(wrong("age:>3"), (5, "no_span"));
        assert_eq!(wrong("a \"b"), (3, "open"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_at_a_place_in_it(text in "[a-z:,<>=\" -]{0,30}|.{0,20}") {
            if let Err(wrong) = parse(&text, &known(Language::English)) {
                prop_assert!(wrong.at.end <= text.len() && text.is_char_boundary(wrong.at.start));
                prop_assert!(wrong.column(&text) <= text.chars().count() + 1);
            }
        }
    }
}
