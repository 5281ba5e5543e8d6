//! `admin verify`, beside the running server: what was lost, what was changed, what was left over; on both pairs.

use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::support::{
    files,
    house::{House, Person, free_port, students},
    pair, s3,
};

fn verify(house: &House, more: &[&str]) -> (Option<i32>, Vec<Value>, Value) {
    let data = house.data();
    let ended = house.run(&[&["admin", "verify", "--data", data.to_str().unwrap(), "--json"], more].concat());
    let mut told = ended.objects();
    let whole = told.pop().unwrap_or_else(|| panic!("{ended:?}"))["whole"].clone();
    (ended.code, told, whole)
}

fn name(file: &Path) -> &str {
    file.file_name().unwrap().to_str().unwrap()
}

/// Lays a blob down that nothing refers to.
fn lay_down(pictures: &Path, name: &str, age: Duration) {
    let folder = pictures.join(&name[..2]);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), "nobody's").unwrap();
    File::options().write(true).open(folder.join(name)).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

fn is_looked_through(house: &House, registrar: &Person) {
    house.put_season(registrar, 600);
    registrar.import(&students(&[0]));
    let pictures = house.pictures();
    let kept = files(&pictures);
    let (code, findings, whole) = verify(house, &[]);
    assert_eq!((code, findings.len(), whole["named"].as_u64()), (Some(0), 0, Some(kept.len() as u64)), "{whole}");
    assert!(kept.len() >= 6 && whole["bytes"].as_u64() > Some(10_000), "{whole}");

    // One byte of one, another one gone, one in the place of another; one left over long ago, one that may be about to be named.
    let saved: Vec<Vec<u8>> = kept.iter().map(|file| fs::read(file).unwrap()).collect();
    let mut changed = saved[0].clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&kept[0], changed).unwrap();
    fs::remove_file(&kept[1]).unwrap();
    fs::write(&kept[2], &saved[3]).unwrap();
    let (old, young) = ("ab".repeat(32), "cd".repeat(32));
    lay_down(&pictures, &old, Duration::from_hours(25));
    lay_down(&pictures, &young, Duration::from_hours(23));
    let expect = |removed: bool| {
        let mut expected = vec![
            ("damaged".to_owned(), name(&kept[0]).to_owned()),
            ("missing".to_owned(), name(&kept[1]).to_owned()),
            ("damaged".to_owned(), name(&kept[2]).to_owned()),
            ("orphan".to_owned(), old.clone()),
        ];
        let (code, findings, whole) = verify(house, if removed { &["--remove-orphans"] } else { &[] });
        let mut found: Vec<(String, String)> = findings
            .iter()
            .map(|finding| (finding["finding"].as_str().unwrap().to_owned(), finding["name"].as_str().unwrap().to_owned()))
            .collect();
        expected.sort();
        found.sort();
        assert_eq!((code, found), (Some(1), expected), "{whole}");
        let number = |what: &str| whole[what].as_u64().unwrap();
        assert_eq!((number("orphans"), number("removed"), number("young")), (1, u64::from(removed), 1), "{whole}");
        assert_eq!(pictures.join("ab").join(&old).exists(), !removed);
        assert!(pictures.join("cd").join(&young).exists());
    };
    expect(false);
    expect(true);
    for place in [0, 1, 2] {
        fs::write(&kept[place], &saved[place]).unwrap();
    }
    let (code, findings, whole) = verify(house, &[]);
    assert_eq!((code, findings.len()), (Some(0), 0), "{whole}");
}

#[test]
fn pictures_in_a_folder_are_held_against_the_database_while_the_server_runs() {
    let (house, [registrar]) = House::open_at(free_port(), None, None, None, [("registrar", None)]);
    is_looked_through(&house, &registrar);
    // What a process that was killed had begun to write: no picture, and a sealed face all the same.
    let folder = files(&house.pictures())[0].parent().unwrap().to_owned();
    for (name, age) in [(".new-old", 25), (".new-young", 23)] {
        fs::write(folder.join(name), "half a").unwrap();
        let file = File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(age)).unwrap();
    }
    let (code, findings, whole) = verify(&house, &["--remove-orphans"]);
    assert_eq!((code, findings.len(), &findings[0]["name"]), (Some(0), 1, &".new-old".into()), "{whole}");
    assert!(!folder.join(".new-old").exists() && folder.join(".new-young").exists());
    let missing = house.run(&["admin", "verify", "--data", "nowhere"]);
    assert_eq!(missing.code, Some(3), "{missing:?}");
    assert!(!house.data().with_file_name("nowhere").exists(), "nothing is made by looking");
}

#[test]
fn pictures_in_a_bucket_are_held_against_postgres_while_the_server_runs() {
    let Some(database) = pair::fresh_database() else { return };
    let (house, [registrar]) = House::open_at(free_port(), None, Some(database), Some(s3::place()), [("registrar", None)]);
    is_looked_through(&house, &registrar);
}
