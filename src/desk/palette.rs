//! What the palette offers in a place, and how well it fits what is typed: by Chinese, pinyin, initials or English, letters in their order.
//!
//! Pure: a list of commands in, the fitting ones out, best first.

use super::{
    filter::Sort,
    keymap::{Action, Place},
    names,
    picture::policy::Graphics,
};
use crate::language::Language;

/// Something that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// What a key of the place asks for.
    Do(Action),
    /// The queue of a unit; `None` for all.
    Unit(Option<String>),
    /// A part of the queue, or a saved view, by its place among the tabs.
    Tab(usize),
    Sort(Sort),
    Graphics(Graphics),
    Language(Language),
    /// The field of the filter, with this begun.
    Find(&'static str),
    /// A student, whatever became of the photo.
    Student,
}

/// A line of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub ask: Ask,
    /// In the user's language.
    pub words: String,
    /// In the others, and its code.
    pub also: Vec<String>,
    /// The key that does the same.
    pub key: String,
}

/// The place whose keys a panel covers up: what the palette offers is what could be pressed there.
#[must_use]
pub fn is_offered(place: Place, action: Action) -> bool {
    let moves =
        matches!(action, Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last | Action::Palette);
    // A photo is decided by the hand that lies on its key, not out of a list that covers it.
    let decides = place == Place::Review && matches!(action, Action::Approve);
    !moves && !decides
}

/// How well `typed` fits: the less, the better; `None` where it does not.
#[must_use]
pub fn fit(command: &Command, typed: &str) -> Option<u32> {
    let typed: String = typed.to_lowercase().split_whitespace().collect();
    if typed.is_empty() {
        return Some(0);
    }
    let of = |text: &str| {
        let forms = [text.to_lowercase(), names::letters(text), names::initials(text)];
        forms.iter().filter_map(|form| subsequence(form, &typed)).min()
    };
    let own = of(&command.words);
    // What another language or the code says fits a little less well than what is seen.
    own.into_iter().chain(command.also.iter().filter_map(|text| of(text).map(|fit| fit + 2))).min()
}

/// Whether the letters of `typed` stand in `text` in their order; what lies between them and before them counts against it.
fn subsequence(text: &str, typed: &str) -> Option<u32> {
    let text: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut at = 0;
    let mut cost = 0;
    for (index, wanted) in typed.chars().enumerate() {
        let found = at + text[at..].iter().position(|c| *c == wanted)?;
        let gap = u32::try_from(found - at).unwrap_or(u32::MAX);
        cost += if index == 0 { gap } else { gap * 3 };
        at = found + 1;
    }
    // Letters strewn over a long text are chance.
    (cost <= 12).then_some(cost)
}

/// The fitting commands, best first; equal ones in their own order.
#[must_use]
pub fn fitting(commands: Vec<Command>, typed: &str) -> Vec<Command> {
    let mut fits: Vec<(u32, Command)> = commands.into_iter().filter_map(|command| fit(&command, typed).map(|fit| (fit, command))).collect();
    fits.sort_by_key(|(fit, _)| *fit);
    fits.into_iter().map(|(_, command)| command).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &str, also: &str) -> Command {
        Command { ask: Ask::Student, words: words.into(), also: vec![also.into()], key: String::new() }
    }

    #[test]
    fn a_command_is_found_by_chinese_pinyin_initials_and_english() {
        let open = command("打开单位 西安分校", "open unit");
        for typed in ["打开", "西安", "dakai", "dkdw", "xafx", "xian", "open", "opun", "ou", ""] {
            assert!(fit(&open, typed).is_some(), "{typed}");
        }
        for typed in ["review", "榆林", "zz"] {
            assert_eq!(fit(&open, typed), None, "{typed}");
        }
    }

    #[test]
    fn what_begins_so_comes_first() {
        let all = vec![command("重新载入", "reload"), command("下一张", "next"), command("拒绝", "reject"), command("图像", "graphics")];
        let found: Vec<String> = fitting(all.clone(), "re").into_iter().map(|command| command.words).collect();
        assert_eq!(found, ["重新载入", "拒绝"]);
        assert_eq!(fitting(all, "tx")[0].words, "图像");
    }
}
