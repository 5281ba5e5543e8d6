//! The desk when its server is away, talks nonsense, or takes its time: decisions are kept, words are clear, keys work.

use std::time::Duration;

use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::support::{
    PROGRAM,
    desk::{Desk, Terminal},
    home::TempHome,
    house::{House, students},
    queries::Answers,
    reviewing::{approve, leave, open_first, reject, shown},
    wait_until,
};

fn terminal() -> Terminal {
    Terminal::new(120, 36, Answers::plain())
}

#[test]
fn decisions_made_without_a_server_survive_the_desks_death_and_arrive_once() {
    let (mut house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    registrar.import(&students(&[0, 2, 14]));
    let mut desk = reviewer.desk(terminal());
    let first = open_first(&desk);
    // The next photo has been looked at, so that its pictures are here when the server goes.
    desk.send("n");
    desk.wait_screen("the second photo", |screen| screen.contains("2/3"));
    let second = shown(&desk);
    desk.send("p");
    desk.wait_screen("the first photo", |screen| screen.contains("1/3"));

    house.kill_9();
    assert_eq!(approve(&desk), first);
    desk.wait_for("未送达 1");
    assert_eq!(reject(&desk, "06"), second);
    desk.wait_for("未送达 2");
    desk.wait_for("连不上服务器 · 2 项未送达");
    // Who leaves now is told what has not arrived, and may stay.
    desk.send("\x03");
    desk.wait_for("还有 2 项未送达");
    desk.send("n");
    desk.wait_gone("确定离开");
    desk.kill_9();

    // Without a server there is no desk, and words instead of one.
    let mut desk = reviewer.desk(terminal());
    assert_eq!(desk.wait_exit().exit_code(), 3);
    assert!(desk.screen().contains("连不上服务器"), "{}", desk.screen());

    house.start();
    let desk = reviewer.desk(terminal());
    desk.wait_for("长安分院");
    house.wait_progress(&registrar, "both decisions", |whole| (whole.held, whole.pending) == (2, 1));
    desk.wait_screen("an empty outbox", |screen| !screen.contains("未送达 "));
    leave(desk);
    // A third desk has nothing left to send.
    let desk = reviewer.desk(terminal());
    desk.wait_for("长安分院");
    assert!(!desk.screen().contains("未送达"), "{}", desk.screen());
    leave(desk);

    let audit = house.audit(&registrar);
    let held: Vec<_> = audit.iter().filter(|line| line.action == "decision.held").collect();
    assert_eq!(held.len(), 2, "{audit:?}");
    let submissions = house.submissions(&registrar);
    for (student, decision) in [(&first, "approve"), (&second, "reject")] {
        let submission = submissions.iter().find(|submission| submission.student.student_number == *student).unwrap();
        let own: Vec<_> = held.iter().filter(|line| line.submission == Some(submission.id)).collect();
        assert_eq!((own.len(), own[0].details["decision"].as_str()), (1, decision), "{audit:?}");
    }
    house.assert_counted(&registrar);
}

#[test]
fn a_desk_that_stays_open_sends_by_itself_when_the_server_is_back() {
    let (mut house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", None)]);
    house.put_season(&registrar, 600);
    registrar.import(&students(&[0, 2]));
    let desk = reviewer.desk(terminal());
    open_first(&desk);
    house.kill_9();
    approve(&desk);
    desk.wait_for("连不上服务器 · 1 项未送达");
    // Keys do all they can meanwhile.
    desk.send("?");
    desk.wait_for("这里的按键");
    desk.send("\x1b");
    desk.wait_gone("这里的按键");
    house.start();
    house.wait_progress(&registrar, "the decision", |whole| whole.held == 1);
    desk.wait_for("暂存 1 ·");
    desk.wait_gone("未送达");
    leave(desk);
    assert_eq!(house.audit(&registrar).iter().filter(|line| line.action == "decision.held").count(), 1);
}

/// A desk that is sent to another server by its environment.
fn desk_at(address: &str, home: &TempHome) -> Desk {
    Desk::spawn(PROGRAM, &["review"], home, terminal().with("ZHAOSHEN_SERVER", address).with("ZHAOSHEN_TOKEN", "t0ken"))
}

fn me() -> Mock {
    let user = json!({"id": "018f0000-0000-7000-8000-000000000000", "name": "li", "role": "reviewer", "school": "x"});
    Mock::given(path("/v1/sessions/current")).respond_with(ResponseTemplate::new(200).set_body_json(user))
}

/// Keys work, and the desk leaves at once and tidily.
fn assert_alive(mut desk: Desk) {
    desk.send("?");
    desk.wait_for("这里的按键");
    desk.send("\x1b");
    desk.wait_gone("这里的按键");
    desk.send("q");
    assert_eq!(desk.wait_exit().exit_code(), 0);
    assert_eq!(desk.inspect(|screen| (screen.alternate_screen(), screen.hide_cursor(), screen.bracketed_paste())), (false, false, false));
}

#[test]
fn a_server_that_talks_nonsense_is_called_so() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (answer, words) in [
        (ResponseTemplate::new(200).set_body_raw("<html>\u{1b}[2J it works!", "text/html"), "服务器的回答看不懂"),
        (ResponseTemplate::new(200).set_body_json(json!({"seasons": 7})), "服务器的回答看不懂"),
        (ResponseTemplate::new(502).set_body_string("bad gateway"), "服务器的回答看不懂"),
        (
            ResponseTemplate::new(503)
                .set_body_raw(json!({"code": "busy", "title": "busy", "status": 503}).to_string(), "application/problem+json"),
            "服务器正忙",
        ),
    ] {
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            me().mount(&server).await;
            Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
            server
        });
        let home = TempHome::new();
        let desk = desk_at(&server.uri(), &home);
        desk.wait_for(words);
        assert_alive(desk);
    }
}

#[test]
fn a_slow_server_holds_up_no_key() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(async {
        let server = MockServer::start().await;
        me().mount(&server).await;
        // Longer than any journey waits.
        let late = ResponseTemplate::new(200).set_body_json(json!([])).set_delay(Duration::from_secs(600));
        Mock::given(path("/v1/seasons")).respond_with(late).mount(&server).await;
        server
    });
    let home = TempHome::new();
    let desk = desk_at(&server.uri(), &home);
    desk.wait_for("载入中");
    let asked = || runtime.block_on(server.received_requests()).unwrap_or_default().len();
    wait_until(|| "the question for seasons".to_owned(), || (asked() >= 2).then_some(()));
    assert_alive(desk);
}
