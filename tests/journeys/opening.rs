//! The moment in which the desk opens: the terminal is asked what it can do, and the user is already typing.

use std::process::Stdio;

use crate::support::{
    PROGRAM,
    desk::Terminal,
    home::TempHome,
    house::{House, students},
    queries::Answers,
    reviewing::leave,
};

#[test]
fn keys_typed_while_the_terminal_is_asked_are_not_lost() {
    let (house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    registrar.import(&students(&[0]));
    let desk = reviewer.desk(Terminal::new(80, 24, Answers::silent()));
    desk.send("?");
    desk.wait_for("这里的按键");
    desk.send("\x1b");
    desk.wait_for("长安分院");
    leave(desk);
}

#[test]
fn without_a_terminal_there_is_no_desk() {
    let home = TempHome::new();
    let output = home.command(PROGRAM).arg("review").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("终端"));
}
