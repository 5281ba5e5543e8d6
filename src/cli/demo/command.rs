//! `demo`: the main job on an embedded backend. Starts at once, fills a season while one watches, opens the desk on it.
//!
//! The only place that brings desk and backend together; they meet through HTTP on a loopback port like any other two.

use std::{
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;

use super::{
    cohort,
    fill::{self, Filling},
};
use crate::{
    api::{
        people::{NewUser, User},
        problem::Problem,
    },
    backend::{
        auth,
        clock::SystemClock,
        entrance::Entrance,
        jobs::Duty,
        production,
        serve::{self, Config, Running, ServeError},
        store::StoreError,
        vault::VaultError,
        whereabouts::Whereabouts,
    },
    cli::{Context, Exit, interrupt::Signals, logging, remote, review},
    client::{Http, http::Token},
    desk::{self, picture::policy::Graphics},
    domain::access::Role,
};

#[derive(Debug, Args)]
pub struct DemoArguments {
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    photos: Option<PathBuf>,
    #[arg(long)]
    serve_only: bool,
    #[arg(long, value_enum, default_value = "auto", env = "ZHAOSHEN_GRAPHICS")]
    graphics: Graphics,
    #[arg(long, value_name = "dark|light|FILE", default_value = "dark", env = "ZHAOSHEN_THEME")]
    theme: String,
}

/// Why the demo did not open.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Folder(#[from] io::Error),
    #[error(transparent)]
    Problem(#[from] Problem),
    #[error(transparent)]
    Desk(#[from] desk::run::DeskError),
}

/// The folder of the demo's data: the user's, or one that goes when the demo ends.
enum Folder {
    Given(PathBuf),
    Passing(tempfile::TempDir),
}

impl Folder {
    fn path(&self) -> PathBuf {
        match self {
            Folder::Given(path) => path.clone(),
            Folder::Passing(folder) => folder.path().join("data"),
        }
    }
}

/// Runs the command.
pub fn run(arguments: DemoArguments, context: &Context) -> Exit {
    if !arguments.serve_only && !desk::terminal::guard::is_terminal() {
        eprintln!("{}", context.text("cli.demo.no_terminal", &[]));
        return Exit::Usage;
    }
    let filling = match &arguments.photos {
        None => Filling::specimens(cohort::season()),
        Some(folder) => match Filling::own_photos(folder) {
            Ok(filling) => filling,
            Err(error) => {
                let folder = folder.display().to_string();
                eprintln!("{}", context.text("cli.demo.no_photos", &[("folder", &folder), ("error", &error.to_string())]));
                return Exit::Failed;
            }
        },
    };
    let _log = arguments.serve_only.then(logging::log_to_stderr);
    match crate::cli::on_a_runtime(demonstrate(arguments, filling, context)) {
        Ok(Ok(())) => Exit::Done,
        Ok(Err(DemoError::Problem(problem))) => {
            eprintln!("{}", remote::problem_text(context, &problem));
            Exit::Failed
        }
        Ok(Err(DemoError::Desk(error))) => review::told(&error, context),
        Ok(Err(error)) => failed(&error, context),
        Err(error) => failed(&error, context),
    }
}

fn failed(error: &dyn std::error::Error, context: &Context) -> Exit {
    eprintln!("{}", context.text("cli.demo.failed", &[("error", &error.to_string())]));
    Exit::Failed
}

async fn demonstrate(arguments: DemoArguments, filling: Filling, context: &Context) -> Result<(), DemoError> {
    let folder = match &arguments.data {
        Some(path) => Folder::Given(path.clone()),
        None => Folder::Passing(tempfile::Builder::new().prefix("zhaoshen-demo-").tempdir()?),
    };
    let data = folder.path();
    let state_folder = data.join("desk");
    let config = Config {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        duty: Duty::Both,
        parts: Box::new(production::parts),
        clock: Arc::new(SystemClock),
        tls: None,
        entrance: Entrance::default(),
        whereabouts: Whereabouts::folder(data.clone()),
    };
    let running = serve::start(config).await?;
    let shown = show(&running, filling, &arguments, &state_folder, context).await;
    running.stop().await;
    shown
}

async fn show(
    running: &Running,
    filling: Filling,
    arguments: &DemoArguments,
    state_folder: &Path,
    context: &Context,
) -> Result<(), DemoError> {
    let http = Http::new(&format!("http://{}", running.address()), None)?;
    let (_, registrar) = sign_in(running, "demo-registrar", Role::Registrar).await?;
    let (reviewer, token) = sign_in(running, "demo-reviewer", Role::Reviewer).await?;
    let season = filling.season.code.clone();
    let registrar = http.signed_in(registrar);
    // The season itself first, so that the desk has something to open.
    registrar.put_season(&filling.season).await?;
    let filled = tokio::spawn(async move {
        if let Err(problem) = fill::fill(&registrar, filling, |_, _| {}).await {
            tracing::error!(code = problem.code, "the demo's season could not be filled");
        }
    });
    let shown = if arguments.serve_only {
        println!("http://{}", running.address());
        println!("{}", token.reveal());
        eprintln!("{}", context.text("cli.demo.serving", &[]));
        match Signals::new() {
            Some(mut signals) => signals.next().await,
            None => tracing::error!("signals cannot be heard"),
        }
        Ok(())
    } else {
        let desk = desk::run::Config {
            http: http.signed_in(token),
            user: reviewer,
            season: Some(season),
            unit: None,
            language: context.language,
            graphics: arguments.graphics,
            theme: arguments.theme.clone(),
            record: None,
            state_folder: state_folder.to_owned(),
            bundle: None,
        };
        desk::run::run(desk).await.map_err(DemoError::from)
    };
    filled.abort();
    shown
}

/// A session of a demo user, opened by the owner of the data folder: nobody types a password in a demo.
async fn sign_in(running: &Running, name: &str, role: Role) -> Result<(User, Token), DemoError> {
    let store = running.store();
    let user = match store.credentials(name).await? {
        Some(credentials) => credentials.user,
        None => running.invite(&NewUser { name: name.to_owned(), role, units: None }).await?.user,
    };
    let (token, session) = auth::new_session(jiff::Timestamp::now())?;
    store.open_session(user.id, session).await?;
    Ok((user, Token::new(token)))
}
