//! The desk in terminals of every kind and size: given back as it was found, with pictures where there can be some, and never led by a name.

use crate::support::{
    PROGRAM,
    desk::{Desk, Terminal, signal},
    house::{House, Person, SEASON, students},
    queries::Answers,
    reviewing::{approve, leave, open_first, shown, student},
    wait_until,
};

/// A desk inside a shell that afterwards says how it ended and how the terminal is then.
fn in_a_shell(person: &Person) -> Desk {
    let script = "sh -c 'echo $$ > desk.pid; exec \"$0\" review' \"$0\"; echo \"ended with $?\"; stty -a; read line";
    let _ = std::fs::remove_file(person.home.path("desk.pid"));
    Desk::spawn("sh", &["-c", script, PROGRAM], &person.home, Terminal::new(120, 36, Answers::plain()))
}

/// The number of the process that [`in_a_shell`] started.
fn process(person: &Person) -> u32 {
    let text = std::fs::read_to_string(person.home.path("desk.pid")).unwrap();
    text.trim().parse().unwrap()
}

fn assert_given_back(desk: &Desk, how: &str) {
    let screen = desk.wait_screen(how, |screen| screen.contains("ended with") && screen.contains("echoke"));
    assert!(screen.contains("ended with 0"), "{how}: {screen}");
    let words: Vec<&str> = screen.split([' ', '\n', ';']).collect();
    for setting in ["icanon", "echo", "isig", "icrnl", "opost", "ixon"] {
        assert!(words.contains(&setting), "{how}: not {setting} in {screen}");
    }
    assert_eq!(
        desk.inspect(|screen| (screen.alternate_screen(), screen.hide_cursor(), screen.bracketed_paste())),
        (false, false, false),
        "{how}"
    );
}

#[test]
fn the_terminal_comes_back_however_the_desk_ends() {
    let (mut house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    registrar.import(&students(&[0]));
    for ending in ["q", "Ctrl-C in a review", "TERM", "HUP", "TERM in a review", "q after the server died"] {
        let desk = in_a_shell(&reviewer);
        let modes = |screen: &vt100::Screen| screen.alternate_screen() && screen.bracketed_paste();
        desk.wait_for("长安分院");
        assert!(desk.inspect(modes), "{ending}");
        if ending.ends_with("in a review") {
            open_first(&desk);
        }
        match ending {
            "Ctrl-C in a review" => desk.send("\x03"),
            "TERM" | "TERM in a review" => signal(process(&reviewer), "TERM"),
            "HUP" => signal(process(&reviewer), "HUP"),
            "q after the server died" => {
                house.kill_9();
                desk.send("R");
                desk.wait_screen("a key that is taken", |screen| screen.contains("长安分院"));
                desk.send("q");
            }
            _ => desk.send("q"),
        }
        assert_given_back(&desk, ending);
    }
}

#[test]
fn every_terminal_gets_the_pictures_it_can_show_and_lists_send_none() {
    let (house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    registrar.import(&students(&[0, 2, 14]));
    for (answers, mode) in
        [(Answers::silent(), "blocks"), (Answers::plain(), "blocks"), (Answers::sixel(), "sixel"), (Answers::kitty(), "kitty")]
    {
        let desk = reviewer.desk(Terminal::new(120, 36, answers));
        open_first(&desk);
        let screen = desk.screen();
        assert!(screen.contains(&format!("· {mode}")), "{mode}: {screen}");
        assert_eq!(desk.pictures() > 0, mode != "blocks", "{mode}");
        if mode == "blocks" {
            assert!(screen.chars().any(|c| ('\u{2580}'..='\u{259f}').contains(&c)), "{screen}");
        }
        // A panel and the list move over and beside pictures without sending one again.
        desk.send("\x1b");
        desk.wait_screen("the list", |screen| screen.contains("▸2371") || screen.contains("人证比对"));
        let sent = desk.pictures();
        for key in ["j", "j", "k", "\x1b[B", "\x1b[A"] {
            desk.send(key);
        }
        desk.send("?");
        desk.wait_for("这里的按键");
        desk.send("\x1b");
        desk.wait_gone("这里的按键");
        assert_eq!(desk.pictures(), sent, "{mode}: a list has no pictures");
        leave(desk);
    }
}

#[test]
fn small_terminals_and_restless_ones_are_places_to_work_in() {
    let (house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    registrar.import(&students(&[0, 2, 8, 14]));
    for (done, (columns, rows)) in [(80, 24), (40, 12)].into_iter().enumerate() {
        let desk = reviewer.desk(Terminal::new(columns, rows, Answers::plain()));
        open_first(&desk);
        approve(&desk);
        house.wait_progress(&reviewer, "one more decision", |whole| whole.held == done as i64 + 1);
        leave(desk);
    }
    let desk = reviewer.desk(Terminal::new(120, 36, Answers::kitty()));
    open_first(&desk);
    for turn in 0..60_u16 {
        let (columns, rows) = [(1, 1), (200, 60), (40, 12), (7, 3), (132, 43), (80, 24), (20, 50)][usize::from(turn) % 7];
        desk.resize(columns, rows);
        desk.send(["j", "v", "n", "p", "3"][usize::from(turn) % 5]);
    }
    desk.resize(100, 30);
    let calm = |screen: &str| student(screen).is_some() && screen.contains("照审") && screen.lines().count() == 30;
    desk.wait_screen("a desk of the last size", calm);
    // A panel that opens small and closes large leaves nothing behind.
    desk.send("?");
    desk.wait_for("这里的按键");
    desk.resize(40, 12);
    desk.wait_screen("help of the small size", |screen| screen.lines().count() <= 12 && screen.contains("照审"));
    desk.resize(100, 30);
    desk.send("q");
    desk.wait_gone("这里的按键");
    desk.wait_screen("the review again", calm);
    // The storm left another picture alone on the screen: who decides must see the one that is judged.
    desk.send("2");
    desk.wait_for("标准照");
    approve(&desk);
    house.wait_progress(&reviewer, "a decision after the storm", |whole| whole.held == 3);
    leave(desk);
}

#[test]
fn no_name_leads_the_terminal() {
    let (house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    let cohort = students(&[0]);
    let folder = registrar.home.path("season");
    cohort.write_to(&folder).unwrap();
    let import = || registrar.run(&["import", "--season", SEASON, "--roster", "season/roster.csv", "--photos", "season/photos"]);
    let roster = |name: &str, unit: &str| {
        let text = format!("学号,姓名,办学单位,单位代码\n{},{name},{unit},101\n", cohort.students[0].number);
        std::fs::write(folder.join("roster.csv"), text).unwrap();
    };
    // What drives a terminal is refused by the roster, in words without it.
    for (name, unit) in [("王\u{1b}[2J海川", "长安分院"), ("王海川", "长安\u{1b}]0;x\u{7}分院"), ("王\u{9b}2J海川", "长安分院")]
    {
        roster(name, unit);
        let ended = import();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let said = format!("{}{}", ended.out, ended.errors);
        assert!(said.contains("控制字符") && !said.contains(['\u{1b}', '\u{9b}', '\u{7}']), "{said:?}");
    }
    // What only turns the direction of reading may be refused or taken; it is never written to the terminal as it is.
    roster("\u{202e}王海川", "长安\u{202e}\u{2066}分院");
    let ended = import();
    let bidi = ['\u{202e}', '\u{2066}', '\u{feff}'];
    assert!(!format!("{}{}", ended.out, ended.errors).contains(bidi), "{ended:?}");
    if ended.code == Some(1) {
        return;
    }
    let desk = reviewer.desk(Terminal::new(120, 36, Answers::plain()));
    desk.wait_for("长安");
    desk.send("\r");
    desk.wait_for("237101");
    desk.send("\r");
    shown(&desk);
    wait_until(|| "a whole frame".to_owned(), || String::from_utf8(desk.bytes()).ok().map(|text| assert!(!text.contains(bidi))));
    leave(desk);
}
