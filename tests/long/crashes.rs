//! The desk dies in the middle of decisions, online and offline: at a call that it makes to the system, or at any moment. Whatever its screen
//! showed as decided or taken back is in the audit once; nothing is there twice, and nothing that no hand has pressed.
//!
//! `ZHAOSHEN_LONG_CYCLES` says how often it dies (200 where it says nothing), `ZHAOSHEN_LONG_DESK` which build of the program the desk is (the
//! one under test where it says nothing).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    process::Command,
    sync::mpsc,
    time::{Duration, Instant},
};

use uuid::Uuid;
use zhaoshen::{
    client::{
        http::Intention,
        outbox::{Contents, Line as JournalLine},
    },
    domain::lifecycle::attempt::Status,
};

use super::support::{
    PROGRAM,
    desk::{Desk, Terminal, signal},
    files,
    house::{House, Person, SEASON, free_port, students},
    killing::{Dice, can_count_calls},
    left_out, pair,
    queries::Answers,
    reviewing::{leave, student},
    s3, wait_until,
};

const SHEET: &str = "退回理由 ·";
/// Said when a decision is taken back, with the student's number before the rest of it.
const UNDOING: &str = "正在撤销 ";
const NOTHING_TO_UNDO: &str = "没有可撤销的决定";
/// Said of a photo that is not decided by the key: not seen yet, decided already, not waiting, without a finished picture.
const REFUSALS: [&str; 5] = ["还没有完整显示", "这张已经审过", "这张不在等待审核", "没有标准照，不能通过", "有图像无法显示，不能通过"];
/// How long one cycle's hands go on at the most, where the point of its death does not come.
const LONGEST: Duration = Duration::from_secs(5);

/// Where the desk dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    /// After so many milliseconds of deciding.
    After(u64),
    /// Before a thread's nth call of this name: what is written down, brought to the disk, sent, and received.
    Call(&'static str, u32),
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Point::After(_) => f.write_str("at random"),
            Point::Call(name, _) => write!(f, "call {name}"),
        }
    }
}

/// The calls by which a decision comes to the disk (`write` is the journal's line and the frame's, `rename` the new journal's name) and to the server.
const CALLS: [&str; 5] = ["fdatasync", "write", "sendto,sendmsg,writev", "recvfrom", "rename,renameat,renameat2"];

/// How the line to the server is during a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Line {
    Online,
    /// The server dies in the middle, and is back after the desk's death.
    Lost,
    /// The same, but it is back while the desk still decides.
    Interrupted,
}

/// What was done to one student's photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Approve,
    Reject,
    Undo,
}

/// One deed, and whether the screen showed it: what it did not show may have happened or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Done {
    deed: Deed,
    shown: bool,
}

/// What all hands did.
#[derive(Default)]
struct Ledger {
    /// By the student's number, oldest first.
    deeds: BTreeMap<String, Vec<Done>>,
    /// Key presses of `u` after which the desk died before it said whose decision that takes back.
    unknown_undos: usize,
}

impl Ledger {
    fn may(&mut self, student: &str, deed: Deed) {
        self.deeds.entry(student.to_owned()).or_default().push(Done { deed, shown: false });
    }

    /// The screen has moved: the last deed of this student counts.
    fn shown(&mut self, student: &str) {
        let deeds = self.deeds.get_mut(student).expect("it was said before");
        deeds.last_mut().expect("it was said before").shown = true;
    }

    fn number(&self, of: impl Fn(&Done) -> bool) -> usize {
        self.deeds.values().flatten().filter(|done| of(done)).count()
    }
}

/// A desk whose end may come at any moment.
struct Hands<'h> {
    desk: &'h Desk,
    students: &'h BTreeSet<String>,
    ledger: &'h mut Ledger,
    end: Instant,
}

/// The desk died, or its time is over.
struct Over;

impl Hands<'_> {
    /// Waits for a screen, in short looks: the last one after the death of the desk shows all that it wrote.
    fn see<T>(&self, look: impl Fn(&str) -> Option<T>) -> Result<T, Over> {
        loop {
            let over = self.desk.has_ended() || Instant::now() > self.end;
            if let Some(found) = look(&self.desk.screen()) {
                return Ok(found);
            }
            if over {
                return Err(Over);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn type_in(&self, keys: &str) -> Result<(), Over> {
        // A dead desk's terminal takes no keys.
        self.desk.try_send(keys).map_err(|_| Over)
    }

    /// Opens the queue and its first photo.
    fn sit_down(&self) -> Result<(), Over> {
        self.see(|screen| screen.contains("分院").then_some(()))?;
        self.type_in("\r")?;
        self.see(|screen| (screen.contains("▸ 待审") && screen.contains("237")).then_some(()))?;
        self.type_in("\r")?;
        self.current().map(drop)
    }

    /// The student under review, once their photo is there. A frame may be seen half written: it is looked at twice.
    fn current(&self) -> Result<String, Over> {
        let seen = |screen: &str| student(screen).filter(|number| self.students.contains(number) && !screen.contains("载入中"));
        loop {
            let first = self.see(seen)?;
            std::thread::sleep(Duration::from_millis(5));
            if self.see(seen)? == first {
                return Ok(first);
            }
        }
    }

    /// Decides and takes back as the dice say, until the end. Each key has shown what it does before the next one is pressed.
    fn work(&mut self, dice: &mut Dice) -> Result<(), Over> {
        loop {
            let current = self.current()?;
            self.forget_words()?;
            match dice.below(10) {
                0..5 => self.approve(&current)?,
                5..7 => self.reject(&current)?,
                7..9 => self.undo()?,
                _ => {
                    self.type_in("n")?;
                    let end = ["已是最后一张", "回到跳过的照片"];
                    self.see(|screen| (self.is_past(&current, screen) || end.iter().any(|end| screen.contains(end))).then_some(()))?;
                }
            }
        }
    }

    /// Has the desk say something else where it still says what is waited for next: the same words again would not be told from these.
    fn forget_words(&self) -> Result<(), Over> {
        let words = REFUSALS.iter().chain([&NOTHING_TO_UNDO, &"已是最后一张", &"回到跳过的照片"]);
        let said = |screen: &str| words.clone().any(|word| screen.contains(word));
        if said(&self.desk.screen()) {
            self.type_in("c")?;
            self.see(|screen| (!said(screen)).then_some(()))?;
        }
        Ok(())
    }

    /// Whether the screen shows another student, or none any more.
    fn is_past(&self, from: &str, screen: &str) -> bool {
        let other = student(screen).is_some_and(|student| student != from && self.students.contains(&student));
        (other || screen.contains("已审完")) && !screen.contains(SHEET)
    }

    /// Waits until the screen has moved on, and the decision counts, or says why it does not.
    fn moved_on(&mut self, from: &str) -> Result<(), Over> {
        let refused = |screen: &str| REFUSALS.iter().any(|words| screen.contains(words));
        if self.see(|screen| if self.is_past(from, screen) { Some(true) } else { refused(screen).then_some(false) })? {
            self.ledger.shown(from);
        }
        Ok(())
    }

    fn approve(&mut self, current: &str) -> Result<(), Over> {
        self.ledger.may(current, Deed::Approve);
        // Another key in between: two presses of one key in a moment are a key held down.
        self.type_in("ka")?;
        self.moved_on(current)
    }

    fn reject(&mut self, current: &str) -> Result<(), Over> {
        self.type_in("x")?;
        let refused = |screen: &str| REFUSALS.iter().any(|words| screen.contains(words));
        if !self.see(|screen| if screen.contains(SHEET) { Some(true) } else { refused(screen).then_some(false) })? {
            return Ok(());
        }
        self.type_in("06")?;
        self.see(|screen| screen.contains("已选 1").then_some(()))?;
        self.ledger.may(current, Deed::Reject);
        self.type_in("\r")?;
        self.moved_on(current)
    }

    fn undo(&mut self) -> Result<(), Over> {
        let before = undoing(&self.desk.screen());
        self.ledger.unknown_undos += 1;
        self.type_in("u")?;
        let answer = self.see(|screen| match undoing(screen) {
            now if now.is_some() && now != before => Some(now),
            _ => screen.contains(NOTHING_TO_UNDO).then_some(None),
        })?;
        self.ledger.unknown_undos -= 1;
        if let Some(whose) = answer {
            self.ledger.may(&whose, Deed::Undo);
            self.ledger.shown(&whose);
        }
        Ok(())
    }
}

/// Whose decision the screen says is being taken back.
fn undoing(screen: &str) -> Option<String> {
    let rest = &screen[screen.find(UNDOING)? + UNDOING.len()..];
    Some(rest.chars().take_while(char::is_ascii_digit).collect()).filter(|number: &String| number.len() == 13)
}

/// What journals of the desk still hold: intentions without an answer, and refusals.
fn left_in_journals(reviewer: &Person) -> (usize, usize) {
    let journals = files(&reviewer.home.path("state")).into_iter().filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    journals.fold((0, 0), |(unsent, conflicts), path| {
        let mut contents = Contents::default();
        let text = fs::read_to_string(path).expect("a journal");
        text.lines().filter_map(|line| serde_json::from_str::<JournalLine>(line).ok()).for_each(|line| contents.take(line));
        (unsent + contents.unsent().len(), conflicts + contents.conflicts().len())
    })
}

fn terminal() -> Terminal {
    Terminal::new(120, 36, Answers::plain())
}

/// A school whose reviewer's desk dies again and again.
struct Stage {
    house: House,
    registrar: Person,
    reviewer: Person,
    students: BTreeSet<String>,
    ledger: Ledger,
    dice: Dice,
    /// The desk.
    program: String,
}

impl Stage {
    fn open() -> Stage {
        // Hands that never rest ask for more than anybody may.
        let settings = vec![("ZHAOSHEN_LIMIT_SESSION", "0"), ("ZHAOSHEN_LIMIT_ADDRESS", "0")];
        let people = [("registrar", None), ("reviewer", None)];
        let place = pair::on_cluster().then(s3::place);
        let (house, [registrar, reviewer]) = House::open_told(free_port(), None, pair::database(), place, settings, people);
        house.put_season(&registrar, 86_400);
        let mut cohort = students(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16, 17, 18, 19, 20]);
        let unit = cohort.students[0].unit;
        cohort.students.iter_mut().for_each(|student| student.unit = unit);
        registrar.import(&cohort);
        let program = std::env::var("ZHAOSHEN_LONG_DESK").unwrap_or_else(|_| PROGRAM.to_owned());
        let students = cohort.students.into_iter().map(|student| student.number).collect();
        Stage { house, registrar, reviewer, students, ledger: Ledger::default(), dice: Dice(20_270_301), program }
    }

    /// One life of a desk. Says whether it died where it should.
    fn cycle(&mut self, point: Point, line: Line) -> bool {
        let mut arguments: Vec<String> = vec![];
        if let Point::Call(name, nth) = point {
            arguments.extend(["-f", "-qq", "-o", "/dev/null", "-e"].map(str::to_owned));
            arguments.extend([format!("trace={name}"), "-e".to_owned(), format!("inject={name}:signal=SIGKILL:when={nth}")]);
            arguments.push(self.program.clone());
        }
        arguments.push("review".to_owned());
        let program = if matches!(point, Point::Call(..)) { "strace" } else { &*self.program };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut desk = Desk::spawn(program, &arguments, &self.reviewer.home, terminal());
        let process = desk.process();

        let (goes, returns) = (self.dice.below(800), self.dice.below(800));
        let (house, dice, ledger, students) = (&mut self.house, &mut self.dice, &mut self.ledger, &self.students);
        let (sits, sat_for_line) = mpsc::channel::<()>();
        let (sits_too, sat_for_death) = mpsc::channel::<()>();
        let reached = std::thread::scope(|scope| {
            scope.spawn(move || {
                if line == Line::Online || sat_for_line.recv().is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(goes));
                house.kill_9();
                if line == Line::Interrupted {
                    std::thread::sleep(Duration::from_millis(returns));
                    house.start();
                }
            });
            if let Point::After(milliseconds) = point {
                scope.spawn(move || {
                    if sat_for_death.recv().is_ok() {
                        std::thread::sleep(Duration::from_millis(milliseconds));
                        signal(process, "KILL");
                    }
                });
            }
            let mut hands = Hands { desk: &desk, students, ledger, end: Instant::now() + LONGEST };
            let _ = hands.sit_down().and_then(|()| {
                let _ = (sits.send(()), sits_too.send(()));
                hands.work(dice)
            });
            drop((sits, sits_too));
            desk.has_ended()
        });
        if !reached {
            // Whoever is traced outlives who traces.
            let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
            // They may have died this very moment.
            let _ = Command::new("kill").args(["-s", "KILL"]).args(children.split_whitespace()).arg(process.to_string()).output();
        }
        desk.wait_exit();
        if !self.house.is_served() {
            self.house.start();
        }
        reached
    }

    /// Lets a desk that is not killed send what the others left.
    fn send_what_is_left(&self) {
        let desk = self.reviewer.desk(terminal());
        desk.wait_for("长安分院");
        wait_until(
            || format!("an empty outbox; left are {:?}", left_in_journals(&self.reviewer)),
            || (left_in_journals(&self.reviewer).0 == 0).then_some(()),
        );
        leave(desk);
        assert_eq!(left_in_journals(&self.reviewer), (0, 0), "the server refused something");
    }

    /// Takes back by other means what is held, where few photos wait.
    fn refill(&mut self) {
        let held = self.house.ask(self.registrar.http.progress(SEASON)).whole;
        if held.pending > 7 {
            return;
        }
        self.compare();
        for photo in self.house.submissions(&self.reviewer).into_iter().filter(|photo| photo.status == Status::Held) {
            let intention = Intention { version: photo.version, key: Uuid::now_v7(), lease: None };
            self.house.ask(self.reviewer.http.undo(photo.id, intention));
            self.ledger.may(&photo.student.student_number, Deed::Undo);
            self.ledger.shown(&photo.student.student_number);
        }
    }

    /// Holds the audit against what the screens showed. Says how many lines there are.
    fn compare(&mut self) -> usize {
        self.send_what_is_left();
        let mut audit = self.house.whole_audit(&self.registrar);
        assert_eq!(audit.iter().map(|line| line.sequence).collect::<BTreeSet<_>>().len(), audit.len());
        audit.sort_by_key(|line| line.sequence);
        let photos = self.house.submissions(&self.registrar);
        let mut wild = self.ledger.unknown_undos;
        let mut lines = 0;
        for photo in photos {
            let number = photo.student.student_number;
            let deed = |line: &zhaoshen::api::progress::AuditEntry| match (line.action.as_str(), line.details.get("decision")) {
                ("decision.held", Some(decision)) if decision == "approve" => Some(Deed::Approve),
                ("decision.held", Some(_)) => Some(Deed::Reject),
                ("decision.undone", _) => Some(Deed::Undo),
                _ => None,
            };
            let told: Vec<Deed> = audit.iter().filter(|line| line.submission == Some(photo.id)).filter_map(deed).collect();
            let done = self.ledger.deeds.get(&number).map_or(&[][..], Vec::as_slice);
            let guessed = explained(&told, done).unwrap_or_else(|| panic!("{number}: the audit says {told:?}, the screens {done:?}"));
            assert!(guessed <= wild, "{number}: nobody took back what the audit says: {told:?}, the screens {done:?}");
            wild -= guessed;
            lines += told.len();
        }
        self.house.assert_counted(&self.registrar);
        lines
    }
}

/// Whether what is told is what was done, each once and in order: all that was shown, and of the rest some. Undoings of which no screen said
/// whose they were are needed that often.
fn explained(told: &[Deed], done: &[Done]) -> Option<usize> {
    // Fewest guesses for the first so many that are told and the first so many that were done.
    let mut fewest = vec![vec![None::<usize>; done.len() + 1]; told.len() + 1];
    for at in 0..=told.len() {
        for of in 0..=done.len() {
            let mut ways = vec![(at == 0 && of == 0).then_some(0)];
            if of > 0 && !done[of - 1].shown {
                ways.push(fewest[at][of - 1]);
            }
            if at > 0 && of > 0 && told[at - 1] == done[of - 1].deed {
                ways.push(fewest[at - 1][of - 1]);
            }
            if at > 0 && told[at - 1] == Deed::Undo {
                ways.push(fewest[at - 1][of].map(|guesses| guesses + 1));
            }
            fewest[at][of] = ways.into_iter().flatten().min();
        }
    }
    fewest[told.len()][done.len()]
}

#[test]
fn only_what_was_shown_must_be_told_and_nothing_else_may_be() {
    use Deed::{Approve, Reject, Undo};
    let shown = |deed| Done { deed, shown: true };
    let may = |deed| Done { deed, shown: false };
    assert_eq!(explained(&[Approve], &[shown(Approve)]), Some(0));
    assert_eq!(explained(&[], &[shown(Approve)]), None, "lost");
    assert_eq!(explained(&[Approve, Approve], &[shown(Approve)]), None, "doubled");
    assert_eq!(explained(&[Reject], &[]), None, "invented");
    assert_eq!(explained(&[], &[may(Approve)]), Some(0));
    assert_eq!(explained(&[Approve, Undo, Reject], &[may(Approve), shown(Approve), may(Undo), may(Approve), shown(Reject)]), Some(0));
    assert_eq!(explained(&[Approve, Undo], &[shown(Approve)]), Some(1), "an undoing that died before it was shown");
    assert_eq!(explained(&[Approve], &[shown(Approve), shown(Undo)]), None, "an undoing lost");
}

fn cycles() -> usize {
    std::env::var("ZHAOSHEN_LONG_CYCLES").ok().and_then(|number| number.parse().ok()).unwrap_or(200)
}

#[test]
fn no_decision_is_lost_or_doubled_or_invented_when_the_desk_dies() {
    let began = Instant::now();
    let mut stage = Stage::open();
    if !can_count_calls() {
        left_out("no strace that may trace: the desk dies at random moments only");
    }
    println!("  a season of {} photos after {:.0} s", stage.students.len(), began.elapsed().as_secs_f64());
    let mut deaths: BTreeMap<(Line, String), (usize, usize)> = BTreeMap::new();
    for turn in 0..cycles() {
        let line = [Line::Online, Line::Lost, Line::Online, Line::Interrupted][turn % 4];
        let point = match turn / 4 % 2 {
            0 if can_count_calls() => {
                let name = CALLS[turn / 8 % CALLS.len()];
                let most = [6, 30, 24, 30, 1][turn / 8 % CALLS.len()];
                Point::Call(name, 1 + u32::try_from(stage.dice.below(most)).expect("small"))
            }
            _ => Point::After(stage.dice.below(2_000)),
        };
        let reached = stage.cycle(point, line);
        let (there, elsewhere) = deaths.entry((line, point.to_string())).or_default();
        *(if reached { there } else { elsewhere }) += 1;
        stage.refill();
        if turn % 10 == 9 {
            println!("  {} deaths after {:.0} s", turn + 1, began.elapsed().as_secs_f64());
        }
    }
    let lines = stage.compare();
    println!("{} deaths of the desk in {:.0} s", cycles(), began.elapsed().as_secs_f64());
    for ((line, point), (there, elsewhere)) in deaths {
        println!("  {line:?}, {point}: {there} there, {elsewhere} after the work was over");
    }
    let ledger = &stage.ledger;
    let number = |of: fn(&Done) -> bool| ledger.number(of);
    println!(
        "  shown as decided {}, as taken back {}; not shown before the death {} and {}; lines of the audit {lines}",
        number(|done| done.shown && done.deed != Deed::Undo),
        number(|done| done.shown && done.deed == Deed::Undo),
        number(|done| !done.shown),
        ledger.unknown_undos,
    );
}
