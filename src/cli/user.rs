//! `user`: people and how they sign in. `add` works in a data folder, for its owner; everything else asks the backend one is signed in to.

use clap::Subcommand;
use uuid::Uuid;

use super::{Context, Exit, block_on};
use crate::domain::access::Role;

#[cfg(feature = "server")]
mod add;
mod manage;
mod sessions;
mod totp;

#[cfg(feature = "server")]
pub use add::folder_text;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    #[cfg(feature = "server")]
    Add(add::Arguments),
    List {
        #[arg(long)]
        json: bool,
    },
    Set {
        name: String,
        #[arg(long, value_name = "ROLE", value_parser = parse_role)]
        role: Option<Role>,
        #[arg(long, value_delimiter = ',', value_name = "A,B")]
        units: Option<Vec<String>>,
        #[arg(long, conflicts_with = "units")]
        all_units: bool,
    },
    Disable {
        name: String,
    },
    Enable {
        name: String,
    },
    ResetPassword {
        name: String,
    },
    Sessions {
        #[arg(long, value_name = "ID")]
        end: Option<Uuid>,
        #[arg(long, value_name = "NAME", conflicts_with = "end")]
        end_all_of: Option<String>,
        #[arg(long)]
        json: bool,
    },
    Totp(totp::Arguments),
}

fn parse_role(code: &str) -> Result<Role, String> {
    Role::from_code(code).ok_or_else(|| Role::ALL.map(Role::code).join(" | "))
}

/// Runs the command.
pub fn run(arguments: Arguments, context: &Context) -> Exit {
    let out = &mut std::io::stdout().lock();
    match arguments.action {
        #[cfg(feature = "server")]
        Action::Add(arguments) => add::run(arguments, context),
        Action::List { json } => block_on(context, manage::list(context, json, out)),
        Action::Set { name, role, units, all_units } => {
            let change = manage::Change { role, units: if all_units { Some(None) } else { units.map(Some) }, disabled: None };
            block_on(context, manage::change(context, &name, change, out))
        }
        Action::Disable { name } => {
            block_on(context, manage::change(context, &name, manage::Change { disabled: Some(true), ..manage::Change::default() }, out))
        }
        Action::Enable { name } => {
            block_on(context, manage::change(context, &name, manage::Change { disabled: Some(false), ..manage::Change::default() }, out))
        }
        Action::ResetPassword { name } => block_on(context, manage::reset_password(context, &name, out)),
        Action::Sessions { end: Some(id), .. } => block_on(context, sessions::end(context, id, out)),
        Action::Sessions { end_all_of: Some(name), .. } => block_on(context, manage::end_sessions(context, &name, out)),
        Action::Sessions { json, .. } => block_on(context, sessions::list(context, json, out)),
        Action::Totp(arguments) => block_on(context, totp::run(context, arguments, out)),
    }
}
