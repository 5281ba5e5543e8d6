//! `login` and `logout`: how a person becomes known to a backend, and forgotten again.
//!
//! Secrets come from a terminal that does not show them, from a pipe, or from a file of mode 0600; never from arguments.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::asking::{self, Asker, answered};
use super::remote::{self, Failure};
use super::{Context, Exit, block_on};
use crate::api::people::{Redeem, Session, SignIn};
use crate::api::problem::{Problem, code};
use crate::client::Http;
use crate::client::pin::{self, Fingerprint};
use crate::client::session::{self, SavedSession, Sessions};

/// The shortest password, in characters; the backend insists on the same.
const SHORTEST_PASSWORD: usize = 10;
/// An invitation without its link is 32 random bytes in Base64; no name looks like that.
const INVITATION_LENGTH: usize = 43;

#[derive(Debug, Args)]
pub struct Arguments {
    url: String,
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[arg(long, value_name = "AA:BB:…")]
    fingerprint: Option<String>,
}

#[derive(Debug, Args)]
pub struct LogoutArguments {
    url: Option<String>,
}

/// Signs in and saves the session.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    block_on(context, async {
        let sessions = Sessions::of_user()?;
        log_in(arguments, context, asking::of_stdin().as_mut(), &sessions, &mut io::stdout().lock()).await
    })
}

/// Ends the session, here and on the backend.
pub fn run_logout(arguments: &LogoutArguments, context: &Context) -> Exit {
    block_on(context, async {
        let sessions = Sessions::of_user()?;
        let session = session::load(arguments.url.as_deref());
        log_out(session, context, &sessions, &mut io::stdout().lock()).await
    })
}

/// What a person typed where the name is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Introduction {
    Name(String),
    Invitation(String),
}

async fn log_in(
    arguments: &Arguments,
    context: &Context,
    asker: &mut dyn Asker,
    sessions: &Sessions,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let (http, fingerprint) = reach(arguments, context, sessions).await?;
    let saved = match &arguments.token_file {
        Some(file) => {
            let token = session::read_token(file)?;
            let user = http.signed_in(token.clone()).me().await?;
            let (address, token) = (http.address().to_owned(), token.reveal().to_owned());
            SavedSession { address, token, user: Some(user.name), role: Some(user.role), expires_at: None, fingerprint: None }
        }
        None => {
            let ask = |name: &str| context.text(&format!("output.login.{name}"), &[]);
            let answer = answered(asker.line(&ask("name")))?;
            let session = match introduction(&http, answer.trim())? {
                Introduction::Name(name) => {
                    let password = answered(asker.secret(&ask("password")))?;
                    let sign_in = SignIn { name, password, code: None };
                    match http.sign_in(&sign_in).await {
                        Err(problem) if problem.code == code::CODE_NEEDED => {
                            with_code(context, asker, |code| {
                                let (http, sign_in) = (&http, SignIn { code: Some(code), ..sign_in.clone() });
                                async move { http.sign_in(&sign_in).await }
                            })
                            .await?
                        }
                        other => other?,
                    }
                }
                Introduction::Invitation(invitation) => {
                    let password = new_password(context, asker)?;
                    let redeem = Redeem { invitation, password, code: None };
                    match http.redeem(&redeem).await {
                        Err(problem) if problem.code == code::CODE_NEEDED => {
                            with_code(context, asker, |code| {
                                let (http, redeem) = (&http, Redeem { code: Some(code), ..redeem.clone() });
                                async move { http.redeem(&redeem).await }
                            })
                            .await?
                        }
                        other => other?,
                    }
                }
            };
            SavedSession::of(&http, &session)
        }
    };
    let saved = SavedSession { fingerprint, ..saved };
    sessions.save(&saved)?;
    let role = saved.role.map(|role| context.text(&format!("output.role.{}", role.code()), &[])).unwrap_or_default();
    let name = remote::visible(saved.user.as_deref().unwrap_or_default());
    writeln!(out, "{}", context.text("output.login.done", &[("name", &name), ("role", &role), ("server", &saved.address)]))?;
    Ok(Exit::Done)
}

async fn with_code<F: Future<Output = Result<Session, Problem>>>(
    context: &Context,
    asker: &mut dyn Asker,
    attempt: impl FnMut(String) -> F,
) -> Result<Session, Problem> {
    let complain = |problem: &Problem| remote::complain(&remote::problem_text(context, problem));
    asking::with_code(asker, &context.text("output.login.code", &[]), complain, attempt).await
}

/// A client of the server, and the fingerprint to keep where nobody else answers for its certificate: the one that was given, the one that is
/// kept, or the one it shows when it is met for the first time, which people are told before anything secret is said.
async fn reach(arguments: &Arguments, context: &Context, sessions: &Sessions) -> Result<(Http, Option<Fingerprint>), Problem> {
    let url = &arguments.url;
    let given = arguments.fingerprint.as_deref().map(Fingerprint::parse).transpose()?;
    let http = Http::new(url, None)?;
    let known = match given {
        Some(given) => Some(given),
        None => sessions.fingerprint(http.address())?,
    };
    if let Some(known) = known {
        let http = Http::pinned(url, None, &known)?;
        http.greet().await?;
        return Ok((http, Some(known)));
    }
    match http.greet().await {
        Err(problem) if problem.code == pin::code::CERTIFICATE_UNKNOWN => {
            let shown = Http::fingerprint(url).await?;
            let text = shown.to_string();
            remote::complain(&context.text("output.login.first_met", &[("server", http.address()), ("fingerprint", &text)]));
            Ok((Http::pinned(url, None, &shown)?, Some(shown)))
        }
        // Whatever else is wrong is told by the request that matters.
        Err(problem) if pin::code::ALL.contains(&problem.code.as_str()) => Err(problem),
        _ => Ok((http, None)),
    }
}

async fn log_out(
    session: Result<SavedSession, Problem>,
    context: &Context,
    sessions: &Sessions,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let session = match session {
        Ok(session) => session,
        Err(over) if over.code == session::code::SESSION_EXPIRED => {
            sessions.forget(over.parameters.get("server").map_or("", String::as_str))?;
            writeln!(out, "{}", context.text("output.logout.done", &[]))?;
            return Ok(Exit::Done);
        }
        Err(problem) => return Err(problem.into()),
    };
    let told = session.http()?.sign_out().await;
    // Here it is forgotten in any case: that is what was asked for.
    sessions.forget(&session.address)?;
    match told {
        Err(problem) if problem.status != 401 => {
            remote::complain(&context.text("output.logout.server_not_told", &[("server", &session.address)]));
            Err(problem.into())
        }
        _ => {
            writeln!(out, "{}", context.text("output.logout.done", &[]))?;
            Ok(Exit::Done)
        }
    }
}

/// Tells a name from an invitation: a link holds it after `#`, a bare one is known by its shape.
fn introduction(http: &Http, answer: &str) -> Result<Introduction, Problem> {
    if let Some((link, invitation)) = answer.split_once('#') {
        let known = link.is_empty() || link == http.address() || link.starts_with(&format!("{}/", http.address()));
        if !known {
            return Err(Problem::new(0, "invitation_elsewhere", "the link belongs to another server").with("server", http.address()));
        }
        return Ok(Introduction::Invitation(invitation.to_owned()));
    }
    let is_code = answer.len() == INVITATION_LENGTH && answer.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    Ok(if is_code { Introduction::Invitation(answer.to_owned()) } else { Introduction::Name(answer.to_owned()) })
}

fn new_password(context: &Context, asker: &mut dyn Asker) -> Result<String, Problem> {
    let least = SHORTEST_PASSWORD.to_string();
    let mut last = Problem::new(0, "passwords_differ", "the passwords differ");
    for _ in 0..asker.patience() {
        let password = answered(asker.secret(&context.text("output.login.new_password", &[("least", &least)])))?;
        if password.chars().count() < SHORTEST_PASSWORD {
            last = Problem::new(0, "password_short", "the password is too short").with("least", &least);
        } else if answered(asker.secret(&context.text("output.login.new_password_again", &[])))? == password {
            return Ok(password);
        } else {
            last = Problem::new(0, "passwords_differ", "the passwords differ");
        }
        if asker.patience() > 1 {
            remote::complain(&remote::problem_text(context, &last));
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

    use super::*;
    use crate::api::problem::MEDIA_TYPE;
    use crate::cli::asking::Lines;
    use crate::language::{Language, has_text};

    const CONTEXT: Context = Context { language: Language::Chinese };
    const INVITATION: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_0";

    fn user() -> serde_json::Value {
        serde_json::json!({"id": "018f0000-0000-7000-8000-000000000000", "name": "li", "role": "registrar", "school": "x"})
    }

    fn session() -> ResponseTemplate {
        ResponseTemplate::new(201)
            .set_body_json(serde_json::json!({"token": "t0ken", "expires_at": "2099-01-01T00:00:00Z", "user": user()}))
    }

    fn refusal(status: u16, code: &str) -> ResponseTemplate {
        ResponseTemplate::new(status).set_body_raw(serde_json::to_vec(&Problem::new(status, code, "no")).unwrap(), MEDIA_TYPE)
    }

    struct Bench {
        server: MockServer,
        home: tempfile::TempDir,
    }

    impl Bench {
        async fn new() -> Bench {
            Bench { server: MockServer::start().await, home: tempfile::tempdir().unwrap() }
        }

        fn sessions(&self) -> Sessions {
            Sessions::in_folder(self.home.path().join("zhaoshen"))
        }

        async fn log_in(&self, url: &str, token_file: Option<PathBuf>, typed: &str) -> (Result<Exit, Failure>, String) {
            let mut out = Vec::new();
            let arguments = Arguments { url: url.to_owned(), token_file, fingerprint: None };
            let result = log_in(&arguments, &CONTEXT, &mut Lines(typed.as_bytes()), &self.sessions(), &mut out).await;
            (result, String::from_utf8(out).unwrap())
        }

        fn saved(&self) -> Option<SavedSession> {
            self.sessions().load(None, Timestamp::UNIX_EPOCH).ok()
        }
    }

    fn code_of(result: Result<Exit, Failure>) -> String {
        match result {
            Err(Failure::Problem(problem)) => problem.code,
            other => panic!("no problem: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_and_a_password_sign_in_and_logging_out_forgets() {
        let bench = Bench::new().await;
        let body = serde_json::json!({"name": "li", "password": " pass word "});
        Mock::given(matchers::path("/v1/sessions"))
            .and(matchers::body_json(body))
            .respond_with(session())
            .expect(1)
            .mount(&bench.server)
            .await;
        let (result, out) = bench.log_in(&bench.server.uri(), None, "li\r\n pass word \n").await;
        assert_eq!(result.unwrap(), Exit::Done);
        assert!(out.contains("li") && !out.contains("t0ken"));
        let saved = bench.saved().unwrap();
        assert_eq!((saved.token.as_str(), saved.address), ("t0ken", bench.server.uri()));

        let bearer = matchers::header("authorization", "Bearer t0ken");
        Mock::given(matchers::method("DELETE")).and(bearer).respond_with(ResponseTemplate::new(204)).expect(1).mount(&bench.server).await;
        assert_eq!(log_out(Ok(bench.saved().unwrap()), &CONTEXT, &bench.sessions(), &mut Vec::new()).await.unwrap(), Exit::Done);
        assert!(bench.saved().is_none());
    }

    #[tokio::test]
    async fn an_invitation_is_redeemed_as_a_link_or_as_a_code() {
        let bench = Bench::new().await;
        let body = serde_json::json!({"invitation": INVITATION, "password": "十个字的密码也是可以的"});
        let redeem = Mock::given(matchers::path("/v1/invitations/redeem")).and(matchers::body_json(body));
        redeem.respond_with(session()).expect(2).mount(&bench.server).await;
        for introduction in [INVITATION.to_owned(), format!("{}/invitation#{INVITATION}", bench.server.uri())] {
            let typed = format!("{introduction}\n十个字的密码也是可以的\n十个字的密码也是可以的\n");
            assert_eq!(bench.log_in(&bench.server.uri(), None, &typed).await.0.unwrap(), Exit::Done);
        }
        for (typed, code) in [
            (format!("{INVITATION}\n123456789\n"), "password_short"),
            (format!("{INVITATION}\n1234567890\n1234567891\n"), "passwords_differ"),
            (format!("https://elsewhere.test/#{INVITATION}\n"), "invitation_elsewhere"),
            ("li\n".to_owned(), "no_answer"),
            (String::new(), "no_answer"),
        ] {
            assert_eq!(code_of(bench.log_in(&bench.server.uri(), None, &typed).await.0), code);
        }
    }

    #[tokio::test]
    async fn a_one_time_code_is_asked_for_where_the_server_wants_one() {
        let bench = Bench::new().await;
        let with = |code: &str| matchers::body_json(serde_json::json!({"name": "li", "password": "pass word", "code": code}));
        Mock::given(with("123456")).respond_with(session()).expect(1).mount(&bench.server).await;
        Mock::given(with("654321")).respond_with(refusal(401, code::WRONG_CODE)).expect(1).mount(&bench.server).await;
        Mock::given(matchers::path("/v1/sessions")).respond_with(refusal(401, code::CODE_NEEDED)).mount(&bench.server).await;
        let url = bench.server.uri();
        assert_eq!(code_of(bench.log_in(&url, None, "li\npass word\n").await.0), "no_answer");
        assert_eq!(code_of(bench.log_in(&url, None, "li\npass word\n654321\n").await.0), code::WRONG_CODE);
        assert!(bench.saved().is_none());
        assert_eq!(bench.log_in(&url, None, "li\npass word\n123456\n").await.0.unwrap(), Exit::Done);
    }

    #[tokio::test]
    async fn a_token_file_is_tried_before_it_is_saved() {
        let bench = Bench::new().await;
        let good = matchers::header("authorization", "Bearer g00d");
        Mock::given(good).respond_with(ResponseTemplate::new(200).set_body_json(user())).mount(&bench.server).await;
        Mock::given(matchers::any()).respond_with(refusal(401, "sign_in")).mount(&bench.server).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "wr0ng").unwrap();
        assert_eq!(code_of(bench.log_in(&bench.server.uri(), Some(file.path().into()), "").await.0), "sign_in");
        assert!(bench.saved().is_none());
        std::fs::write(file.path(), "g00d\n").unwrap();
        bench.log_in(&bench.server.uri(), Some(file.path().into()), "").await.0.unwrap();
        assert_eq!(bench.saved().unwrap().token, "g00d");
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said_and_saves_nothing() {
        let bench = Bench::new().await;
        Mock::given(matchers::any()).respond_with(refusal(401, code::WRONG_PASSWORD)).mount(&bench.server).await;
        assert_eq!(code_of(bench.log_in(&bench.server.uri(), None, "li\nwrong password\n").await.0), code::WRONG_PASSWORD);
        for (url, code) in [
            ("https://li:secret@example.test", "secret_in_address"),
            ("https://example.test/#code", "secret_in_address"),
            ("example.test", "bad_address"),
            ("http://127.0.0.1:1", code::UNREACHABLE),
        ] {
            assert_eq!(code_of(bench.log_in(url, None, "li\nwrong password\n").await.0), code, "{url}");
        }
        assert!(bench.saved().is_none());
    }

    #[tokio::test]
    async fn logging_out_without_a_server_still_forgets() {
        let bench = Bench::new().await;
        let saved = SavedSession {
            address: "http://127.0.0.1:1".into(),
            token: "t".into(),
            user: None,
            role: None,
            expires_at: None,
            fingerprint: None,
        };
        bench.sessions().save(&saved).unwrap();
        assert_eq!(code_of(log_out(Ok(saved), &CONTEXT, &bench.sessions(), &mut Vec::new()).await), code::UNREACHABLE);
        assert!(bench.saved().is_none());
    }

    #[test]
    fn every_code_has_a_text_in_every_language() {
        for code in ["invitation_elsewhere", "passwords_differ", "password_short", "no_answer", "secret_in_address", "bad_address"] {
            assert!(Language::ALL.iter().all(|language| has_text(*language, &format!("problem.{code}"))), "{code}");
        }
    }
}
