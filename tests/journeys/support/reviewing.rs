//! What a reviewer's hands do at the desk: look, decide, and look whether it counted.

use super::{desk::Desk, tmux::Tmux, wait_until};

/// A desk that somebody sits at, whatever its terminal is.
pub trait Hands {
    /// Types bytes.
    fn send(&self, keys: &str);

    /// Waits until the screen is as `wanted` says; returns it.
    fn wait_screen(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String;
}

impl Hands for Desk {
    fn send(&self, keys: &str) {
        Desk::send(self, keys);
    }

    fn wait_screen(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        Desk::wait_screen(self, what, wanted)
    }
}

impl Hands for Tmux<'_> {
    fn send(&self, keys: &str) {
        Tmux::send(self, keys);
    }

    fn wait_screen(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        wait_until(|| format!("{what} in a pane that shows:\n{}", self.screen()), || Some(self.screen()).filter(|screen| wanted(screen)))
    }
}

/// Said when a photo was decided before it was on the screen.
const NOT_SHOWN: &str = "还没有完整显示";
/// The title of the sheet of reasons.
const SHEET: &str = "退回理由 ·";

/// The number of the student under review: 13 digits in the second line.
pub fn student(screen: &str) -> Option<String> {
    let line = screen.lines().nth(1)?;
    line.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 13).map(str::to_owned)
}

/// Opens the first unit's queue, then its first photo; returns the student's number.
pub fn open_first(desk: &impl Hands) -> String {
    desk.wait_screen("a unit", |screen| screen.contains("分院"));
    desk.send("\r");
    desk.wait_screen("a queue of students", |screen| screen.contains("▸ 待审") && screen.contains("237"));
    desk.send("\r");
    shown(desk)
}

/// Waits until the photo under review stands there whole; returns the student's number.
pub fn shown(desk: &impl Hands) -> String {
    let screen = desk.wait_screen("a whole photo", |screen| student(screen).is_some() && !screen.contains("载入中"));
    student(&screen).expect("it was there")
}

/// Approves the photo under review and waits until the desk has gone on; returns the student's number.
pub fn approve(desk: &impl Hands) -> String {
    // Another key in between: two presses of one key in a moment are a key held down.
    decide(desk, |desk| desk.send("ka"))
}

/// Rejects the photo under review for the reason with this two-digit number; returns the student's number.
pub fn reject(desk: &impl Hands, number: &str) -> String {
    decide(desk, |desk| {
        desk.send("x");
        if desk.wait_screen("the reasons", |screen| screen.contains(SHEET) || screen.contains(NOT_SHOWN)).contains(SHEET) {
            desk.send(number);
            desk.wait_screen("one reason", |screen| screen.contains("已选 1"));
            desk.send("\r");
        }
    })
}

/// The screen may be seen before the desk itself knows that it is: then the desk refuses, says so, and is asked again.
fn decide<H: Hands>(desk: &H, press: impl Fn(&H)) -> String {
    let decided = shown(desk);
    loop {
        press(desk);
        let gone = |screen: &str| student(screen).as_ref() != Some(&decided) && !screen.contains(SHEET);
        if gone(&desk.wait_screen("the next photo", |screen| gone(screen) || screen.contains(NOT_SHOWN))) {
            return decided;
        }
        desk.wait_screen("an end of the refusal", |screen| !screen.contains(NOT_SHOWN));
    }
}

/// Leaves the desk from wherever one is.
pub fn leave(mut desk: Desk) {
    desk.send("\x03");
    assert_eq!(desk.wait_exit().exit_code(), 0, "the screen shows:\n{}", desk.screen());
}
