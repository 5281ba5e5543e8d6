//! Who sees and may do what, at the command line and at the desk.

use crate::support::{
    desk::Terminal,
    house::{House, Person, SEASON, students},
    queries::Answers,
    reviewing::leave,
};

#[test]
fn a_reviewer_of_one_unit_sees_that_unit_and_imports_nothing() {
    let (house, [registrar, reviewer]) = House::open([("registrar", None), ("reviewer", Some("105"))]);
    house.put_season(&registrar, 600);
    let cohort = students(&[0, 16, 20]);
    registrar.import(&cohort);

    let ended = registrar.run(&["progress", "--json"]);
    assert_eq!(ended.objects().len(), 3, "two units and the whole: {ended:?}");
    let ended = reviewer.run(&["progress", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told: Vec<_> = ended
        .objects()
        .iter()
        .map(|unit| (unit["unit"].as_str().map(str::to_owned), unit["students"].as_i64(), unit["pending"].as_i64()))
        .collect();
    assert_eq!(told, [(Some("105".to_owned()), Some(2), Some(2)), (None, Some(2), Some(2))], "the whole is the sum of what is seen");

    let desk = reviewer.desk(Terminal::new(100, 30, Answers::plain()));
    let screen = desk.wait_for("渭南分院");
    assert!(!screen.contains("长安") && !screen.contains("全部单位"), "{screen}");
    desk.send("\r");
    let screen = desk.wait_screen("its students", |screen| screen.matches("237105").count() == 2);
    assert!(!screen.contains("237101"), "{screen}");
    leave(desk);

    // Another unit by name is none that is known, neither to the desk nor to the API.
    let foreign = house.submissions(&registrar).into_iter().find(|submission| submission.unit == "101").unwrap();
    let asked = |person: &Person| {
        let http = person.http.clone();
        tokio::runtime::Runtime::new().unwrap().block_on(async move { http.submission(foreign.id).await.map(|_| ()) })
    };
    assert_eq!(asked(&registrar), Ok(()));
    assert_eq!(asked(&reviewer).unwrap_err().status, 404);

    cohort.write_to(&reviewer.home.path("season")).unwrap();
    let import = ["import", "--season", SEASON, "--roster", "season/roster.csv", "--photos", "season/photos"];
    for (ended, words) in [
        (reviewer.run(&import), "您的角色不能这样做"),
        (reviewer.run_in_english(&import), "Your role may not do this"),
        (reviewer.run(&["audit", "--season", SEASON]), "您的角色不能这样做"),
    ] {
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.errors.contains(words), "{ended:?}");
    }
    house.assert_counted(&registrar);
    assert_eq!(house.submissions(&registrar).len(), 3);

    // Who signs out is signed out at the server, and not only here.
    let ended = reviewer.run(&["logout"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(asked(&reviewer).unwrap_err().status, 401);
}
