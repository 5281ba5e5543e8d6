//! `user add`: adds a user in a data folder and prints a one-time link, once.

use std::path::Path;

use clap::Args;

use crate::{
    api::people::{Invitation, NewUser},
    backend::{
        clock::{Clock, SystemClock},
        controllers::users::is_name,
        folder::{DataFolder, FolderError},
        serve::{self, ServeError},
        store::StoreError,
        whereabouts::Whereabouts,
    },
    cli::{Context, Exit, on_a_runtime, whereabouts::WhereaboutsArguments},
    domain::access::Role,
};

#[derive(Debug, Args)]
pub struct Arguments {
    name: String,
    #[arg(long, value_name = "ROLE", value_parser = super::parse_role)]
    role: Role,
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    units: Option<Vec<String>>,
    #[command(flatten)]
    whereabouts: WhereaboutsArguments,
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8420")]
    address: String,
}

/// Runs the command.
pub fn run(arguments: Arguments, context: &Context) -> Exit {
    let Arguments { name, role, units, whereabouts, address } = arguments;
    if !is_name(&name) {
        eprintln!("{}", context.text("cli.user.bad_name", &[]));
        return Exit::Usage;
    }
    if role.needs_units() && units.as_ref().is_none_or(Vec::is_empty) {
        eprintln!("{}", context.text("cli.user.units_needed", &[]));
        return Exit::Usage;
    }
    let user = NewUser { name, role, units };
    let whereabouts = match whereabouts.read(context) {
        Ok(whereabouts) => whereabouts,
        Err(text) => {
            eprintln!("{text}");
            return Exit::Usage;
        }
    };
    match on_a_runtime(add(&whereabouts, &user)) {
        Ok(Ok(invitation)) => {
            let role = context.text(&format!("role.{}", role.code()), &[]);
            let until = invitation.expires_at.to_string();
            eprintln!("{}", context.text("cli.user.added", &[("name", &user.name), ("role", &role), ("until", &until)]));
            // Alone on stdout, so that it can be piped to wherever links are sent from.
            println!("{}/invite#{}", address.trim_end_matches('/'), invitation.code);
            Exit::Done
        }
        Ok(Err(ServeError::Store(StoreError::UserExists))) => {
            eprintln!("{}", context.text("cli.user.exists", &[("name", &user.name)]));
            Exit::Refused
        }
        Ok(Err(ServeError::Folder(error))) => {
            eprintln!("{}", folder_text(&error, &whereabouts.data, context));
            Exit::Failed
        }
        Ok(Err(error)) => {
            eprintln!("{}", context.text("cli.user.failed", &[("error", &error.to_string())]));
            Exit::Failed
        }
        Err(error) => {
            eprintln!("{}", context.text("cli.user.failed", &[("error", &error.to_string())]));
            Exit::Failed
        }
    }
}

/// What is wrong with a data folder, in words.
pub fn folder_text(error: &FolderError, data: &Path, context: &Context) -> String {
    let parameters = [("path", data.display().to_string()), ("error", error.to_string())];
    context.text(&format!("folder.{}", error.code()), &parameters.each_ref().map(|(name, value)| (*name, value.as_str())))
}

async fn add(whereabouts: &Whereabouts, user: &NewUser) -> Result<Invitation, ServeError> {
    let clock = SystemClock;
    let folder = DataFolder::open(whereabouts, clock.now()).await?;
    let invited = serve::invite(&folder.store, &clock, user).await;
    folder.store.close().await;
    invited
}
