//! More than one process: a season goes on while replicas and the database die, and duties may be shared. The long form is in `tests/long`.

use zhaoshen::domain::lifecycle::attempt::Status;

use crate::support::{
    home::TempHome,
    house::{Ended, House, free_port, students},
    pair, replicas, s3,
    server::Server,
};

#[test]
fn nobody_loses_work_when_a_replica_or_the_database_dies() {
    replicas::survive(9);
}

#[test]
fn who_answers_leaves_the_work_to_who_works() {
    let Some(database) = pair::fresh_database() else { return };
    let (house, [registrar]) =
        House::open_told(free_port(), None, Some(database), Some(s3::place()), vec![("ZHAOSHEN_DUTY", "answer")], [("registrar", None)]);
    house.put_season(&registrar, 600);
    // An import waits for what the machine says of its photos.
    let import = registrar.start_import(&students(&[0, 16]));
    house.wait_progress(&registrar, "the photos", |whole| whole.captured_students == 2);
    let waiting = house.submissions(&registrar);
    assert_eq!(waiting.iter().map(|photo| photo.status).collect::<Vec<_>>(), [Status::Captured; 2], "nobody works yet");

    let mut command = house.server_command(&house.data().with_extension("worker"), free_port());
    command.env("ZHAOSHEN_DUTY", "work").env("ZHAOSHEN_MASTER_KEY_FILE", house.data().join("master.key"));
    let worker = Server::spawn(command);
    // What the one makes the other tells.
    house.wait_progress(&registrar, "the machine's work", |whole| whole.pending == 2);
    assert!(import.wait_with_output().expect("it ends").status.success());
    house.assert_counted(&registrar);
    let asked = |path: &str| house.wait_for(reqwest::get(format!("{}{path}", worker.address()))).expect("it answers").status().as_u16();
    assert_eq!(["/healthz", "/readyz", "/metrics", "/v1/seasons", "/docs", "/"].map(asked), [200, 200, 200, 404, 404, 404]);
    assert!(worker.stop().success());
}

#[test]
fn duties_are_shared_on_postgresql_alone() {
    let home = TempHome::new();
    let mut command = home.command(crate::support::PROGRAM);
    command.env("ZHAOSHEN_LANG", "en").args(["serve", "--duty", "work", "--data"]).arg(home.path("none"));
    let ended = Ended::from(command.output().expect("the program runs"));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.errors.contains("PostgreSQL (--database)") && !home.path("none").exists(), "{ended:?}");
}
