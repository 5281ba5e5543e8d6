//! What every command that talks to a backend shares: the saved session, failures, their texts and exit codes.

use std::io::{self, Write};

use super::{Context, Exit};
use crate::api::problem::{Problem, code};
use crate::client::{Http, session};

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The command's own output could not be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// A client of the backend the user is signed in to.
///
/// # Errors
/// When nobody is signed in or the session's file is not to be trusted.
pub fn connect() -> Result<Http, Problem> {
    session::load(None)?.http()
}

/// The season asked for, or the only one there is.
///
/// # Errors
/// `season_needed` with the codes to choose from, `season_none` where there is none yet.
pub async fn choose_season(http: &Http, asked: Option<&str>) -> Result<String, Problem> {
    if let Some(season) = asked {
        return Ok(season.to_owned());
    }
    let codes: Vec<String> = http.seasons().await?.into_iter().map(|season| season.code).collect();
    match codes.as_slice() {
        [] => Err(Problem::new(0, "season_none", "there is no season yet")),
        [only] => Ok(only.clone()),
        several => Err(Problem::new(0, "season_needed", "there are several seasons").with("seasons", several.join(", "))),
    }
}

/// Ends a command: says on stderr what went wrong, and turns it into an exit code.
#[must_use]
pub fn finish(context: &Context, result: Result<Exit, Failure>) -> Exit {
    match result {
        Ok(exit) => exit,
        // The reader of a pipe has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(Failure::Output(_)) => {
            complain(&context.text("problem.output_failed", &[]));
            Exit::Failed
        }
        Err(Failure::Problem(problem)) => {
            complain(&problem_text(context, &problem));
            exit_of(&problem)
        }
    }
}

/// One line on stderr; a closed stderr is nobody's fault.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The text of a problem in the user's language. A code that has none yet is told as it is.
#[must_use]
pub fn problem_text(context: &Context, problem: &Problem) -> String {
    let key = format!("problem.{}", problem.code);
    if !crate::language::has_text(context.language, &key) {
        return visible(&format!("{} ({})", problem.title, problem.code));
    }
    let parameters: Vec<(&str, &str)> = problem.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    visible(&context.text(&key, &parameters))
}

/// Text from elsewhere without anything that a terminal would obey.
#[must_use]
pub fn visible(text: &str) -> String {
    let harmful = |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    text.chars().map(|c| if harmful(c) { '\u{fffd}' } else { c }).collect()
}

/// Wrong use is the user's to mend, a refusal is the answer, everything else could not be done.
fn exit_of(problem: &Problem) -> Exit {
    match (problem.status, problem.code.as_str()) {
        (0, "bad_address" | "secret_in_address" | "plain_address" | "bad_fingerprint" | "season_needed") => Exit::Usage,
        (0, "passphrase_short" | "bundle_file_exists" | "bundle_not_one" | "bundle_elsewhere") => Exit::Usage,
        (0, "bundle_unsent" | "bundle_locked" | code::BUNDLE_EXPIRED | code::BUNDLE_FOREIGN | code::BUNDLE_FORGED) => Exit::Refused,
        (0, "export_format" | "export_file_exists") => Exit::Usage,
        (0, "column_pair" | "columns_file" | "column_mapped_twice" | "errors_file_exists") => Exit::Usage,
        (0, "invitation_elsewhere" | "passwords_differ" | "password_short") | (_, code::WRONG_PASSWORD | code::WRONG_CODE) => Exit::Refused,
        (0, _) | (401, _) | (_, code::UNREACHABLE | code::NONSENSE | code::BUSY | code::TOO_MANY_REQUESTS) => Exit::Failed,
        (400..=499, _) => Exit::Refused,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn a_text_from_a_server_cannot_drive_the_terminal() {
        let context = Context { language: Language::English };
        let problem = Problem::new(422, "no_such_code", "bad \u{1b}[2J\u{202e}");
        assert_eq!(problem_text(&context, &problem), "bad \u{fffd}[2J\u{fffd} (no_such_code)");
        let columns = Problem::new(422, "columns_missing", "").with("columns", "\u{7}学号");
        assert!(problem_text(&context, &columns).contains("\u{fffd}学号"));
    }

    #[test]
    fn exit_codes_say_whose_turn_it_is() {
        for (status, code, exit) in [
            (0, "bad_address", Exit::Usage),
            (0, code::UNREACHABLE, Exit::Failed),
            (200, code::NONSENSE, Exit::Failed),
            (401, code::SIGN_IN, Exit::Failed),
            (401, code::WRONG_PASSWORD, Exit::Refused),
            (422, "columns_missing", Exit::Refused),
            (500, code::INTERNAL, Exit::Failed),
        ] {
            assert_eq!(exit_of(&Problem::new(status, code, "")), exit, "{status} {code}");
        }
        let broken = Failure::Output(io::ErrorKind::BrokenPipe.into());
        assert_eq!(finish(&Context { language: Language::English }, Err(broken)), Exit::Done);
    }
}
