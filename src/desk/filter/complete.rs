//! What may be meant by what is typed so far: keys, then the values of a key, each by any of its names.

use std::ops::Range;

use super::{
    parse::{Part, pieces, sign},
    words::{self, Key, Known, Named},
};
use crate::language::{self, Language};

/// More are not shown.
const MOST: usize = 12;

/// What may stand in the place of `at`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Bytes of the text.
    pub at: Range<usize>,
    pub proposals: Vec<Proposal>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub insert: String,
    /// What it means, where the inserted text does not say it.
    pub about: String,
    /// With it the value is whole, and something else may follow.
    pub ends: bool,
}

/// What the part that ends at byte `cursor` may become, the likeliest first.
#[must_use]
pub fn complete(text: &str, cursor: usize, known: &Known) -> Completion {
    let cursor = cursor.min(text.len());
    let Some(before) = text.get(..cursor) else { return Completion::default() };
    let pieces = pieces(before);
    let Some(piece) = pieces.last().filter(|piece| piece.at.end == cursor) else {
        return Completion { at: cursor..cursor, proposals: key_proposals(known, "") };
    };
    let Some(part) = piece.values.last().filter(|_| !piece.open) else { return Completion::default() };
    match &piece.key {
        None if part.quoted => Completion::default(),
        None => Completion { at: part.at.start..cursor, proposals: key_proposals(known, &part.text) },
        Some(key) => match words::resolve(words::keys(known), &key.text) {
            Ok(key) => values(key, part, cursor, known),
            Err(_) => Completion::default(),
        },
    }
}

fn key_proposals(known: &Known, typed: &str) -> Vec<Proposal> {
    let about = |key: &Key| language::text(known.language, &format!("desk.filter.about.{}", key.code()), &[]);
    // A word that is no key's beginning is a name or a number.
    let fits = fitting(words::keys(known), typed, 2);
    let proposal =
        |named: Named<Key>| Proposal { insert: format!("{}:", spelled(&named, typed, known)), about: about(&named.value), ends: false };
    fits.into_iter().map(proposal).collect()
}

fn values(key: Key, part: &Part, cursor: usize, known: &Known) -> Completion {
    let whole = part.at.start..cursor;
    let fixed = |values: &[&str]| {
        let fits = values.iter().filter(|value| value.starts_with(&part.text) && **value != part.text);
        fits.map(|value| Proposal { insert: (*value).to_owned(), about: String::new(), ends: true }).collect()
    };
    let proposals = match key {
        Key::Unit => proposals(words::units(known), &part.text, known),
        Key::Status => proposals(words::statuses(known), &part.text, known),
        Key::Score => proposals(words::scores(known), &part.text, known),
        Key::Reason => proposals(words::reasons(known), &part.text, known),
        Key::Claimed => proposals(words::answers(known), &part.text, known),
        Key::Sort => proposals(words::sorts(known), &part.text, known),
        Key::Attempt => fixed(&["1", ">1", "2", "3"]),
        Key::Age => fixed(&[">1d", ">3d", ">7d", ">12h", "<1h"]),
        Key::Before | Key::After => {
            let today = known.now.to_zoned(known.zone.clone()).date();
            let days = (0..4).filter_map(|back| today.checked_sub(jiff::Span::new().days(back * back)).ok());
            let days: Vec<String> = days.map(|day| day.to_string()).collect();
            fixed(&days.iter().map(String::as_str).collect::<Vec<_>>())
        }
        Key::Check => return check(part, cursor, known),
    };
    let proposals = proposals
        .into_iter()
        .map(|proposal| {
            let bites = proposal.insert.contains([' ', ',', ':', '"', '、', '，', '：', '\u{3000}', '“', '”']);
            let insert = if bites { format!("\"{}\"", proposal.insert.replace('"', "")) } else { proposal.insert };
            Proposal { insert, ..proposal }
        })
        .filter(|proposal| proposal.insert != part.text)
        .collect();
    Completion { at: whole, proposals }
}

/// Of a check first its name, then its sign, then a verdict.
fn check(part: &Part, cursor: usize, known: &Known) -> Completion {
    let at = part.at.start..cursor;
    let Some((name, sign, _)) = sign(&part.text) else {
        let exact = words::checks(known).into_iter().find(|named| named.fits(&part.text) == Some(0));
        if let Some(named) = exact {
            let name = spelled(&named, &part.text, known);
            let failed = words::verdicts(known).into_iter().next().map_or_else(String::new, |verdict| own(&verdict, known));
            let inserts = [format!("{name}={failed}"), format!("{name}<"), format!("{name}>"), format!("{name}=")];
            let about = |key: &str| language::text(known.language, &format!("desk.filter.about.{key}"), &[]);
            let abouts = ["check_failed", "check_below", "check_above", "check_verdict"].map(about);
            let proposal = |(insert, about): (String, String)| Proposal { ends: !insert.ends_with(['<', '>', '=']), insert, about };
            let proposals = inserts.into_iter().zip(abouts).map(proposal).collect();
            return Completion { at, proposals };
        }
        let mut all = proposals(words::verdicts(known), &part.text, known);
        let checks = proposals(words::checks(known), &part.text, known);
        all.extend(checks.into_iter().map(|proposal| Proposal { ends: false, ..proposal }));
        all.truncate(MOST);
        return Completion { at, proposals: all };
    };
    if sign != "=" {
        return Completion::default();
    }
    let (before, typed) = (&part.text[..name + sign.len()], &part.text[name + sign.len()..]);
    let with = |proposal: Proposal| Proposal { insert: format!("{before}{}", proposal.insert), ..proposal };
    Completion { at, proposals: proposals(words::verdicts(known), typed, known).into_iter().map(with).collect() }
}

/// What fits, best first, and among the equal in its own order.
fn fitting<T>(all: Vec<Named<T>>, typed: &str, worst: u8) -> Vec<Named<T>> {
    let mut fits: Vec<(u8, Named<T>)> =
        all.into_iter().filter_map(|named| named.fits(typed).filter(|fit| *fit <= worst).map(|fit| (fit, named))).collect();
    fits.sort_by_key(|(fit, _)| *fit);
    // What only has the word somewhere in it is for those who remember no beginning.
    if fits.first().is_some_and(|(fit, _)| *fit <= 2) {
        fits.retain(|(fit, _)| *fit <= 2);
    }
    fits.truncate(MOST);
    fits.into_iter().map(|(_, named)| named).collect()
}

fn proposals<T>(all: Vec<Named<T>>, typed: &str, known: &Known) -> Vec<Proposal> {
    let fits = fitting(all, typed, 3);
    fits.iter()
        .map(|named| {
            let insert = spelled(named, typed, known);
            let about = if insert == named.name { named.code.clone() } else { named.name.clone() };
            Proposal { about: if about == insert { String::new() } else { about }, insert, ends: true }
        })
        .collect()
}

/// As whoever types has begun to spell it: the code after Latin letters, else the name in the user's language.
fn spelled<T>(named: &Named<T>, typed: &str, known: &Known) -> String {
    let by_code = !typed.is_empty() && named.code.to_lowercase().starts_with(&typed.to_lowercase());
    if by_code { named.code.clone() } else { own(named, known) }
}

/// Chinese names are short and have no blanks; English ones are phrases, and the code says the same.
fn own<T>(named: &Named<T>, known: &Known) -> String {
    let plain = !named.name.contains(|c: char| c.is_whitespace() || ",:\"，：、（）()".contains(c));
    if known.language == Language::Chinese && plain { named.name.clone() } else { named.code.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::filter::{parse, parse::tests::known};

    fn inserts(text: &str, language: Language) -> Vec<String> {
        let completion = complete(text, text.len(), &known(language));
        completion.proposals.into_iter().map(|proposal| proposal.insert).collect()
    }

    #[test]
    fn keys_then_values() {
        assert_eq!(inserts("", Language::English).len(), Key::ALL.len());
        assert_eq!(inserts("un", Language::English), ["unit:"]);
        assert_eq!(inserts("-un", Language::English), ["unit:"]);
        assert_eq!(inserts("dw", Language::Chinese), ["单位:"]);
        assert_eq!(inserts("unit:", Language::Chinese), ["西安分校", "长安学习中心", "榆林学习中心"]);
        assert_eq!(inserts("unit:xxzx", Language::Chinese), Vec::<String>::new());
        assert_eq!(inserts("unit:ylxx", Language::Chinese), ["榆林学习中心"]);
        assert_eq!(inserts("unit:xa,y", Language::English), ["yl"]);
        assert_eq!(inserts("score:", Language::English), ["different", "doubtful", "same", "none"]);
        assert_eq!(inserts("check:blur", Language::English), ["blur=fail", "blur<", "blur>", "blur="]);
        assert_eq!(inserts("check:blur=wa", Language::English), ["blur=warn"]);
        assert_eq!(inserts("zhang", Language::English), Vec::<String>::new());
    }

    #[test]
    fn what_is_proposed_is_understood() {
        for language in Language::ALL {
            let known = known(language);
            for key in Key::ALL {
                let begun = format!("{}:", key.code());
                for proposal in complete(&begun, begun.len(), &known).proposals {
                    let mut text = format!("{begun}{}", proposal.insert);
                    if key == Key::Check && !text.contains('=') && parse(&text, &known).is_err() {
                        text.push_str("=fail");
                    }
                    assert!(parse(&text, &known).is_ok(), "{text}: {:?}", parse(&text, &known));
                }
            }
        }
    }

    #[test]
    fn it_stands_where_the_cursor_is() {
        let text = "张 un check:blur=fail";
        let completion = complete(text, "张 un".len(), &known(Language::English));
        assert_eq!((completion.at, completion.proposals.len()), (4..6, 1));
        assert_eq!(complete("re", 40, &known(Language::English)).proposals[0].insert, "reason:");
    }
}
