//! `zhaoshen review`: opens the review desk on a terminal.

use std::path::PathBuf;

use crate::{
    api::{people::User, problem::Problem},
    cli::{Context, Exit, remote},
    client::Http,
    desk::{
        picture::policy::Graphics,
        run::{self, Config, DeskError},
    },
};

/// Arguments of `zhaoshen review`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
    #[arg(long, value_name = "SEASON")]
    pub season: Option<String>,
    #[arg(long, value_enum, default_value = "auto", env = "ZHAOSHEN_GRAPHICS")]
    pub graphics: Graphics,
    #[arg(long, value_name = "dark|light|FILE", default_value = "dark", env = "ZHAOSHEN_THEME")]
    pub theme: String,
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// Runs the command.
#[must_use]
pub fn run(arguments: Arguments, context: &Context) -> Exit {
    if !crate::desk::terminal::guard::is_terminal() {
        eprintln!("{}", context.text("desk.error.no_terminal", &[]));
        return Exit::Usage;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{}", context.text("desk.error.terminal", &[("why", &error.to_string())]));
            return Exit::Failed;
        }
    };
    let exit = runtime.block_on(review(arguments, context));
    // A request that hangs must not keep the user from leaving; what is unsent is in the outbox.
    runtime.shutdown_background();
    exit
}

async fn review(arguments: Arguments, context: &Context) -> Exit {
    let (http, user) = match signed_in().await {
        Ok(found) => found,
        Err(problem) => return remote::finish(context, Err(problem.into())),
    };
    let Some(state_folder) = state_folder() else {
        eprintln!("{}", context.text("desk.error.outbox", &[("why", "no home")]));
        return Exit::Failed;
    };
    let config = Config {
        http,
        user,
        season: arguments.season,
        unit: arguments.unit,
        language: context.language,
        graphics: arguments.graphics,
        theme: arguments.theme,
        record: arguments.record,
        state_folder,
    };
    match run::run(config).await {
        Ok(()) => Exit::Done,
        Err(error) => told(&error, context),
    }
}

/// Says why the desk did not open or ended early.
pub fn told(error: &DeskError, context: &Context) -> Exit {
    let key = format!("desk.error.{}", error.code());
    eprintln!("{}", context.text(&key, &[("why", &error.to_string())]));
    if matches!(error, DeskError::NoTerminal | DeskError::Theme(_)) { Exit::Usage } else { Exit::Failed }
}

/// The folder for what must outlive a session: `ZHAOSHEN_STATE_DIR`, else the platform's.
#[must_use]
pub fn state_folder() -> Option<PathBuf> {
    std::env::var_os("ZHAOSHEN_STATE_DIR").map(PathBuf::from).or_else(|| {
        let folders = directories::ProjectDirs::from("", "", "zhaoshen")?;
        Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).to_owned())
    })
}

/// The backend the user is signed in to, and who they are there.
async fn signed_in() -> Result<(Http, User), Problem> {
    let http = remote::connect()?;
    let user = http.me().await?;
    Ok((http, user))
}
