//! A house is copied while people work in it, lost, and brought back elsewhere; and what is said of copies that are no longer whole.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use uuid::Uuid;
use zhaoshen::api::submission::PictureKind;

use crate::support::{
    files, has_tool,
    house::{Ended, House, Person, free_port, students},
    replicas::decide_and_undo,
    wait_until,
};

/// A house on SQLite, whatever the run is on: the other engine has means of its own.
fn open() -> (House, [Person; 2]) {
    let (house, people) = House::open_at(free_port(), None, None, None, [("registrar", None), ("reviewer", None)]);
    house.put_season(&people[0], 86_400);
    (house, people)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn backup(house: &House, copy: &Path, more: &[&str]) -> Ended {
    let data = house.data();
    house.run(&[&["backup", text(copy), "--data", text(&data)], more].concat())
}

fn restore(house: &House, copy: &Path, data: &Path) -> Ended {
    house.run(&["restore", text(copy), "--data", text(data)])
}

/// Makes a new data folder that holds the house's master key and nothing else.
fn folder_with_key(house: &House, name: &str) -> PathBuf {
    let folder = house.data().with_file_name(name);
    fs::create_dir(&folder).unwrap();
    fs::copy(house.data().join("master.key"), folder.join("master.key")).unwrap();
    folder
}

#[test]
fn a_house_is_copied_under_writes_lost_and_brought_back_with_all_that_was_confirmed() {
    let (mut house, [mut registrar, reviewer]) = open();
    registrar.import(&students(&[0, 2, 16, 32]));
    let ids: Vec<Uuid> = house.submissions(&registrar).into_iter().map(|submission| submission.id).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let hands: Vec<_> = ids.iter().map(|id| runtime.spawn(decide_and_undo(reviewer.http.clone(), *id, Arc::clone(&stop)))).collect();
    let decided = |audit: &[zhaoshen::api::progress::AuditEntry]| audit.iter().filter(|line| line.action == "decision.held").count();
    let confirmed = wait_until(|| "decisions".to_owned(), || Some(house.whole_audit(&registrar)).filter(|audit| decided(audit) >= 20));

    // Photos come in and decisions go on while the copy is taken.
    let more = registrar.start_import(&students(&[1, 3]));
    let copy = house.data().with_file_name("copy");
    let ended = backup(&house, &copy, &["--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told = ended.objects().pop().unwrap();
    assert!(ended.errors.contains("master key is not in the copy") && ended.errors.contains("master.key"), "{ended:?}");
    let ended = Ended::from(more.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    stop.store(true, Ordering::Relaxed);
    for hand in hands {
        assert!(runtime.block_on(hand).unwrap().held > 0);
    }
    let last = house.whole_audit(&registrar);
    house.kill_9();
    let lost = fs::canonicalize(house.data()).unwrap();
    let other = folder_with_key(&house, "other");
    fs::rename(&lost, lost.with_file_name("lost")).unwrap();

    let ended = restore(&house, &copy, &other);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("Everything was checked") && !ended.errors.contains("master key"), "{ended:?}");
    house.start_on(&other);
    assert_eq!(house.run(&["progress"]).code, Some(3), "nobody has a session here");
    house.sign_in_again(&mut registrar, "registrar-1");

    // All that was confirmed before the copy began is there; what came later is there up to some moment and not beyond.
    let back = house.whole_audit(&registrar);
    let all =
        |audit: &[zhaoshen::api::progress::AuditEntry]| -> Vec<String> { audit.iter().rev().map(|line| format!("{line:?}")).collect() };
    let (confirmed, back, last) = (all(&confirmed), all(&back), all(&last));
    assert!(back.starts_with(&confirmed), "{} of {} are back", back.len(), confirmed.len());
    assert!(last.starts_with(&back), "nothing is there that never was");
    let submissions = house.submissions(&registrar);
    assert_eq!(told["manifest"]["counts"]["attempts"].as_u64(), Some(submissions.len() as u64));
    for submission in &submissions {
        house.ask(registrar.http.picture(submission.id, PictureKind::Original));
    }
    for id in &ids {
        for kind in [PictureKind::Standard, PictureKind::Preview, PictureKind::Thumb, PictureKind::Portrait] {
            assert!(!house.ask(registrar.http.picture(*id, kind)).is_empty());
        }
    }
    house.assert_counted(&registrar);
    // What the machine had not done when the copy was taken, it does now.
    house.wait_progress(&registrar, "no photo that waits for the machine", |whole| whole.captured == 0);
}

#[test]
fn a_copy_says_plainly_what_is_wrong_with_it_and_nothing_is_written_over() {
    let (house, [registrar, _]) = open();
    let cohort = students(&[0, 2]);
    registrar.import(&cohort);
    let copy = house.data().with_file_name("copy");
    let ended = backup(&house, &copy, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");

    // Its owner's alone, sealed, without the key; other programs can look through it.
    let key = fs::read(house.data().join("master.key")).unwrap();
    for file in files(&copy) {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        let bytes = fs::read(&file).unwrap();
        let holds = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
        assert!(!holds(&key), "{}", file.display());
        for student in &cohort.students {
            let personal = [student.name, student.id_number.reveal(), &student.phone];
            assert!(personal.iter().all(|personal| !holds(personal.as_bytes())), "{}", file.display());
        }
    }
    if has_tool("sha256sum") {
        let looked = Command::new("sha256sum").args(["--check", "--strict", "pictures.sha256"]).current_dir(&copy).output().unwrap();
        assert!(looked.status.success(), "{looked:?}");
    }

    // The next copy takes no room for pictures that this one has.
    let next = copy.with_file_name("next");
    let ended = backup(&house, &next, &["--previous", text(&copy), "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let pictures = ended.objects().pop().unwrap()["manifest"]["pictures"].clone();
    assert!(pictures["number"].as_u64() > Some(5) && pictures["shared"] == pictures["number"], "{pictures}");
    fs::remove_dir_all(&copy).unwrap();

    let refused = |ended: Ended, code: i32, words: &str| {
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.errors.contains(words), "{words}: {ended:?}");
    };
    refused(backup(&house, &next, &[]), 1, "is not empty");
    refused(backup(&house, &house.data().join("copy"), &[]), 1, "inside of the data folder");
    assert!(!house.data().join("copy").exists());
    refused(house.run(&["backup", "x", "--data", "none"]), 3, "no database");
    let postgres = ["--data", "d", "--database", "postgres://u@h/n"];
    refused(house.run(&[&["backup", "x"], &postgres[..]].concat()), 2, "docs/operating.md");
    refused(house.run(&[&["restore", "x"], &postgres[..]].concat()), 2, "docs/operating.md");

    // What is no empty folder is left alone; nor is anything brought back to another's key.
    refused(restore(&house, &next, &house.data()), 1, "is not empty");
    let other = folder_with_key(&house, "other");
    fs::write(other.join("master.key"), [7; 32]).unwrap();
    refused(restore(&house, &next, &other), 1, "not the one of this copy");
    let unkeyed = other.with_file_name("unkeyed");
    refused(restore(&house, &next, &unkeyed), 0, "The master key is not there yet");

    // Each kind of damage is named with its file, and nothing is brought back.
    let list = fs::read_to_string(next.join("pictures.sha256")).unwrap();
    let (first, second) = (list.lines().next().unwrap(), list.lines().nth(1).unwrap());
    let path = |line: &str| next.join(line.split_once("  ").unwrap().1);
    let empty = other.with_file_name("empty");
    let damaged = |file: &Path, damage: &dyn Fn(&Path), code: i32, words: &str| {
        let whole = fs::read(file).unwrap();
        damage(file);
        let ended = restore(&house, &next, &empty);
        let name = text(file.strip_prefix(&next).unwrap()).to_owned();
        assert!(code == 3 || ended.errors.contains(&format!("{name}: ")), "{ended:?}");
        refused(ended, code, words);
        assert!(!empty.exists());
        fs::write(file, whole).unwrap();
    };
    let flip = |file: &Path| {
        let mut bytes = fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(file, bytes).unwrap();
    };
    let remove = |file: &Path| fs::remove_file(file).unwrap();
    damaged(&path(first), &flip, 1, "is not what was written");
    damaged(&path(second), &remove, 1, "is missing");
    damaged(&next.join("zhaoshen.db"), &flip, 1, "is not what was written");
    damaged(&next.join("pictures.sha256"), &|file| fs::write(file, list.lines().next().unwrap()).unwrap(), 1, "is not what was written");
    damaged(&next.join("manifest.json"), &remove, 3, "not finished");
    damaged(&next.join("manifest.json"), &|file| fs::write(file, "{").unwrap(), 3, "cannot be read");
    assert_eq!(restore(&house, &next, &empty).code, Some(0), "whole again, it comes back");
}
