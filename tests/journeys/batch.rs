//! A folder of photos on the command line: cut short and taken up again, odd names, folders that cannot be written.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::support::{PROGRAM, home::TempHome, left_out, root, shared};

/// What a run of `standardize --json` said.
struct Said {
    code: Option<i32>,
    lines: Vec<Value>,
    stderr: String,
}

impl Said {
    fn resumed(&self) -> usize {
        self.lines.iter().filter(|line| line["resumed"] == true).count()
    }
}

fn standardize(home: &TempHome, more: &[&str]) -> Command {
    standardize_folder(home, "in", more)
}

/// One photo after the other: what is cut short must not be through before it is cut, on however fast a machine.
fn standardize_folder(home: &TempHome, folder: &str, more: &[&str]) -> Command {
    let mut command = home.command(PROGRAM);
    command.args(["standardize", folder, "-o", "out", "--json", "--lang", "zh-CN"]).args(more).env("ZHAOSHEN_THREADS", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Said { code: output.status.code(), lines, stderr: String::from_utf8(output.stderr).unwrap() }
}

/// A home with specimens in its folder `in`, under names of their own.
fn home_with(photos: &[(&str, &str)]) -> TempHome {
    let home = TempHome::new();
    fs::create_dir(home.path("in")).unwrap();
    for (specimen, name) in photos {
        fs::copy(root().join(format!("assets/specimens/{specimen}.jpg")), home.path("in").join(name)).unwrap();
    }
    home
}

/// Waits for so many lines of a run, which goes on.
fn lines_of(child: &mut Child, count: usize) -> Vec<Value> {
    let reader = BufReader::new(child.stdout.take().unwrap());
    reader.lines().take(count).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_killed_run_goes_on_where_it_ended_and_a_changed_photo_is_done_again() {
    let photos: Vec<(String, String)> = (0..6).map(|number| (format!("p0{number}_portrait"), format!("{number}.jpg"))).collect();
    let photos: Vec<(&str, &str)> = photos.iter().map(|(specimen, name)| (specimen.as_str(), name.as_str())).collect();
    let home = home_with(&photos);
    let mut child = standardize(&home, &[]).spawn().unwrap();
    let before = lines_of(&mut child, 2);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(before.iter().all(|line| line["resumed"] == false));
    fs::write(home.path("out").join(".zhaoshen-left"), b"half").unwrap();

    let again = run(&mut standardize(&home, &[]));
    assert_eq!((again.lines.len(), again.stderr.as_str()), (6, ""));
    assert!((2..6).contains(&again.resumed()), "{} resumed", again.resumed());
    for (old, new) in before.iter().zip(&again.lines) {
        assert_eq!((&old["output"], &old["bytes"], &old["ms"]), (&new["output"], &new["bytes"], &new["ms"]), "not done again");
    }
    let expected: Vec<String> =
        again.lines.iter().filter_map(|line| Some(Path::new(line["output"].as_str()?).file_name()?.to_str()?.to_owned())).collect();
    let mut expected: Vec<String> = expected.into_iter().chain(["journal.jsonl", "report", "report.html"].map(str::to_owned)).collect();
    expected.sort();
    assert_eq!(names(&home.path("out")), expected, "nothing half written is left");

    for (old, new) in before.iter().zip(&again.lines) {
        assert_eq!((&old["geometry"], &old["transform"], &old["checks"]), (&new["geometry"], &new["transform"], &new["checks"]));
    }

    // A changed source, a finished photo that somebody touched: done again, and nothing else.
    fs::copy(root().join("assets/specimens/f13a_nobody.jpg"), home.path("in/0.jpg")).unwrap();
    let third = run(&mut standardize(&home, &["--no-report"]));
    assert_eq!((third.resumed(), third.code), (5, Some(1)));
    assert_eq!(third.lines[0]["status"], "refused");
    assert!(!home.path("out/0.jpg").exists(), "the photo of another source does not stay");
    let done = third.lines.iter().find(|line| line["status"] == "ok").unwrap()["output"].as_str().unwrap().to_owned();
    fs::write(home.path(&done), b"touched").unwrap();
    let fourth = run(&mut standardize(&home, &["--no-report"]));
    assert_eq!(fourth.resumed(), 5);
    assert_eq!(fs::read(home.path(&done)).unwrap(), b"touched", "what is no longer ours is not written over");
    let beside = done.replace(".jpg", "-2.jpg");
    assert!(fourth.lines.iter().any(|line| line["output"] == beside.as_str() && line["resumed"] == false));
    assert_eq!(run(&mut standardize(&home, &["--no-report"])).resumed(), 6);
    assert!(!home.path("out/report.html").exists() && !home.path("out/report").exists(), "no page tells what no longer is");
}

#[test]
fn nobodys_photo_is_written_over_another_and_own_results_are_no_work() {
    let home = home_with(&[("p03_portrait", "1.jpg")]);
    fs::create_dir_all(home.path("other")).unwrap();
    fs::copy(root().join("assets/specimens/p08_portrait.jpg"), home.path("other/1.jpg")).unwrap();
    fs::create_dir(home.path("out")).unwrap();
    for name in ["1.jpg", "report.html"] {
        fs::write(home.path("out").join(name), b"somebody's").unwrap();
    }
    let output = |said: &Said| said.lines.iter().map(|line| line["output"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(output(&run(&mut standardize(&home, &[]))), ["out/1-2.jpg"]);
    let first = fs::read(home.path("out/1-2.jpg")).unwrap();
    assert_eq!(output(&run(&mut standardize_folder(&home, "other", &[]))), ["out/1-3.jpg"], "another person of the same name");
    let again = run(&mut standardize(&home, &[]));
    assert_eq!((output(&again), again.resumed()), (vec!["out/1-2.jpg".to_owned()], 1));
    assert_eq!(fs::read(home.path("out/1-2.jpg")).unwrap(), first);

    for name in ["1.jpg", "report.html"] {
        assert_eq!(fs::read(home.path("out").join(name)).unwrap(), b"somebody's");
    }
    let page = fs::read_to_string(home.path("out/report-2.html")).unwrap();
    assert!(page.contains("title=\"in/1.jpg\"") && !page.contains("1-3.jpg"));
    assert_eq!(names(&home.path("out/report")).len(), 1, "small pictures are those of the page");

    fs::remove_file(home.path("out/1.jpg")).unwrap();
    let nothing = run(&mut standardize_folder(&home, "out", &[]));
    assert_eq!((nothing.code, nothing.lines.len()), (Some(0), 0));
    assert!(nothing.stderr.contains("没有要处理的照片"), "{}", nothing.stderr);
    assert_eq!(fs::read_to_string(home.path("out/report-2.html")).unwrap(), page);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_after_the_photos_under_way_and_two_runs_do_not_mix() {
    let photos: Vec<(String, String)> = (0..8).map(|number| (format!("p1{number}_portrait"), format!("{number}.jpg"))).collect();
    let photos: Vec<(&str, &str)> = photos.iter().map(|(specimen, name)| (specimen.as_str(), name.as_str())).collect();
    let home = home_with(&photos);
    let mut child = standardize(&home, &[]).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();

    let second = run(&mut standardize(&home, &[]));
    assert_eq!((second.code, second.lines.len()), (Some(3), 0));
    assert!(second.stderr.contains("正在使用这个输出文件夹"), "{}", second.stderr);

    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(stderr.contains("再运行一次同样的命令即可继续"), "{stderr}");
    let printed = 1 + rest.lines().count();
    assert!(printed < 8, "it did stop");
    assert!(fs::read_to_string(home.path("out/report.html")).unwrap().contains("已停下"));

    let again = run(&mut standardize(&home, &[]));
    assert_eq!((again.lines.len(), again.resumed()), (8, printed));
}

#[test]
fn odd_names_are_names() {
    let odd =
        ["<script>alert(1)</script>.jpg".replace('/', "∕"), "a b#?%41&.jpg".into(), "照片 ‘引号’\n\u{202e}gpj.jpg".into(), "-o.jpg".into()];
    let photos: Vec<(&str, &str)> = odd.iter().map(|name| ("p03_portrait", name.as_str())).collect();
    let home = home_with(&photos);
    let said = run(&mut standardize(&home, &[]));
    assert_eq!((said.code, said.lines.len(), said.stderr.as_str()), (Some(0), 4, ""));
    for (line, name) in said.lines.iter().zip({
        let mut sorted = odd.clone();
        sorted.sort();
        sorted
    }) {
        assert_eq!(line["output"], format!("out/{name}"), "one object a line, whatever the name");
        assert!(home.path("out").join(&name).is_file());
    }
    let report = fs::read_to_string(home.path("out/report.html")).unwrap();
    assert!(!report.contains("<script") && !report.contains('\u{202e}') && report.contains("&lt;script&gt;"));
    assert!(report.contains("src=\"./a%20b%23%3F%2541%26.jpg\""));
    // The same content once: one small picture serves all.
    assert_eq!(names(&home.path("out/report")).len(), 1);
}

#[test]
fn where_nothing_can_be_written_that_is_said_at_once() {
    let home = home_with(&[("p03_portrait", "a.jpg")]);
    fs::write(home.path("out"), b"a file, not a folder").unwrap();
    let said = run(&mut standardize(&home, &[]));
    assert_eq!((said.code, said.lines.len()), (Some(3), 0));
    assert!(said.stderr.contains("无法写入"), "{}", said.stderr);
    assert_eq!(fs::read(home.path("out")).unwrap(), b"a file, not a folder");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = standardize(&home, &[]).stdout(Stdio::null()).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(3), "also where nobody reads it");
}

#[test]
fn rubbish_is_named_and_ends_nothing() {
    let home = TempHome::new();
    let Some(malformed) = shared("photos/malformed") else { return };
    let Some(formats) = shared("photos/formats/heic") else { return };
    let mut command = home.command(PROGRAM);
    command.arg("check").args([&malformed, &malformed.join("afl_jpeg_edges"), &formats]).args(["--json"]).stdin(Stdio::null());
    let said = run(&mut command);
    if said.lines.is_empty() {
        return left_out("no malformed pictures");
    }
    assert!(matches!(said.code, Some(0 | 1)) && said.stderr.is_empty(), "{:?} {}", said.code, said.stderr);
    for line in &said.lines {
        let named = line["status"] != "error" || line["problem"].as_str().is_some_and(|problem| !problem.is_empty());
        assert!(named, "{line}");
    }
}
