//! What a terminal is asked and what it answers. A program's output goes through [`Listener`], which finds the questions in it; what a
//! terminal would answer to each is [`Answers`]. Also counts pictures, so that a test can say that none was sent twice.

/// What the terminal under a test answers. Every field that is absent makes it silent about that.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Primary device attributes, such as `62;4;22` (4: sixel).
    pub attributes: Option<&'static str>,
    /// Width and height of a cell in pixels.
    pub cell: Option<(u16, u16)>,
    /// The kitty graphics protocol.
    pub kitty: bool,
    /// Name and version, as XTVERSION tells them.
    pub version: Option<&'static str>,
    /// Background colour.
    pub background: Option<(u8, u8, u8)>,
    /// Where the cursor is.
    pub cursor: bool,
}

impl Answers {
    /// A terminal that never answers anything.
    pub fn silent() -> Answers {
        Answers::default()
    }

    /// An xterm-like terminal without pictures.
    pub fn plain() -> Answers {
        Answers { attributes: Some("62;22"), cell: Some((10, 20)), background: Some((0, 0, 0)), cursor: true, ..Answers::default() }
    }

    /// The same with sixel.
    pub fn sixel() -> Answers {
        Answers { attributes: Some("62;4;22"), ..Answers::plain() }
    }

    /// The same with the kitty graphics protocol.
    pub fn kitty() -> Answers {
        Answers { kitty: true, version: Some("kitty(0.42.0)"), ..Answers::plain() }
    }

    /// The answer to one question, if this terminal has one. `cursor` is (row, column) from 0, `size` (rows, columns).
    fn to(&self, question: &Sequence, cursor: (u16, u16), size: (u16, u16)) -> Option<String> {
        match question {
            Sequence::Csi(text) => match text.as_str() {
                "c" | "0c" => self.attributes.map(|attributes| format!("\x1b[?{attributes}c")),
                "5n" => self.cursor.then(|| "\x1b[0n".to_owned()),
                "6n" => self.cursor.then(|| format!("\x1b[{};{}R", cursor.0 + 1, cursor.1 + 1)),
                "14t" => self.cell.map(|(width, height)| format!("\x1b[4;{};{}t", height * size.0, width * size.1)),
                "16t" => self.cell.map(|(width, height)| format!("\x1b[6;{height};{width}t")),
                "18t" => self.cell.map(|_| format!("\x1b[8;{};{}t", size.0, size.1)),
                ">q" | ">0q" => self.version.map(|version| format!("\x1bP>|{version}\x1b\\")),
                _ => None,
            },
            Sequence::Osc(text) if text == "11;?" => self
                .background
                .map(|(red, green, blue)| format!("\x1b]11;rgb:{red:02x}{red:02x}/{green:02x}{green:02x}/{blue:02x}{blue:02x}\x1b\\")),
            Sequence::Apc(text) if self.kitty && text.starts_with('G') && control(text, "a") == Some("q") => {
                control(text, "i").map(|id| format!("\x1b_Gi={id};OK\x1b\\"))
            }
            _ => None,
        }
    }
}

/// The value of one key in the control part of a kitty graphics command (`Ga=T,f=100;…`).
fn control<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.trim_start_matches('G').split(';').next()?.split(',').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
}

/// An escape sequence, without its introducer and terminator. Of a long one only the beginning is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sequence {
    Csi(String),
    Osc(String),
    Apc(String),
    Dcs(String),
}

const KEPT: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    Csi,
    /// Inside a string that this byte opened (`]`, `_`, `P`).
    Text(u8),
    /// The same after an escape, which may end it.
    TextEscape(u8),
}

/// Follows a program's output.
#[derive(Debug)]
pub struct Listener {
    state: State,
    kept: String,
    /// Pictures sent so far: sixel images, kitty transmissions (first chunks), iTerm2 files.
    pub pictures: usize,
    /// Whether the next kitty command continues a picture that is already counted.
    continued: bool,
}

impl Listener {
    pub fn new() -> Listener {
        Listener { state: State::Ground, kept: String::new(), pictures: 0, continued: false }
    }

    /// Takes a piece of output and returns what a terminal with these `answers` types back.
    pub fn hear(&mut self, output: &[u8], answers: &Answers, cursor: (u16, u16), size: (u16, u16)) -> String {
        let mut reply = String::new();
        for byte in output {
            if let Some(sequence) = self.step(*byte) {
                self.count(&sequence);
                reply.extend(answers.to(&sequence, cursor, size));
            }
        }
        reply
    }

    fn count(&mut self, sequence: &Sequence) {
        match sequence {
            Sequence::Apc(text) if text.starts_with('G') => {
                let transmits = matches!(control(text, "a"), Some("t" | "T")) && !self.continued;
                self.pictures += usize::from(transmits);
                self.continued = control(text, "m") == Some("1");
            }
            Sequence::Osc(text) if text.starts_with("1337;File=") => self.pictures += 1,
            // A sixel image: parameters, then q. XTGETTCAP (`+q`) and DECRQSS (`$q`) are questions.
            Sequence::Dcs(text) if text.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('q') => self.pictures += 1,
            _ => {}
        }
    }

    fn step(&mut self, byte: u8) -> Option<Sequence> {
        let (next, done) = match (self.state, byte) {
            (State::Ground, 0x1b) => (State::Escape, None),
            (State::Ground, _) => (State::Ground, None),
            (State::Escape, b'[') => (State::Csi, None),
            (State::Escape, b']' | b'_' | b'P') => (State::Text(byte), None),
            (State::Escape, 0x1b) => (State::Escape, None),
            (State::Escape, _) => (State::Ground, None),
            (State::Csi, 0x40..=0x7e) => {
                self.keep(byte);
                (State::Ground, Some(Sequence::Csi(std::mem::take(&mut self.kept))))
            }
            (State::Csi, _) => {
                self.keep(byte);
                (State::Csi, None)
            }
            (State::Text(opener), 0x1b) => (State::TextEscape(opener), None),
            (State::Text(b']'), 0x07) => (State::Ground, Some(self.text(b']'))),
            (State::Text(opener), _) => {
                self.keep(byte);
                (State::Text(opener), None)
            }
            (State::TextEscape(opener), b'\\') => (State::Ground, Some(self.text(opener))),
            // Anything else cuts the string short and starts anew.
            (State::TextEscape(_), _) => {
                self.kept.clear();
                self.state = State::Escape;
                return self.step(byte);
            }
        };
        self.state = next;
        done
    }

    fn keep(&mut self, byte: u8) {
        if self.kept.len() < KEPT {
            self.kept.push(char::from(byte));
        }
    }

    fn text(&mut self, opener: u8) -> Sequence {
        let text = std::mem::take(&mut self.kept);
        match opener {
            b']' => Sequence::Osc(text),
            b'_' => Sequence::Apc(text),
            _ => Sequence::Dcs(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies(output: &str, answers: &Answers) -> String {
        Listener::new().hear(output.as_bytes(), answers, (4, 9), (24, 80))
    }

    #[test]
    fn questions_are_found_however_the_output_is_cut() {
        let output = "text\x1b[31m\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[6n\x1b]11;?\x07\x1b[>0q\x1b[c";
        let whole = replies(output, &Answers::kitty());
        assert_eq!(
            whole,
            "\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[5;10R\x1b]11;rgb:0000/0000/0000\x1b\\\x1bP>|kitty(0.42.0)\x1b\\\x1b[?62;22c"
        );
        let mut listener = Listener::new();
        let in_bytes: String = output.bytes().map(|byte| listener.hear(&[byte], &Answers::kitty(), (4, 9), (24, 80))).collect();
        assert_eq!(in_bytes, whole);
        assert_eq!(replies(output, &Answers::silent()), "");
        assert!(!replies(output, &Answers::sixel()).contains("OK"));
    }

    #[test]
    fn each_picture_counts_once() {
        let mut listener = Listener::new();
        let mut hear = |output: &str| {
            listener.hear(output.as_bytes(), &Answers::silent(), (0, 0), (24, 80));
            listener.pictures
        };
        assert_eq!(hear("\x1bP0;1q\"1;1;10;10#0~\x1b\\"), 1);
        assert_eq!(hear("\x1bP+q544e\x1b\\\x1bP$qm\x1b\\"), 1, "a question is no picture");
        assert_eq!(hear("\x1b_Ga=T,f=100,m=1;AAAA\x1b\\\x1b_Gm=1;AAAA\x1b\\\x1b_Gm=0;AAAA\x1b\\"), 2);
        assert_eq!(hear("\x1b_Ga=p,i=1\x1b\\\x1b_Ga=d\x1b\\"), 2, "placing and deleting send nothing");
        assert_eq!(hear("\x1b]1337;File=inline=1:AAAA\x07"), 3);
    }
}
