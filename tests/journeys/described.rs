//! The API's description tried against a served house by schemathesis: whatever is asked, every answer is one that the description names, of a type
//! and a schema that it names, and nothing breaks the server.
//!
//! The tool is `.ci/run`'s (`target/tools`) or one in the path. How it asks is in `tests/schemathesis`.

use std::{
    fmt::{Display, Write as _},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use zhaoshen::client::http::SubmissionQuery;

use crate::support::{
    has_tool,
    house::{House, PASSWORD, Person, SEASON, free_port, students},
    pair, root, s3,
};

/// Questions an operation is asked in each part of a run.
const EXAMPLES: &str = "30";

/// Operations that end sessions or users, and those that may ask everybody for codes: beside them nobody could ask anything else any more.
const ENDING: &str = "^/v1/(sessions|sessions/\\{id\\}|users/\\{id\\}.*|invitations/redeem)$";
const LOCKING: &str = "^/v1/(access-policy|totp.*)$";
const OTHERS: &str = "^/v1/(sessions|sessions/\\{id\\}|users/\\{id\\}.*|invitations/redeem|access-policy|totp.*)$";

/// Where the tool is; without it the test is left out.
fn tool() -> Option<PathBuf> {
    let own = root().join("target/tools/bin/schemathesis");
    if own.is_file() { Some(own) } else { has_tool("schemathesis").then(|| PathBuf::from("schemathesis")) }
}

/// Values for parameters and parts of bodies, as TOML writes them.
type Things = Vec<(&'static str, Vec<String>)>;

fn quoted(texts: impl IntoIterator<Item = impl Display>) -> Vec<String> {
    texts.into_iter().map(|text| format!("\"{text}\"")).collect()
}

/// What the house's things are called, so that most questions are about something that is there.
fn things(house: &House, admin: &Person) -> Things {
    let query = SubmissionQuery { season: SEASON.into(), ..SubmissionQuery::default() };
    let submissions = house.ask(admin.http.submissions(&query)).items;
    let mut units: Vec<&String> = submissions.iter().map(|submission| &submission.unit).collect();
    units.dedup();
    let (season, units, ids) = (quoted([SEASON]), quoted(units), quoted(submissions.iter().map(|submission| submission.id)));
    let renditions = submissions.iter().filter_map(|submission| house.ask(admin.http.submission(submission.id)).rendition);
    let versions: Vec<String> = (1..6).map(|version| version.to_string()).collect();
    vec![
        ("season", season.clone()),
        ("code", season.clone()),
        ("unit", units.clone()),
        ("id", ids.clone()),
        ("if-match", versions.iter().map(|version| format!("'\"{version}\"'")).collect()),
        ("body.season", season),
        ("body.unit", units),
        ("body.submission", ids.clone()),
        ("body.items[*].submission", ids),
        ("body.items[*].version", versions),
        ("body.rendition", quoted(renditions)),
    ]
}

/// Asks the house's server whatever the description allows, and what it does not.
fn ask(tool: &Path, house: &House, admin: &Person, who: &str, things: &Things, which: [&str; 2]) {
    let mut config = fs::read_to_string(root().join("tests/schemathesis/schemathesis.toml")).expect("it is there");
    writeln!(config, "\n{who}").expect("a string");
    for (name, values) in things {
        writeln!(config, "\n[dictionaries.\"{name}\"]\nvalues = [{}]", values.join(", ")).expect("a string");
        writeln!(config, "[parameters.\"{name}\"]\ndictionary = \"{name}\"\nprobability = 0.8").expect("a string");
    }
    fs::write(admin.home.path("schemathesis.toml"), config).expect("a file in an own folder");
    let mut command = Command::new(tool);
    command.env_clear().envs(admin.home.environment()).current_dir(admin.home.path("."));
    command.env("ZHAOSHEN_TOKEN", admin.token().reveal()).env("ZHAOSHEN_PASSWORD", PASSWORD);
    command.args(["--config-file", "schemathesis.toml", "run", &format!("{}/openapi.json", house.address())]);
    command.args(["--max-examples", EXAMPLES, "--no-color", "--seed", "1"]).args(which);
    let output = command.stdin(Stdio::null()).output().expect("the tool runs");
    let said = String::from_utf8_lossy(&output.stdout);
    // Its last lines say how many questions were asked and answered.
    eprintln!("{}", said.lines().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// One session asks everything.
const BEARER: &str = "[auth.openapi.token]\nbearer = \"${ZHAOSHEN_TOKEN}\"";

#[test]
fn asking_for_codes_answers_as_it_is_described() {
    let Some(tool) = tool() else { return };
    let (house, [admin, _]) = house();
    ask(&tool, &house, &admin, BEARER, &vec![], ["--include-path-regex", LOCKING]);
}

/// A house with an admin who may ask as much as there is to ask.
fn house() -> (House, [Person; 2]) {
    let settings = vec![("ZHAOSHEN_LIMIT_SESSION", "0"), ("ZHAOSHEN_LIMIT_ADDRESS", "0")];
    let pictures = pair::on_cluster().then(s3::place);
    House::open_told(free_port(), None, pair::database(), pictures, settings, [("admin", None), ("reviewer", None)])
}

#[test]
fn every_operation_answers_as_it_is_described() {
    let Some(tool) = tool() else { return };
    let (house, [admin, _]) = house();
    house.put_season(&admin, 600);
    // Three good ones and one that the machine refuses.
    admin.import(&students(&[0, 1, 2, 14]));
    ask(&tool, &house, &admin, BEARER, &things(&house, &admin), ["--exclude-path-regex", OTHERS]);
}

#[test]
fn signing_in_and_out_answers_as_it_is_described() {
    let Some(tool) = tool() else { return };
    let (house, [admin, reviewer]) = house();
    let (user, other) = (house.ask(admin.http.me()), house.ask(reviewer.http.me()));
    let things = vec![("id", quoted([other.id])), ("body.name", quoted([&user.name])), ("body.password", quoted([PASSWORD]))];
    // Whoever was signed out by an answer signs in again.
    let who = format!(
        "[auth.dynamic.openapi.token]\npath = \"/v1/sessions\"\npayload = {{ name = \"{}\", password = \"${{ZHAOSHEN_PASSWORD}}\" }}\n\
         extract_selector = \"/token\"\nretry_on = [401]",
        user.name
    );
    ask(&tool, &house, &admin, &who, &things, ["--include-path-regex", ENDING]);
}
