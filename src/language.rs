//! The languages of the house and the one way to a user-facing text.
//!
//! Texts live in `locales/*.<language>.yml`. The language is always an argument: there is no current locale, so that a server can answer
//! two people in two languages at once.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::check::{Check, Unit};

/// A language of the interface. Chinese first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "zh-CN")]
    Chinese,
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// Every language that has texts.
    pub const ALL: [Language; 2] = [Language::Chinese, Language::English];

    /// The tag under which its texts are filed.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        }
    }

    /// Reads a tag or a POSIX locale (`en`, `en_GB.UTF-8`, `zh-CN`); `None` for what says nothing (`C`, `POSIX`, empty, other languages).
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Language> {
        let lower = tag.to_ascii_lowercase();
        match lower.split(['-', '_', '.', '@']).next() {
            Some("zh") => Some(Language::Chinese),
            Some("en") => Some(Language::English),
            _ => None,
        }
    }
}

/// The text of `key` with every `%{name}` replaced by its parameter. A key without a text in this language is read
/// in English, one without any comes back as it is.
#[must_use]
pub fn text(language: Language, key: &str, parameters: &[(&str, &str)]) -> String {
    let template = template(language, key).or_else(|| template(Language::English, key)).unwrap_or(Cow::Borrowed(key));
    fill(&template, parameters)
}

/// Why a check's verdict is what it is, in words: the check's own text under `why.<check>.<why>`, else the common one under `why.<why>`.
///
/// A text may use `value`, `min`, `max` and `by`, the distance to the limit, all rounded as the unit is read. Where that would round a
/// miss away, digits are added until it shows.
#[must_use]
pub fn why(language: Language, check: &Check) -> String {
    let own = format!("why.{}.{}", check.id.code(), check.why.code());
    let key = if has_text(language, &own) { own } else { format!("why.{}", check.why.code()) };
    let by = check.margin.map(f64::abs);
    let fewest = digits(check);
    let shows = |digits: &usize| by.is_none_or(|by| by < 1e-4 || by >= 0.5 * 0.1f64.powi(*digits as i32));
    let digits = (fewest..=4).find(shows).unwrap_or(fewest);
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.digits$}"));
    let limit = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.fewest$}"));
    text(
        language,
        &key,
        &[("value", &number(check.value)), ("min", &limit(check.limit.min)), ("max", &limit(check.limit.max)), ("by", &number(by))],
    )
}

/// Digits after the point that a check's value and limits are read with: those of its unit, and as many as its limits have.
#[must_use]
pub fn digits(check: &Check) -> usize {
    const MOST: usize = 4;
    let usual = match check.unit {
        Unit::Ratio => 2,
        Unit::Degrees => 1,
        Unit::Pixels | Unit::Level | Unit::Bytes | Unit::Count | Unit::Dpi => 0,
    };
    let of = |limit: f64| format!("{limit:.MOST$}").trim_end_matches('0').rsplit_once('.').map_or(0, |(_, digits)| digits.len());
    [check.limit.min, check.limit.max].into_iter().flatten().map(of).fold(usual, usize::max)
}

/// Whether `key` has a text of its own in `language`.
#[must_use]
pub fn has_text(language: Language, key: &str) -> bool {
    template(language, key).is_some()
}

fn template<'k>(language: Language, key: &'k str) -> Option<Cow<'k, str>> {
    crate::_rust_i18n_try_translate(language.tag(), key)
}

/// One pass from left to right, so that a parameter that itself reads `%{…}` is not filled in again.
fn fill(template: &str, parameters: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(start) = rest.find("%{") {
        out.push_str(&rest[..start]);
        let tail = &rest[start + 2..];
        match tail.find('}') {
            Some(end) => {
                match parameters.iter().find(|(name, _)| *name == &tail[..end]) {
                    Some((_, value)) => out.push_str(value),
                    None => out.push_str(&rest[start..start + 3 + end]),
                }
                rest = &tail[end + 1..];
            }
            None => {
                out.push_str(&rest[start..]);
                return out;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        check::{CheckId, Limit, Why},
        comparison::Band,
        id_card::{CardFault, CardMatch},
        reason::Reason,
    };

    #[test]
    fn a_check_says_by_how_much_in_its_own_words_or_in_the_common_ones() {
        let fail = Limit { min: Some(200.0), max: Some(300.0) };
        let low = Check::judge(CheckId::EyeLine, 318.2, Limit::default(), fail);
        for language in Language::ALL {
            assert!(why(language, &low).contains("18 px"), "{}", why(language, &low));
        }
        let hair = Limit { min: Some(50.0), max: Some(110.0) };
        let barely = Check::judge(CheckId::HairTop, 49.6, Limit::default(), hair);
        assert!(why(Language::English, &barely).contains("0.4 px"), "a miss is never rounded away: {}", why(Language::English, &barely));
        let share = Limit { min: None, max: Some(0.004) };
        let burnt = Check::judge(CheckId::Overexposed, 0.0061, Limit::default(), share);
        assert!(why(Language::English, &burnt).contains("0.004"), "a limit is told whole: {}", why(Language::English, &burnt));
        let unjudged = Check::unknown(CheckId::HairTop, Why::NoFace);
        assert_eq!(why(Language::English, &unjudged), text(Language::English, "why.no_face", &[]));
    }

    #[test]
    fn parameters_are_filled_once_and_unknown_ones_stay() {
        assert_eq!(fill("%{a} and %{b} %{", &[("a", "%{b}")]), "%{b} and %{b} %{");
        assert_eq!(fill("第 %{row} 行", &[("row", "3")]), "第 3 行");
    }

    #[test]
    fn posix_locales_are_understood() {
        assert_eq!(Language::from_tag("en_GB.UTF-8"), Some(Language::English));
        assert_eq!(Language::from_tag("zh_CN.GB18030"), Some(Language::Chinese));
        assert_eq!(Language::from_tag("C.UTF-8"), None);
    }

    #[test]
    fn every_role_is_named_by_the_server_and_by_its_clients() {
        for role in crate::domain::access::Role::ALL {
            for key in [format!("role.{}", role.code()), format!("output.role.{}", role.code())] {
                assert!(Language::ALL.iter().all(|language| has_text(*language, &key)), "{key}");
            }
        }
    }

    #[test]
    fn every_code_of_the_domain_has_a_text_in_every_language() {
        let keys = Reason::ALL
            .iter()
            .flat_map(|reason| [format!("reason.{}.short", reason.code()), format!("reason.{}.help", reason.code())])
            .chain(CheckId::ALL.iter().map(|id| format!("check.{}", id.code())))
            .chain([Band::Same, Band::Doubtful, Band::Different].map(|band| format!("band.{}", band.code())))
            .chain(CardFault::ALL.map(|fault| format!("card_fault.{}", fault.code())))
            .chain([CardMatch::Match, CardMatch::Mismatch, CardMatch::Unclear].map(|found| format!("card_match.{}", found.code())));
        for key in keys {
            for language in Language::ALL {
                assert!(has_text(language, &key), "{} has no text for {key}", language.tag());
            }
        }
    }

    #[test]
    fn a_reason_fits_a_notice() {
        for reason in Reason::ALL {
            let short = text(Language::Chinese, &format!("reason.{}.short", reason.code()), &[]);
            assert!(short.chars().count() <= 20, "{short} is longer than a WeChat thing field");
        }
    }
}
