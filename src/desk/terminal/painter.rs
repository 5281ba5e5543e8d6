//! What of the pictures is in the terminal already, and which bytes bring the rest: names are sent once and forgotten when nobody wants them
//! any more; what is painted is painted again only where it changed.
//!
//! Pure: it gives bytes back. The order of a frame is the loop's: a name may stand over a picture only when both are the same student's.

use std::collections::HashSet;

use ratatui::layout::Rect;

use crate::desk::picture::{Painted, Picture, kitty};

/// The pictures in the terminal.
#[derive(Debug, Default)]
pub struct Painter {
    sent: HashSet<kitty::Name>,
    painted: Vec<(Painted, u64)>,
    /// tmux hands on what is wrapped.
    wrapped: bool,
}

impl Painter {
    /// A painter of a terminal in which nothing is yet; `wrapped` where a tmux stands between that passes graphics on.
    pub fn wrap(&mut self, wrapped: bool) {
        self.wrapped = wrapped;
    }

    /// The screen was cleared: what was painted is gone; what has a name is still known.
    pub fn cleared(&mut self) {
        self.painted.clear();
    }

    /// The terminal was made to forget everything.
    pub fn forgotten(&mut self) {
        self.cleared();
        self.sent.clear();
    }

    /// What of this frame was painted before: for those who sweep.
    #[must_use]
    pub fn before(&self) -> Vec<Painted> {
        self.painted.iter().map(|(painted, _)| *painted).collect()
    }

    /// Sends a picture that has a name, unless it is there.
    #[must_use]
    pub fn send(&mut self, picture: &Picture) -> Vec<u8> {
        match picture.transmission() {
            Some((name, bytes)) if self.sent.insert(name) => self.wrap_up(bytes).into_bytes(),
            _ => Vec::new(),
        }
    }

    /// Makes the terminal forget every picture that is not among these.
    #[must_use]
    pub fn forget_others<'a>(&mut self, wanted: impl Iterator<Item = &'a Picture>) -> Vec<u8> {
        let wanted: HashSet<kitty::Name> = wanted.filter_map(|picture| picture.transmission().map(|(name, _)| name)).collect();
        let gone: Vec<kitty::Name> = self.sent.iter().filter(|name| !wanted.contains(name)).copied().collect();
        let mut bytes = Vec::new();
        for name in gone {
            self.sent.remove(&name);
            bytes.extend(self.wrap_up(&kitty::deletion(name)).into_bytes());
        }
        bytes
    }

    /// Paints what this frame has and the one before had not; remembers the frame.
    #[must_use]
    pub fn paint<'a>(&mut self, now: &[Painted], find: impl Fn(&Painted) -> Option<&'a Picture>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut painted = Vec::with_capacity(now.len());
        for one in now {
            let Some(picture) = find(one) else { continue };
            let known = (*one, picture.hash);
            if let Some(sequence) = picture.painting()
                && !self.painted.contains(&known)
            {
                bytes.extend(blank(one.area).into_bytes());
                bytes.extend(format!("\x1b[{};{}H", one.area.y + 1, one.area.x + 1).into_bytes());
                bytes.extend(sequence.as_bytes());
            }
            painted.push(known);
        }
        self.painted = painted;
        bytes
    }

    fn wrap_up(&self, sequences: &str) -> String {
        if !self.wrapped {
            return sequences.to_owned();
        }
        // Each piece by itself: tmux bounds what it passes on at once.
        sequences.split_inclusive("\x1b\\").map(|piece| format!("\x1bPtmux;{}\x1b\\", piece.replace('\x1b', "\x1b\x1b"))).collect()
    }
}

/// Blanks an area: what was written there would shine through where a picture ends within a cell.
#[must_use]
pub fn blank(area: Rect) -> String {
    (area.top()..area.bottom()).fold(String::from("\x1b[m"), |out, y| out + &format!("\x1b[{};{}H\x1b[{}X", y + 1, area.x + 1, area.width))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        api::submission::PictureKind,
        desk::picture::{
            Making, Request,
            policy::{Drawing, Protocol},
            tones::Tones,
        },
    };

    fn painted(submission: u128, protocol: Protocol) -> Painted {
        let drawing = Drawing { protocol, cell: (9, 18), depth: Default::default() };
        let request = Request {
            submission: Uuid::from_u128(submission),
            kind: PictureKind::Standard,
            making: Making::Kept(None),
            origin: Default::default(),
            cells: (3, 2),
            drawing,
            look: Default::default(),
        };
        Painted { request, area: Rect::new(4, 1, 3, 2) }
    }

    #[test]
    fn a_name_is_sent_once_and_forgotten_when_it_is_not_wanted_any_more() {
        let mut painter = Painter::default();
        let picture = |n| Picture::named(kitty::Name::of(n), format!("\x1b_Gpicture {n}\x1b\\"), (3, 2), u64::from(n), Tones::default());
        let (one, two) = (picture(1), picture(2));
        assert_eq!(painter.send(&one), b"\x1b_Gpicture 1\x1b\\");
        assert!(painter.send(&one).is_empty() && !painter.send(&two).is_empty());
        assert!(painter.forget_others([&one, &two].into_iter()).is_empty());
        let gone = String::from_utf8(painter.forget_others(std::iter::once(&two))).unwrap();
        assert_eq!(gone, kitty::deletion(kitty::Name::of(1)));
        assert!(!painter.send(&one).is_empty(), "forgotten pictures are sent again");
        painter.forgotten();
        assert!(!painter.send(&two).is_empty());
    }

    #[test]
    fn what_is_painted_is_painted_once_in_its_place() {
        let mut painter = Painter::default();
        let picture = Picture::painted("PICTURE".into(), (3, 2), 9, Tones::default());
        let frame = [painted(1, Protocol::Sixel)];
        let first = String::from_utf8(painter.paint(&frame, |_| Some(&picture))).unwrap();
        assert!(first.contains("\x1b[2;5H\x1b[3X\x1b[3;5H\x1b[3X") && first.ends_with("\x1b[2;5HPICTURE"), "{first:?}");
        assert!(painter.paint(&frame, |_| Some(&picture)).is_empty());
        assert_eq!(painter.before(), frame);
        let another = Picture::painted("ANOTHER".into(), (3, 2), 10, Tones::default());
        assert!(!painter.paint(&frame, |_| Some(&another)).is_empty(), "another picture in the same place");
        painter.cleared();
        assert!(!painter.paint(&frame, |_| Some(&another)).is_empty());
        assert!(painter.paint(&[], |_| None).is_empty() && painter.before().is_empty());
    }

    #[test]
    fn tmux_gets_each_piece_wrapped() {
        let mut painter = Painter::default();
        painter.wrap(true);
        let picture = Picture::named(kitty::Name::of(1), "\x1b_Ga\x1b\\\x1b_Gb\x1b\\".into(), (3, 2), 1, Tones::default());
        let sent = String::from_utf8(painter.send(&picture)).unwrap();
        assert_eq!(sent, "\x1bPtmux;\x1b\x1b_Ga\x1b\x1b\\\x1b\\\x1bPtmux;\x1b\x1b_Gb\x1b\x1b\\\x1b\\");
    }
}
