//! Imports and servers that end in the middle: what was begun is finished, once.

use zhaoshen::{cli::demo::cohort::Finding, domain::lifecycle::attempt::Status};

use crate::support::house::{Ended, House, SEASON, students};

#[test]
fn neither_a_killed_import_nor_a_killed_server_loses_or_doubles_anybody() {
    let (mut house, [registrar]) = House::open([("registrar", None)]);
    house.put_season(&registrar, 600);
    // Of three units; three of them the machine must refuse.
    let cohort = students(&[0, 1, 2, 3, 14, 16, 17, 32]);
    let everybody = cohort.students.len() as i64;

    let mut import = registrar.start_import(&cohort);
    house.wait_progress(&registrar, "photos that arrive", |whole| whole.captured_students >= 2);
    import.kill().unwrap();
    import.wait().unwrap();
    // The engine is at work on what has arrived.
    house.kill_9();
    house.start();

    // The same command again, and the server dies once more under it: it is waited for.
    let import = registrar.start_import(&cohort);
    house.wait_progress(&registrar, "all photos", |whole| whole.captured_students == everybody);
    house.kill_9();
    house.start();
    let ended = Ended::from(import.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let summary = ended.objects().pop().unwrap();
    let (uploaded, existed) = (summary["uploaded"].as_i64().unwrap(), summary["exists"].as_i64().unwrap());
    assert!(uploaded + existed == everybody && existed >= 2, "{summary}");

    let submissions = house.submissions(&registrar);
    let mut numbers: Vec<&str> = submissions.iter().map(|submission| submission.student.student_number.as_str()).collect();
    numbers.sort_unstable();
    let mut expected: Vec<&str> = cohort.students.iter().map(|student| student.number.as_str()).collect();
    expected.sort_unstable();
    assert_eq!(numbers, expected, "one photo each");
    for submission in &submissions {
        let student = cohort.students.iter().find(|student| student.number == submission.student.student_number).unwrap();
        let status = if matches!(student.finding, Finding::Refused(_)) { Status::MachineRefused } else { Status::Pending };
        assert_eq!((submission.number, submission.status), (1, status), "{}: {:?}", student.number, student.finding);
    }

    let progress = house.ask(registrar.http.progress(SEASON));
    for unit in &progress.units {
        let of_unit = || cohort.students.iter().filter(|student| Some(student.unit.code) == unit.unit.as_deref());
        let refused = of_unit().filter(|student| matches!(student.finding, Finding::Refused(_))).count() as i64;
        let all = of_unit().count() as i64;
        assert_eq!((unit.students, unit.captured_students, unit.machine_refused, unit.pending), (all, all, refused, all - refused));
    }
    house.assert_counted(&registrar);
    let audit = house.audit(&registrar);
    let number = |action: &str| audit.iter().filter(|line| line.action == action).count() as i64;
    assert_eq!(number("submission.captured"), everybody, "{audit:?}");
    assert_eq!(number("machine.standardized") + number("machine.refused"), everybody, "judged once each: {audit:?}");
}
