//! The command line: one file a command. Turns errors into texts and exit codes.
//!
//! Human text on a terminal, `--json` (one object a line) for programs. Texts of the help are in `locales/cli.*.yml`: about texts under
//! `cli.<command>.about`, arguments under `cli.<command>.<argument>`.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::api::problem::{Problem, code};
use crate::language::{self, Language};

#[cfg(feature = "server")]
mod admin;
mod asking;
mod audit;
mod batch;
mod budget;
mod bundle;
mod check;
mod compare;
#[cfg(feature = "server")]
mod copies;
pub mod demo;
mod export;
mod import;
mod interrupt;
#[cfg(feature = "server")]
mod keys;
#[cfg(feature = "server")]
mod logging;
mod login;
#[cfg(feature = "server")]
mod migrate;
mod person;
mod pictures;
mod private;
mod progress;
mod record;
mod remote;
mod retention;
#[cfg(feature = "desk")]
mod review;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "desk")]
mod show;
mod standardize;
mod state;
mod statistics;
mod table;
mod user;
mod verify;
#[cfg(feature = "server")]
mod whereabouts;

/// How a command ended. A batch ends with its worst, which is the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All was done.
    Done = 0,
    /// Something was refused or failed a check.
    Refused = 1,
    /// The command was used wrongly.
    Usage = 2,
    /// Something could not be done: I/O, network.
    Failed = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// What every command gets to know beside its own arguments.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    pub language: Language,
}

impl Context {
    /// The text of `key` in the user's language.
    #[must_use]
    pub fn text(&self, key: &str, parameters: &[(&str, &str)]) -> String {
        language::text(self.language, key, parameters)
    }
}

#[derive(Debug, Parser)]
#[command(name = "zhaoshen", version, disable_help_subcommand = true)]
struct Arguments {
    #[arg(long, global = true, value_name = "zh-CN|en", value_parser = parse_language)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(all(feature = "desk", feature = "server"))]
    Demo(demo::command::DemoArguments),
    #[cfg(feature = "server")]
    Serve(serve::ServeArguments),
    User(user::Arguments),
    #[cfg(feature = "server")]
    Migrate(migrate::Arguments),
    #[cfg(feature = "server")]
    Keys(keys::KeysArguments),
    #[cfg(feature = "server")]
    Admin(admin::Arguments),
    #[cfg(feature = "server")]
    Backup(copies::BackupArguments),
    #[cfg(feature = "server")]
    Restore(copies::RestoreArguments),
    Standardize(standardize::Arguments),
    Check(check::Arguments),
    Compare(compare::Arguments),
    Verify(verify::Arguments),
    #[cfg(feature = "desk")]
    Show(show::Arguments),
    Login(login::Arguments),
    Logout(login::LogoutArguments),
    Import(import::Arguments),
    Progress(progress::Arguments),
    Export(export::Arguments),
    Audit(audit::Arguments),
    Person(person::Arguments),
    Retention(retention::Arguments),
    Statistics(statistics::Arguments),
    Bundle(bundle::Arguments),
    #[cfg(feature = "desk")]
    Review(review::Arguments),
}

fn parse_language(tag: &str) -> Result<Language, String> {
    Language::from_tag(tag).ok_or_else(|| "zh-CN | en".to_owned())
}

/// The language asked for: `--lang`, else `ZHAOSHEN_LANG`, else the locale of the environment, else Chinese.
///
/// `--lang` is looked up by hand because the help itself is already in the user's language.
fn choose_language(arguments: &[String], environment: impl Fn(&str) -> Option<String>) -> Language {
    let flag = arguments.iter().enumerate().find_map(|(index, argument)| match argument.strip_prefix("--lang") {
        Some("") => arguments.get(index + 1).cloned(),
        Some(rest) => rest.strip_prefix('=').map(str::to_owned),
        None => None,
    });
    flag.into_iter()
        .chain(["ZHAOSHEN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(environment))
        .find_map(|tag| Language::from_tag(&tag))
        .unwrap_or_default()
}

/// Puts the help of `command` and everything below it into words of `language`.
fn localise(command: clap::Command, language: Language, path: &str) -> clap::Command {
    let word = |name: &str| {
        let key = format!("cli.{path}{name}");
        language::has_text(language, &key).then(|| language::text(language, &key, &[]))
    };
    let mut command = command;
    if let Some(about) = word("about") {
        command = command.about(about);
    }
    command = command.mut_args(|argument| match word(argument.get_id().as_str()) {
        Some(help) => argument.help(help),
        None => argument,
    });
    command.mut_subcommands(|sub| {
        let path = format!("{path}{}.", sub.get_name());
        localise(sub, language, &path)
    })
}

/// Runs the program with the process's arguments and environment.
#[must_use]
pub fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let language = choose_language(&arguments, |name| std::env::var(name).ok());
    let parsed = localise(Arguments::command(), language, "")
        .try_get_matches()
        .and_then(|matches| Arguments::from_arg_matches(&matches))
        .unwrap_or_else(|error| error.exit());
    let context = Context { language: parsed.lang.unwrap_or(language) };
    dispatch(parsed.command, &context).into()
}

fn dispatch(command: Option<Command>, context: &Context) -> Exit {
    let Some(command) = command else {
        let _ = localise(Arguments::command(), context.language, "").print_help();
        return Exit::Usage;
    };
    match command {
        #[cfg(all(feature = "desk", feature = "server"))]
        Command::Demo(arguments) => demo::command::run(arguments, context),
        #[cfg(feature = "server")]
        Command::Serve(arguments) => serve::run(arguments, context),
        Command::User(arguments) => user::run(arguments, context),
        #[cfg(feature = "server")]
        Command::Migrate(arguments) => migrate::run(&arguments, context),
        #[cfg(feature = "server")]
        Command::Keys(arguments) => keys::run(arguments, context),
        #[cfg(feature = "server")]
        Command::Admin(arguments) => admin::run(&arguments, context),
        #[cfg(feature = "server")]
        Command::Backup(arguments) => copies::run_backup(&arguments, context),
        #[cfg(feature = "server")]
        Command::Restore(arguments) => copies::run_restore(&arguments, context),
        Command::Standardize(arguments) => standardize::run(&arguments, context),
        Command::Check(arguments) => check::run(&arguments, context),
        Command::Compare(arguments) => compare::run(&arguments, context),
        Command::Verify(arguments) => verify::run(&arguments, context),
        #[cfg(feature = "desk")]
        Command::Show(arguments) => show::run(&arguments, context),
        Command::Login(arguments) => login::run(&arguments, context),
        Command::Logout(arguments) => login::run_logout(&arguments, context),
        Command::Import(arguments) => import::run(&arguments, context),
        Command::Progress(arguments) => progress::run(&arguments, context),
        Command::Export(arguments) => export::run(&arguments, context),
        Command::Audit(arguments) => audit::run(&arguments, context),
        Command::Person(arguments) => person::run(&arguments, context),
        Command::Retention(arguments) => retention::run(&arguments, context),
        Command::Statistics(arguments) => statistics::run(&arguments, context),
        Command::Bundle(arguments) => bundle::run(&arguments, context),
        #[cfg(feature = "desk")]
        Command::Review(arguments) => review::run(arguments, context),
    }
}

/// Runs `work` to its end on a runtime of its own.
///
/// # Errors
/// When the system gives no threads.
#[cfg(feature = "server")]
fn on_a_runtime<T>(work: impl Future<Output = T>) -> std::io::Result<T> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work))
}

/// Runs a command that waits for the network or for files, and says how it ended.
fn block_on(context: &Context, command: impl Future<Output = Result<Exit, remote::Failure>>) -> Exit {
    let result = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(command),
        Err(_) => Err(Problem::new(0, code::INTERNAL, "the runtime could not be started").into()),
    };
    remote::finish(context, result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_beats_the_environment_and_chinese_is_the_last_word() {
        let arguments = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let english = |name: &str| (name == "LANG").then(|| "en_US.UTF-8".to_owned());
        assert_eq!(choose_language(&arguments(&["zhaoshen", "--lang=zh-CN"]), english), Language::Chinese);
        assert_eq!(choose_language(&arguments(&["zhaoshen", "check", "--lang", "en"]), |_| None), Language::English);
        assert_eq!(choose_language(&arguments(&["zhaoshen"]), english), Language::English);
        assert_eq!(choose_language(&arguments(&["zhaoshen"]), |_| Some("C.UTF-8".to_owned())), Language::Chinese);
    }

    #[test]
    fn the_command_line_is_well_formed_and_every_word_of_it_is_translated() {
        let command = Arguments::command();
        command.clone().debug_assert();
        fn walk(command: &clap::Command, path: &str, missing: &mut Vec<String>) {
            let mut need = |name: &str| {
                let key = format!("cli.{path}{name}");
                missing.extend(
                    Language::ALL.iter().filter(|language| !language::has_text(**language, &key)).map(|l| format!("{} {key}", l.tag())),
                );
            };
            need("about");
            for argument in command.get_arguments().filter(|argument| !argument.is_global_set() || path.is_empty()) {
                if !["help", "version"].contains(&argument.get_id().as_str()) {
                    need(argument.get_id().as_str());
                }
            }
            for sub in command.get_subcommands() {
                walk(sub, &format!("{path}{}.", sub.get_name()), missing);
            }
        }
        let mut missing = Vec::new();
        walk(&command, "", &mut missing);
        assert!(missing.is_empty(), "no text for: {}", missing.join(", "));
    }
}
