//! `zhaoshen review`: opens the review desk on a terminal.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    api::{people::User, problem::Problem},
    cli::{Context, Exit, asking, bundle, remote, state},
    client::{
        Http,
        bundle::{Bundle, code, register::Register},
        session::{self, Sessions},
    },
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
    #[arg(long, value_name = "FILE", conflicts_with_all = ["season", "unit"])]
    pub bundle: Option<PathBuf>,
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
    let opened = match state::folder() {
        Ok(folder) => match &arguments.bundle {
            Some(file) => away(file, &folder, context).map(|(http, user, bundle)| (http, user, folder, Some(bundle))),
            None => signed_in().await.map(|(http, user)| (http, user, folder, None)),
        },
        Err(problem) => Err(problem),
    };
    let (http, user, state_folder, bundle) = match opened {
        Ok(found) => found,
        Err(problem) => return remote::finish(context, Err(problem.into())),
    };
    // A bundle is of one unit: there is nothing to choose.
    let unit = arguments.unit.or_else(|| bundle.as_ref().map(|bundle| bundle.unit().to_owned()));
    let config = Config {
        http,
        user,
        season: arguments.season,
        unit,
        language: context.language,
        graphics: arguments.graphics,
        theme: arguments.theme,
        record: arguments.record,
        state_folder,
        bundle,
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

/// The backend the user is signed in to, and who they are there.
async fn signed_in() -> Result<(Http, User), Problem> {
    let http = remote::connect()?;
    let user = http.me().await?;
    Ok((http, user))
}

/// A bundle opened in the server's place; the server is the one it came from, whether anybody is signed in to it or not.
fn away(file: &Path, folder: &Path, context: &Context) -> Result<(Http, User, Arc<Bundle>), Problem> {
    let record = bundle::record_of(folder, file)?;
    let register = Register::of(folder);
    let unreadable = |_| Problem::new(0, code::UNREADABLE, "the state folder cannot be read");
    let device = register.device().map_err(unreadable)?;
    let passphrase = bundle::passphrase(context, asking::of_stdin().as_mut())?;
    let opened = Bundle::open(file, &device, &record, &passphrase, Timestamp::now())?;
    for outcome in register.settled(record.id).map_err(unreadable)? {
        opened.settle(&outcome);
    }
    let http = match session::load(Some(&record.server)) {
        Ok(session) => session.http()?,
        // Signed in again, what was decided is sent; until then it waits.
        Err(_) => match Sessions::of_user()?.fingerprint(&record.server)? {
            Some(fingerprint) => Http::pinned(&record.server, None, &fingerprint)?,
            None => Http::new(&record.server, None)?,
        },
    };
    Ok((http, opened.user().clone(), Arc::new(opened)))
}
