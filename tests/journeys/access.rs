//! How people come in, and are kept out: one-time codes at the command line, what one replica says holding on the other, and a server that is
//! told of a new certificate while people are connected.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{ChildStdin, Stdio},
    time::Duration,
};

use zhaoshen::{
    api::problem::{Problem, code},
    client::{Http, pin::Fingerprint},
};

use crate::support::{
    PROGRAM,
    desk::signal,
    home::TempHome,
    house::{House, PASSWORD, Person, SEASON, free_port},
    pair,
    server::Server,
    wait_until,
};

/// Sets codes up as a person does: types the password, reads the secret, types a code. Gives that code and the recovery codes.
fn set_up_codes(person: &Person) -> (String, Vec<String>) {
    let mut command = person.home.command(PROGRAM);
    command.args(["user", "totp"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut typing: ChildStdin = child.stdin.take().unwrap();
    writeln!(typing, "{PASSWORD}").unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("otpauth://") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it ended without a secret");
    }
    let code = totp_rs::Totp::from_url(line.trim()).unwrap().generate_current().to_string();
    writeln!(typing, "{code}").unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    (code, rest.lines().filter(|line| line.len() == 11 && line.contains('-')).map(str::to_owned).collect())
}

#[test]
fn codes_are_set_up_at_the_command_line_and_asked_for_from_then_on() {
    let (house, [admin, reviewer]) = House::open([("admin", None), ("reviewer", None)]);
    let name = "reviewer-2";
    let (used, recovery) = set_up_codes(&reviewer);
    assert_eq!(recovery.len(), 10);
    let login = |more: &str| reviewer.type_into(&["login", &house.address()], &format!("{name}\n{PASSWORD}\n{more}"));
    let ended = login(&format!("{used}\n"));
    assert_eq!(ended.code, Some(1), "no code is accepted twice: {ended:?}");
    assert!(ended.errors.contains("动态验证码错误"), "{ended:?}");
    assert_eq!(login(&format!("{}\n", recovery[0])).code, Some(0));
    assert_eq!(login(&format!("{}\n", recovery[0])).code, Some(1));
    let ended = reviewer.run_in_english(&["user", "totp"]);
    assert!(ended.out.contains("9 recovery codes"), "{ended:?}");

    // Where one is signed in, and what an admin sees.
    let ended = reviewer.run(&["user", "sessions", "--json"]);
    let sessions = ended.objects();
    assert_eq!(sessions.iter().filter(|session| session["current"] == true).count(), 1, "{ended:?}");
    assert!(sessions[0]["client"].as_str().unwrap().starts_with("zhaoshen/"));
    let ended = admin.run_in_english(&["user", "list"]);
    let listed = ended.out.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{ended:?}"));
    assert!(listed.contains("one-time codes"), "{listed}");
    assert_eq!(reviewer.run(&["user", "list"]).code, Some(1), "a reviewer manages nobody");

    let ended = admin.run(&["user", "totp", "--reset", name]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(reviewer.run(&["user", "sessions"]).code, Some(3), "signed out");
    assert_eq!(login("").code, Some(0), "no code is asked for any more");
    assert_eq!(admin.run(&["user", "totp", "--require", "reviewer,registrar"]).code, Some(0));
    let ended = reviewer.run_in_english(&["user", "sessions"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.errors.contains("zhaoshen user totp"), "what to do is said: {ended:?}");
    set_up_codes(&reviewer);
    assert_eq!(reviewer.run(&["user", "sessions"]).code, Some(0));
    assert_eq!(admin.run(&["user", "totp", "--require"]).code, Some(0), "nobody any more");

    // A new password by a link, and the old one is over.
    let ended = admin.run(&["user", "reset-password", name]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let link = ended.out.trim().to_owned();
    assert!(link.contains("/invite#"), "{link}");
    assert_eq!(login("").code, Some(1));
    let ended = reviewer.type_into(&["login", &house.address()], &format!("{link}\nanother password\nanother password\n"));
    assert_eq!(ended.code, Some(3), "the phone is still asked for: {ended:?}");
}

/// Asks until it is refused; says how often it was answered and how long to wait.
fn until_refused<T>(house: &House, mut ask: impl AsyncFnMut() -> Result<T, Problem>) -> (u32, u64) {
    let mut answered = 0;
    house.wait_for(async {
        loop {
            match ask().await {
                Ok(_) => answered += 1,
                Err(problem) => {
                    assert_eq!(problem.code, code::TOO_MANY_REQUESTS, "{problem}");
                    return (answered, problem.parameters["retry_after"].parse().unwrap());
                }
            }
        }
    })
}

#[test]
fn what_one_replica_says_holds_on_the_other() {
    let Some(database) = pair::fresh_database() else { return };
    let settings = vec![("ZHAOSHEN_LIMIT_SESSION", "100")];
    let people = [("admin", None), ("reviewer", None), ("registrar", None)];
    let (house, [admin, reviewer, registrar]) = House::open_told(free_port(), None, Some(database), None, settings, people);
    let mut command = house.server_command(&house.data().with_extension("second"), free_port());
    command.env("ZHAOSHEN_MASTER_KEY_FILE", house.data().join("master.key"));
    let second = Server::spawn(command);
    let there = |person: &Person| Http::new(second.address(), Some(person.token())).unwrap();

    // A minute may end between two questions: then it is asked again in the next.
    let within_a_minute = |first: &dyn Fn() -> (u32, u64), then: &dyn Fn() -> (u32, u64)| {
        loop {
            let (_, left) = first();
            let began = std::time::Instant::now();
            let (answered, _) = then();
            if began.elapsed() < Duration::from_secs(left.saturating_sub(1)) {
                return answered;
            }
        }
    };
    let other = there(&reviewer);
    let answered =
        within_a_minute(&|| until_refused(&house, async || reviewer.http.me().await), &|| until_refused(&house, async || other.me().await));
    assert!(answered <= 5, "a twentieth is given without asking, no more: {answered}");

    // What is costly is counted one by one.
    house.put_season(&registrar, 600);
    let other = there(&registrar);
    let table = async |http: &Http| http.progress_table(SEASON, "csv", zhaoshen::language::Language::English).await;
    let answered = within_a_minute(&|| until_refused(&house, async || table(&registrar.http).await), &|| {
        until_refused(&house, async || table(&other).await)
    });
    assert_eq!(answered, 0);

    // Who is shut out here is out there.
    let other = there(&reviewer);
    let ended = admin.run(&["user", "disable", "reviewer-2"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for http in [&other, &reviewer.http] {
        assert_eq!(house.wait_for(http.me()).unwrap_err().code, code::SIGN_IN);
    }
}

#[test]
fn a_new_certificate_and_log_level_are_taken_at_a_hangup_and_nobody_is_cut_off() {
    let home = TempHome::new();
    let serve = |data: &str, log: fs::File| {
        let mut command = home.command(PROGRAM);
        command.arg("serve").arg("--data").arg(home.path(data)).args(["--listen", "127.0.0.1:0", "--tls", "self-signed"]);
        command.env("ZHAOSHEN_LOG_FILTER_FILE", home.path("what-to-log")).stderr(log);
        let mut server = Server::spawn(command);
        let line = server.next_line();
        (server, Fingerprint::parse(line.rsplit(['：', ' ']).next().unwrap()).unwrap())
    };
    let log = home.path("log");
    fs::write(home.path("what-to-log"), "warn\n").unwrap();
    let (server, new) = serve("data/renewed", fs::File::create(home.path("other-log")).unwrap());
    assert!(server.stop().success());
    let (server, old) = serve("data/school", fs::File::create(&log).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connected = Http::pinned(server.address(), None, &old).unwrap();
    let asked = |http: &Http| runtime.block_on(http.me()).unwrap_err().code;
    assert_eq!(asked(&connected), code::SIGN_IN);
    assert!(!fs::read_to_string(&log).unwrap().contains("answered"));

    // As old as the one before, so that nothing but the signal tells of it.
    let file = home.path("data/school/tls.pem");
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    fs::copy(home.path("data/renewed/tls.pem"), &file).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(before).unwrap();
    fs::write(home.path("what-to-log"), "info\n").unwrap();
    signal(server.process(), "HUP");
    let shown = || runtime.block_on(Http::fingerprint(server.address())).ok();
    wait_until(|| format!("the new certificate, not {:?}", shown()), || shown().filter(|shown| *shown == new));
    // Whoever accepts the old one alone goes on by the connection that stands, and cannot make another.
    assert_eq!(asked(&connected), code::SIGN_IN);
    assert_ne!(asked(&Http::pinned(server.address(), None, &old).unwrap()), code::SIGN_IN);
    assert_eq!(asked(&Http::pinned(server.address(), None, &new).unwrap()), code::SIGN_IN);
    wait_until(|| "what is logged now".to_owned(), || fs::read_to_string(&log).unwrap().contains("answered").then_some(()));
    assert!(server.stop().success());
}
