//! The demo as somebody meets it who has nothing but the binary.

use std::path::Path;

use zhaoshen::client::{Http, http::Token};

use crate::support::{
    PROGRAM,
    desk::{Desk, Terminal},
    home::TempHome,
    queries::Answers,
    reviewing::{approve, open_first},
    server::Server,
    wait_until,
};

fn left_in(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn served_only_it_prints_address_and_token_fills_itself_and_leaves_nothing() {
    let home = TempHome::new();
    let mut command = home.command(PROGRAM);
    command.args(["demo", "--serve-only"]).env("ZHAOSHEN_LOG", "warn");
    let mut server = Server::spawn(command);
    let token = server.next_line();
    assert!(token.len() >= 40 && !token.contains(char::is_whitespace), "a token and nothing else in its line");
    assert!(!left_in(&home.path("tmp")).is_empty(), "its data is somewhere");

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let http = Http::new(server.address(), Some(Token::new(token.trim()))).unwrap();
    let user = runtime.block_on(http.me()).unwrap();
    assert_eq!(user.role.code(), "reviewer");
    let whole = || runtime.block_on(http.progress("demo")).map(|progress| progress.whole);
    wait_until(
        || format!("a season that fills: {:?}", whole()),
        || whole().ok().filter(|whole| whole.students == 48 && whole.captured_students >= 3 && whole.pending >= 1),
    );

    assert_eq!(server.stop_by("INT").code(), Some(0));
    assert_eq!(left_in(&home.path("tmp")), Vec::<String>::new());
    assert!(runtime.block_on(http.me()).is_err());
}

#[test]
fn without_a_terminal_it_says_what_it_needs() {
    for (language, words) in [("zh-CN", "演示需要一个终端"), ("en", "--serve-only")] {
        let home = TempHome::new();
        let output = home.command(PROGRAM).arg("demo").env("ZHAOSHEN_LANG", language).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{errors}");
        assert!(errors.contains(words), "{errors}");
        assert_eq!(left_in(&home.path("tmp")), Vec::<String>::new());
    }
}

#[test]
fn in_a_terminal_its_season_can_be_reviewed_and_goes_with_it() {
    for keys in ["\x03", "qqq"] {
        let home = TempHome::new();
        let mut desk = Desk::spawn(PROGRAM, &["demo"], &home, Terminal::new(100, 32, Answers::plain()));
        let process = desk.process();
        // The season appears before its units do: nobody presses a key, the desk looks again by itself.
        let units = |screen: &str| ["长安分院", "渭南分院", "汉中学习中心", "全部单位"].iter().all(|unit| screen.contains(unit));
        desk.wait_screen("the units", units);
        if keys == "qqq" {
            let waiting = |line: &str| line.contains("长安分院") && line.split_whitespace().nth(1).is_some_and(|pending| pending != "0");
            desk.wait_screen("a photo that waits", |screen| screen.lines().any(waiting));
            open_first(&desk);
            approve(&desk);
            // Held, or waiting for a second voice where the comparison is in doubt.
            desk.wait_screen("a decision that counted", |screen| screen.contains("暂存 1 ·") || screen.contains("待他人复核"));
        }
        for key in keys.chars() {
            desk.send(&key.to_string());
        }
        assert_eq!(desk.wait_exit().exit_code(), 0, "{}", desk.screen());
        assert_eq!(
            desk.inspect(|screen| (screen.alternate_screen(), screen.hide_cursor(), screen.bracketed_paste())),
            (false, false, false)
        );
        assert_eq!(left_in(&home.path("tmp")), Vec::<String>::new());
        assert!(!Path::new(&format!("/proc/{process}/cmdline")).exists(), "no process is left");
    }
}
