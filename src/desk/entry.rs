//! A line that is typed into: text, cursor, what is seen of it in so many cells. Every field of the desk is one of these.
//!
//! Pure. Letters stay as they were typed, full-width ones too: here they are text, not commands. The cursor stands between clusters, so that
//! no letter loses its accents and no wide glyph is cut.

use std::fmt;

use unicode_segmentation::UnicodeSegmentation;

use super::{
    keymap::{Code, Key},
    text,
};

/// What a field is for: what may be written down of what is typed into it, and how it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A password or a passphrase: masked on the screen, never recorded.
    Secret,
    /// Free words, which may name a student: recorded as its length only.
    Words,
    /// Names of commands: recorded as typed, but for digits and everything that is not ASCII.
    Command,
}

impl Purpose {
    /// What stands in a record for a character typed into such a field.
    #[must_use]
    pub fn recorded(self, c: char) -> char {
        match (self, c) {
            (_, ' ') => ' ',
            (Purpose::Command, c) if c.is_ascii() && !c.is_ascii_digit() => c,
            (_, c) if c.is_ascii_digit() => '0',
            (_, _) => 'x',
        }
    }
}

/// What a key did to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// The text is another.
    Changed,
    /// Only the cursor moved, or there was nothing left to delete: the key was meant for the field.
    Taken,
    /// Not a key of a field: Enter, Escape, Tab, arrows up and down, Ctrl-C.
    NotMine,
}

/// What of a field is on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Safe text that fits the cells asked for.
    pub text: String,
    /// The cell in which the cursor stands, from 0; always less than the cells asked for.
    pub cursor: u16,
    /// Something is left of what is seen.
    pub more_left: bool,
    /// Something is right of it.
    pub more_right: bool,
}

/// The most clusters that a field holds unless it says otherwise.
pub const MOST: usize = 200;

/// A field.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    text: String,
    /// Where the next letter goes, in bytes; always between clusters.
    cursor: usize,
    purpose: Purpose,
    most: usize,
}

impl fmt::Debug for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is typed is nobody's business, not even a log's.
        out.debug_struct("Field").field("purpose", &self.purpose).field("clusters", &self.len()).finish_non_exhaustive()
    }
}

impl Field {
    /// An empty field.
    #[must_use]
    pub fn new(purpose: Purpose) -> Field {
        Field { text: String::new(), cursor: 0, purpose, most: MOST }
    }

    /// The same for at most so many clusters; what is longer is cut.
    #[must_use]
    pub fn at_most(self, most: usize) -> Field {
        let Field { text, purpose, .. } = self;
        Field { text: String::new(), cursor: 0, purpose, most }.with(&text)
    }

    /// The same with this text, the cursor behind it.
    #[must_use]
    pub fn with(mut self, text: &str) -> Field {
        self.clear();
        self.insert(text);
        self
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// How many clusters it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text.graphemes(true).count()
    }

    /// The cursor's place in bytes of [`Field::text`].
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
    }

    /// The text, which the field then no longer holds.
    #[must_use]
    pub fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Puts `with` in the place of the bytes `range`, the cursor behind it. Ends that lie within a cluster are moved out to its ends.
    pub fn replace(&mut self, range: std::ops::Range<usize>, with: &str) {
        let (start, end) = (range.start.min(range.end).min(self.text.len()), range.end.min(self.text.len()));
        let start = self.boundaries().filter(|at| *at <= start).last().unwrap_or(0);
        let end = self.boundary_from(end);
        self.text.replace_range(start..end, "");
        self.cursor = start;
        self.insert(with);
    }

    /// What a key does here.
    pub fn key(&mut self, key: Key) -> Edit {
        let before = self.text.len();
        match (key.code, key.ctrl) {
            (Code::Char(c), false) => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            (Code::Backspace, false) | (Code::Char('h'), true) => self.delete(self.left()..self.cursor),
            (Code::Delete, false) | (Code::Char('d'), true) => self.delete(self.cursor..self.right()),
            (Code::Char('w'), true) | (Code::Backspace, true) => self.delete(self.word_left()..self.cursor),
            (Code::Delete, true) => self.delete(self.cursor..self.word_right()),
            (Code::Char('u'), true) => self.delete(0..self.cursor),
            (Code::Char('k'), true) => self.delete(self.cursor..self.text.len()),
            (Code::Left, false) | (Code::Char('b'), true) => self.cursor = self.left(),
            (Code::Right, false) | (Code::Char('f'), true) => self.cursor = self.right(),
            (Code::Left, true) => self.cursor = self.word_left(),
            (Code::Right, true) => self.cursor = self.word_right(),
            (Code::Home, _) | (Code::Char('a'), true) => self.cursor = 0,
            (Code::End, _) | (Code::Char('e'), true) => self.cursor = self.text.len(),
            _ => return Edit::NotMine,
        }
        if self.text.len() == before { Edit::Taken } else { Edit::Changed }
    }

    /// Puts pasted or typed text in at the cursor: line ends and tabs become blanks, other controls and invisible characters go away, and
    /// what would make the field too long is left out. Says whether anything was.
    pub fn insert(&mut self, what: &str) -> bool {
        let mut room = self.most.saturating_sub(self.len());
        let mut all = true;
        for cluster in what.graphemes(true) {
            let Some(cluster) = clean(cluster, self.purpose) else { continue };
            if room == 0 {
                all = false;
                break;
            }
            self.text.insert_str(self.cursor, &cluster);
            self.cursor += cluster.len();
            room -= 1;
        }
        // An accent joins the letter before it: the cursor goes behind both.
        self.cursor = self.boundary_from(self.cursor);
        all
    }

    /// What is seen in `cells` cells: the part around the cursor, which always has a cell of its own.
    #[must_use]
    pub fn seen(&self, cells: u16) -> Seen {
        let room = usize::from(cells).max(1);
        let pieces: Vec<(String, bool)> = self
            .text
            .grapheme_indices(true)
            .map(|(at, cluster)| (if self.purpose == Purpose::Secret { "•".to_owned() } else { text::safe(cluster) }, at < self.cursor))
            .collect();
        let before = pieces.iter().take_while(|(_, left)| *left).count();
        let wide = |range: std::ops::Range<usize>| pieces[range].iter().map(|(piece, _)| text::width(piece)).sum::<usize>();
        // From the right so far to the left that the cursor still has a cell.
        let mut start = before;
        while start > 0 && wide(start - 1..before) < room {
            start -= 1;
        }
        // One cluster that is wider than all the room is not shown at all.
        let cursor = wide(start..before);
        let (mut shown, mut used, mut end) = (String::new(), 0, start);
        for (piece, _) in &pieces[start..] {
            let step = text::width(piece);
            if used + step > room {
                break;
            }
            shown.push_str(piece);
            used += step;
            end += 1;
        }
        Seen { text: shown, cursor: u16::try_from(cursor).unwrap_or(0), more_left: start > 0, more_right: end < pieces.len() }
    }

    fn boundaries(&self) -> impl Iterator<Item = usize> + '_ {
        self.text.grapheme_indices(true).map(|(at, _)| at).chain([self.text.len()])
    }

    fn boundary_from(&self, least: usize) -> usize {
        self.boundaries().find(|at| *at >= least).unwrap_or(self.text.len())
    }

    fn left(&self) -> usize {
        self.boundaries().take_while(|at| *at < self.cursor).last().unwrap_or(0)
    }

    fn right(&self) -> usize {
        self.boundaries().find(|at| *at > self.cursor).unwrap_or(self.text.len())
    }

    /// Secrets are one word: where words end would tell of them.
    fn word_left(&self) -> usize {
        if self.purpose == Purpose::Secret {
            return 0;
        }
        let mut words = self.text[..self.cursor].unicode_word_indices().map(|(at, _)| at);
        words.next_back().map_or(0, |at| self.boundaries().filter(|boundary| *boundary <= at).last().unwrap_or(0))
    }

    fn word_right(&self) -> usize {
        if self.purpose == Purpose::Secret {
            return self.text.len();
        }
        let rest = &self.text[self.cursor..];
        let end = rest.unicode_word_indices().next().map_or(self.text.len(), |(at, word)| self.cursor + at + word.len());
        self.boundary_from(end)
    }

    fn delete(&mut self, range: std::ops::Range<usize>) {
        self.cursor = range.start;
        self.text.replace_range(range, "");
        // What was left and right of it may have become one cluster.
        self.cursor = self.boundary_from(self.cursor);
    }
}

/// A cluster as it may stand in a field; `None` for one that may not.
fn clean(cluster: &str, purpose: Purpose) -> Option<String> {
    if matches!(cluster, "\n" | "\r\n" | "\r" | "\t" | "\u{2028}" | "\u{2029}") {
        // A passphrase has no line ends; one comes along when it is copied with its line.
        return (purpose != Purpose::Secret).then(|| " ".to_owned());
    }
    let kept: String = cluster.chars().filter(|c| !text::is_hidden(*c)).collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Field {
        Field::new(Purpose::Words).with(text)
    }

    fn press(field: &mut Field, code: Code) -> Edit {
        field.key(Key::new(code))
    }

    #[test]
    fn letters_stay_as_they_were_typed() {
        let mut field = Field::new(Purpose::Words);
        for c in "ａ１张a ".chars() {
            assert_eq!(press(&mut field, Code::Char(c)), Edit::Changed);
        }
        assert_eq!(field.text(), "ａ１张a ");
    }

    #[test]
    fn the_cursor_goes_by_clusters() {
        let mut field = words("ae\u{301}张👩‍👩‍👧");
        // The joiners of the family are invisible and do not get in: three people.
        assert_eq!(field.len(), 6);
        for _ in 0..4 {
            press(&mut field, Code::Left);
        }
        press(&mut field, Code::Backspace);
        assert_eq!(field.text(), "a张👩👩👧");
        press(&mut field, Code::Delete);
        assert_eq!(field.text(), "a👩👩👧");
        press(&mut field, Code::Home);
        assert_eq!((press(&mut field, Code::Backspace), field.cursor()), (Edit::Taken, 0));
        press(&mut field, Code::End);
        assert_eq!(field.cursor(), field.text().len());
    }

    #[test]
    fn an_accent_that_comes_alone_joins_its_letter() {
        let mut field = words("ab");
        press(&mut field, Code::Left);
        field.insert("\u{301}");
        assert_eq!((field.text(), field.cursor(), field.len()), ("a\u{301}b", 3, 2));
    }

    #[test]
    fn words_are_deleted_whole() {
        let mut field = words("unit:xa reason blur");
        field.key(Key::ctrl('w'));
        assert_eq!(field.text(), "unit:xa reason ");
        field.key(Key { code: Code::Left, ctrl: true, repeat: false });
        field.key(Key::ctrl('k'));
        assert_eq!(field.text(), "unit:xa ");
        field.key(Key::ctrl('u'));
        assert!(field.is_empty());
    }

    #[test]
    fn what_is_pasted_can_do_nothing() {
        let mut field = words("<>");
        press(&mut field, Code::Left);
        assert!(field.insert("\u{1b}[2J张\r\n三\t\u{202e}\u{7}x\u{200b}"));
        assert_eq!(field.text(), "<[2J张 三 x>");
        let mut short = Field::new(Purpose::Words).at_most(3);
        assert!(!short.insert("一二三四五"));
        assert_eq!(short.text(), "一二三");
    }

    #[test]
    fn a_secret_shows_as_dots_and_is_never_printed() {
        let mut field = Field::new(Purpose::Secret);
        field.insert("päss 词\n");
        assert_eq!(field.text(), "päss 词");
        assert_eq!(field.seen(20).text, "••••••");
        let printed = format!("{field:?}");
        assert!(!printed.contains("ss") || !printed.contains('词'), "{printed}");
        field.key(Key::ctrl('w'));
        assert!(field.is_empty(), "where words end tells of a secret");
        assert_eq!("a1 张".chars().map(|c| Purpose::Secret.recorded(c)).collect::<String>(), "x0 x");
        assert_eq!("go 张1".chars().map(|c| Purpose::Command.recorded(c)).collect::<String>(), "go x0");
    }

    #[test]
    fn keys_of_the_desk_are_left_to_it() {
        let mut field = words("x");
        for code in [Code::Enter, Code::Escape, Code::Tab, Code::Up, Code::Down, Code::Other] {
            assert_eq!(press(&mut field, code), Edit::NotMine);
        }
        assert_eq!(field.key(Key::ctrl('c')), Edit::NotMine);
        assert_eq!(field.key(Key::ctrl('z')), Edit::NotMine);
    }

    #[test]
    fn a_long_text_is_seen_around_its_cursor() {
        let mut field = words("照审台的一行字");
        let seen = field.seen(7);
        assert_eq!((seen.text.as_str(), seen.cursor, seen.more_left, seen.more_right), ("一行字", 6, true, false));
        press(&mut field, Code::Home);
        let seen = field.seen(7);
        assert_eq!((seen.text.as_str(), seen.cursor, seen.more_left, seen.more_right), ("照审台", 0, false, true));
    }

    #[test]
    fn a_piece_is_put_in_the_place_of_another() {
        let mut field = words("unit:x check:blur");
        field.replace(5..6, "西安 ");
        assert_eq!((field.text(), field.cursor()), ("unit:西安  check:blur", 12));
        field.replace(6..7, "");
        assert_eq!(field.text(), "unit:安  check:blur");
    }

    proptest! {
        #[test]
        fn whatever_is_typed_the_cursor_stands_between_clusters(
            start in any::<String>(), cells in 0u16..30,
            keys in proptest::collection::vec((0usize..14, any::<bool>(), any::<char>()), 0..40)
        ) {
            let mut field = words(&start);
            for (which, ctrl, c) in keys {
                let codes = [Code::Left, Code::Right, Code::Home, Code::End, Code::Backspace, Code::Delete, Code::Char('w'), Code::Char('k')];
                let code = codes.get(which).copied().unwrap_or(Code::Char(c));
                field.key(Key { code, ctrl, repeat: false });
                prop_assert!(field.boundaries().any(|at| at == field.cursor));
                prop_assert!(field.len() <= MOST);
                let seen = field.seen(cells);
                prop_assert!(text::width(&seen.text) <= usize::from(cells.max(1)));
                prop_assert!(seen.cursor < cells.max(1));
                prop_assert!(field.text().chars().all(|c| !text::is_hidden(c)));
            }
        }
    }
}
