//! Bytes from the terminal into keys and answers, for the whole session: one parser, so that an answer that comes late, in pieces or between
//! keys is never taken for keys, and no key is ever eaten by an answer.
//!
//! Pure. What is not understood is swallowed whole, never read as letters.

use crate::desk::keymap::{Code, Key};

/// What a terminal sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Key(Key),
    Answer(Answer),
    /// Text that was pasted, whole; where no field is open it is nothing.
    Paste(String),
}

/// An answer to one of the probe's questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Primary device attributes: every terminal gives them, so they end the probe.
    Attributes(Vec<u16>),
    /// Kitty's graphics: the id asked with, and whether it was well.
    Graphics { id: u32, ok: bool },
    /// Pixels of a cell: width, height.
    Cell(u16, u16),
    /// Pixels of the whole text area: width, height.
    Area(u16, u16),
    /// Where the cursor is: row, column, from 1.
    Cursor(u16, u16),
    /// Name and version of the terminal.
    Version(String),
    /// It is there, and has taken in everything before the question.
    There,
}

/// A longer string from a terminal is nonsense.
const LONGEST: usize = 4096;
/// More of a paste than this is left out: no field holds as much.
const MOST_PASTED: usize = 4096;
const PASTE_ENDS: &[u8] = b"\x1b[201~";
const ESC: u8 = 0x1b;

/// The parser: keeps what is not complete yet.
#[derive(Debug, Default)]
pub struct Parser {
    bytes: Vec<u8>,
    /// What was pasted so far, while its end has not come.
    pasted: Option<Vec<u8>>,
}

enum Step {
    /// So many bytes are done with, and were this.
    Took(usize, Option<Input>),
    /// Not complete.
    More,
}

impl Parser {
    /// Takes bytes in and gives out what is complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.bytes.extend_from_slice(bytes);
        let mut out = Vec::new();
        let mut at = 0;
        while at < self.bytes.len() {
            if self.pasted.is_some() {
                match self.paste(at, &mut out) {
                    Some(after) => at = after,
                    None => return out,
                }
                continue;
            }
            match step(&self.bytes[at..]) {
                Step::More if self.bytes.len() - at > LONGEST => at = self.bytes.len(),
                Step::More => break,
                Step::Took(used, input) => {
                    match &self.bytes[at..at + used] {
                        b"\x1b[200~" => self.pasted = Some(Vec::new()),
                        PASTE_ENDS => {}
                        _ => out.extend(input),
                    }
                    at += used;
                }
            }
        }
        self.bytes.drain(..at);
        out
    }

    /// Takes what is pasted, from `at` on; gives out where it ended, and `None` where its end is still to come.
    fn paste(&mut self, at: usize, out: &mut Vec<Input>) -> Option<usize> {
        let bytes = &self.bytes[at..];
        let end = bytes.windows(PASTE_ENDS.len()).position(|window| window == PASTE_ENDS);
        // Out of a paste whose end never came.
        let broken = bytes.iter().position(|byte| *byte == 0x03);
        if let Some(broken) = broken.filter(|broken| end.is_none_or(|end| *broken < end)) {
            self.pasted = None;
            return Some(at + broken);
        }
        let pasted = self.pasted.get_or_insert_default();
        let keep = |pasted: &mut Vec<u8>, bytes: &[u8]| pasted.extend(bytes.iter().take(MOST_PASTED.saturating_sub(pasted.len())));
        if let Some(end) = end {
            keep(pasted, &bytes[..end]);
            let whole = self.pasted.take().unwrap_or_default();
            // A character may have been cut by the limit: its half is no character.
            out.push(Input::Paste(String::from_utf8_lossy(&whole).trim_end_matches('\u{FFFD}').to_owned()));
            return Some(at + end + PASTE_ENDS.len());
        }
        // The last bytes may be the beginning of the end.
        let may_end = (1..PASTE_ENDS.len()).rev().find(|length| bytes.ends_with(&PASTE_ENDS[..*length])).unwrap_or(0);
        keep(pasted, &bytes[..bytes.len() - may_end]);
        self.bytes.drain(..self.bytes.len() - may_end);
        None
    }

    /// Whether something waits for its end.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// No more bytes came: a lone escape was the key; anything else was broken off.
    pub fn flush(&mut self) -> Option<Input> {
        if self.pasted.is_some() {
            // The end of a paste may be on a slow line: its first half is kept.
            return None;
        }
        let bytes = std::mem::take(&mut self.bytes);
        (bytes == [ESC]).then_some(Input::Key(Key::new(Code::Escape)))
    }
}

fn key(code: Code) -> Option<Input> {
    Some(Input::Key(Key::new(code)))
}

fn step(bytes: &[u8]) -> Step {
    match *bytes {
        [ESC] => Step::More,
        [ESC, b'[', ..] => control(bytes),
        [ESC, b'O'] => Step::More,
        [ESC, b'O', last, ..] => Step::Took(3, letter_key(last).and_then(key)),
        [ESC, b'_' | b'P' | b']' | b'^' | b'X', ..] => string(bytes),
        // Escape, and right behind it another key that has no Alt form: two keys of a fast hand.
        [ESC, 0..=31 | 0x7f, ..] => Step::Took(1, key(Code::Escape)),
        [ESC, ..] => match character(&bytes[1..]) {
            // Alt with a character: not ours.
            Some((used, _)) => Step::Took(1 + used, key(Code::Other)),
            None => Step::More,
        },
        [b'\r' | b'\n', ..] => Step::Took(1, key(Code::Enter)),
        [b'\t', ..] => Step::Took(1, key(Code::Tab)),
        [0x7f | 0x08, ..] => Step::Took(1, key(Code::Backspace)),
        [c @ 1..=26, ..] => Step::Took(1, Some(Input::Key(Key::ctrl(char::from(c - 1 + b'a'))))),
        [0..=31, ..] => Step::Took(1, key(Code::Other)),
        _ => match character(bytes) {
            Some((used, Some(c))) => Step::Took(used, Some(Input::Key(Key::char(c)))),
            Some((used, None)) => Step::Took(used, None),
            None => Step::More,
        },
    }
}

/// One UTF-8 character: bytes used and the character, if it is one; `None` when its end is missing.
fn character(bytes: &[u8]) -> Option<(usize, Option<char>)> {
    let length = match bytes.first()? {
        0..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Some((1, None)),
    };
    // A byte that does not continue ends the broken character; it is looked at again by itself.
    if let Some(broken) = (1..length.min(bytes.len())).find(|at| bytes[*at] & 0xc0 != 0x80) {
        return Some((broken, None));
    }
    let whole = bytes.get(..length)?;
    Some((length, std::str::from_utf8(whole).ok().and_then(|text| text.chars().next())))
}

/// `ESC [ … final`.
fn control(bytes: &[u8]) -> Step {
    let Some(end) = bytes[2..].iter().position(|byte| !(0x20..=0x3f).contains(byte)).map(|at| at + 2) else { return Step::More };
    let last = bytes[end];
    if !(0x40..=0x7e).contains(&last) {
        // Broken off by another byte, which is looked at again by itself.
        return Step::Took(end, None);
    }
    let body = String::from_utf8_lossy(&bytes[2..end]).into_owned();
    let (private, numbers) = match body.chars().next() {
        Some(mark @ ('?' | '>' | '<' | '=')) => (Some(mark), &body[1..]),
        _ => (None, &body[..]),
    };
    let fields: Vec<Vec<u16>> = numbers.split(';').map(|field| field.split(':').map(|n| n.parse().unwrap_or(0)).collect()).collect();
    let number = |index: usize| fields.get(index).and_then(|field| field.first()).copied().unwrap_or(0);
    let input = match (private, last) {
        (Some('?'), b'c') => Some(Input::Answer(Answer::Attributes(fields.iter().map(|field| field[0]).collect()))),
        (Some(_), _) => None,
        (None, b't') if number(0) == 6 => Some(Input::Answer(Answer::Cell(number(2), number(1)))),
        (None, b't') if number(0) == 4 => Some(Input::Answer(Answer::Area(number(2), number(1)))),
        (None, b't') => None,
        (None, b'n') if numbers == "0" => Some(Input::Answer(Answer::There)),
        (None, b'n') => None,
        (None, b'R') if fields.len() == 2 => Some(Input::Answer(Answer::Cursor(number(0), number(1)))),
        (None, _) => modified(&fields, last),
    };
    Step::Took(end + 1, input)
}

/// A key written as a control sequence, with modifiers and kinds of event as kitty writes them.
fn modified(fields: &[Vec<u16>], last: u8) -> Option<Input> {
    let field = |index: usize, sub: usize| fields.get(index).and_then(|field: &Vec<u16>| field.get(sub)).copied().unwrap_or(0);
    let (modifiers, kind) = (field(1, 0).saturating_sub(1), field(1, 1));
    if kind == 3 {
        return None; // released
    }
    let code = match (last, field(0, 0)) {
        (b'~', 1 | 7) => Code::Home,
        (b'~', 4 | 8) => Code::End,
        (b'~', 3) => Code::Delete,
        (b'~', 5) => Code::PageUp,
        (b'~', 6) => Code::PageDown,
        (b'~', _) => Code::Other,
        (b'Z', _) => Code::BackTab,
        (b'u', 13) => Code::Enter,
        (b'u', 27) => Code::Escape,
        (b'u', 9) if modifiers & 1 != 0 => Code::BackTab,
        (b'u', 9) => Code::Tab,
        (b'u', 127) => Code::Backspace,
        (b'u', code) => char::from_u32(u32::from(code)).filter(|c| !c.is_control()).map_or(Code::Other, Code::Char),
        (letter, _) => letter_key(letter)?,
    };
    let ctrl = modifiers & 4 != 0;
    Some(Input::Key(Key { code, ctrl, repeat: kind == 2 }))
}

fn letter_key(letter: u8) -> Option<Code> {
    Some(match letter {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'M' => Code::Enter,
        b'P'..=b'S' => Code::Other,
        _ => return None,
    })
}

/// `ESC _ … ESC \` and its like; an OSC may end with BEL.
fn string(bytes: &[u8]) -> Step {
    let mut at = 2;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (7, _) if bytes[1] == b']' => return Step::Took(at + 1, None),
            (ESC, None) => return Step::More,
            (ESC, Some(b'\\')) => return Step::Took(at + 2, answer(bytes[1], &bytes[2..at])),
            // Another sequence begins: this one was broken off.
            (ESC, Some(_)) => return Step::Took(at, None),
            _ => at += 1,
        }
    }
    Step::More
}

fn answer(kind: u8, body: &[u8]) -> Option<Input> {
    let body = String::from_utf8_lossy(body);
    match kind {
        b'_' => {
            let (control, message) = body.strip_prefix('G')?.split_once(';')?;
            let id = control.split(',').find_map(|pair| pair.strip_prefix("i="))?.parse().ok()?;
            Some(Input::Answer(Answer::Graphics { id, ok: message == "OK" }))
        }
        b'P' => body.strip_prefix(">|").map(|version| Input::Answer(Answer::Version(version.to_owned()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SESSION: &[u8] =
        b"a\x1b_Gi=31;OK\x1b\\j\x1b[6;18;9t\x1b[B\x1bP>|XTerm(379)\x1b\\\xe5\xae\xa1\x1b[1;2R\x1b]11;rgb:0/0/0\x07x\x1b[200~p\xe7\x85\xa7\x1b[2\x1b[201~\x1b[?64;4;22cq";

    fn session() -> Vec<Input> {
        use Input::Answer as A;
        vec![
            Input::Key(Key::char('a')),
            A(Answer::Graphics { id: 31, ok: true }),
            Input::Key(Key::char('j')),
            A(Answer::Cell(9, 18)),
            Input::Key(Key::new(Code::Down)),
            A(Answer::Version("XTerm(379)".into())),
            Input::Key(Key::char('审')),
            A(Answer::Cursor(1, 2)),
            Input::Key(Key::char('x')),
            Input::Paste("p照\u{1b}[2".into()),
            A(Answer::Attributes(vec![64, 4, 22])),
            Input::Key(Key::char('q')),
        ]
    }

    #[test]
    fn a_paste_whose_end_is_late_or_never_comes_is_left_again() {
        let mut parser = Parser::default();
        assert_eq!(parser.feed(b"\x1b[200~secret\x1b[20"), vec![]);
        assert_eq!(parser.flush(), None);
        assert_eq!(parser.feed(b"1~a"), vec![Input::Paste("secret".into()), Input::Key(Key::char('a'))]);
        assert_eq!(parser.feed(b"\x1b[200~text"), vec![]);
        assert_eq!(parser.feed(b"\x03a"), vec![Input::Key(Key::ctrl('c')), Input::Key(Key::char('a'))]);
    }

    #[test]
    fn answers_and_keys_are_told_apart_wherever_the_bytes_are_split() {
        for split in 0..=SESSION.len() {
            let mut parser = Parser::default();
            let mut inputs = parser.feed(&SESSION[..split]);
            inputs.extend(parser.feed(&SESSION[split..]));
            assert_eq!(inputs, session(), "split at {split}");
        }
        let mut parser = Parser::default();
        let inputs: Vec<Input> = SESSION.iter().flat_map(|byte| parser.feed(&[*byte])).collect();
        assert_eq!(inputs, session());
        assert!(!parser.waits());
    }

    #[test]
    fn a_lone_escape_is_the_key_once_nothing_follows() {
        let mut parser = Parser::default();
        assert!(parser.feed(b"\x1b").is_empty() && parser.waits());
        assert_eq!(parser.flush(), Some(Input::Key(Key::new(Code::Escape))));
        assert!(parser.feed(b"\x1b_G").is_empty());
        assert_eq!((parser.flush(), parser.feed(b"j")), (None, vec![Input::Key(Key::char('j'))]));
    }

    #[test]
    fn keys_in_their_many_spellings() {
        let one = |bytes: &[u8]| Parser::default().feed(bytes);
        let key = |code| vec![Input::Key(Key::new(code))];
        assert_eq!(one(b"\x1b[5~"), key(Code::PageUp));
        assert_eq!(one(b"\x1bOA"), key(Code::Up));
        assert_eq!(one(b"\x1b[H"), key(Code::Home));
        assert_eq!(one(b"\x1b[Z"), key(Code::BackTab));
        assert_eq!(one(b"\r"), key(Code::Enter));
        assert_eq!(one(b"\x03"), vec![Input::Key(Key::ctrl('c'))]);
        assert_eq!(one(b"\x1b[97;1:2u"), vec![Input::Key(Key { code: Code::Char('a'), ctrl: false, repeat: true })]);
        assert_eq!(one(b"\x1b[97;1:3u"), vec![]);
        assert_eq!(one(b"\x1b[99;5u"), vec![Input::Key(Key::ctrl('c'))]);
        assert_eq!(one("ａ".as_bytes()), vec![Input::Key(Key::char('ａ'))]);
    }

    #[test]
    fn pasted_text_is_no_command() {
        let inputs = Parser::default().feed(b"\x1b[200~aaxq\r\x1b[201~s");
        assert_eq!(inputs, vec![Input::Paste("aaxq\r".into()), Input::Key(Key::char('s'))]);
        assert_eq!(Parser::default().feed(b"\x1b[201~s"), vec![Input::Key(Key::char('s'))]);
    }

    #[test]
    fn a_paste_without_measure_is_cut_and_ends_all_the_same() {
        let mut parser = Parser::default();
        assert_eq!(parser.feed(b"\x1b[200~"), vec![]);
        for _ in 0..1000 {
            assert_eq!(parser.feed("照审照审照审照审照审".as_bytes()), vec![]);
            assert!(parser.bytes.len() < 8, "memory grows");
        }
        let inputs = parser.feed(b"\x1b[201~s");
        let [Input::Paste(text), Input::Key(_)] = &inputs[..] else { panic!("{inputs:?}") };
        assert!(text.len() <= MOST_PASTED && text.len() > MOST_PASTED - 4 && text.ends_with(['照', '审']));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same(
            pieces in proptest::collection::vec(prop_oneof![
                4 => proptest::collection::vec(any::<u8>(), 1..20),
                1 => Just(b"\x1b[200~".to_vec()),
                1 => Just(PASTE_ENDS.to_vec()),
                1 => Just(vec![0x03]),
            ], 0..20),
            split in 0usize..200,
        ) {
            let bytes = pieces.concat();
            let split = split.min(bytes.len());
            let mut whole = Parser::default();
            let mut pieces = Parser::default();
            let mut inputs = pieces.feed(&bytes[..split]);
            inputs.extend(pieces.feed(&bytes[split..]));
            prop_assert_eq!(whole.feed(&bytes), inputs);
        }
    }
}
