//! `migrate`: brings a PostgreSQL database's tables up to date. SQLite's are brought up to date when they are opened: nobody else uses them
//! then, while replicas of an older version may still be working on a shared database.

use clap::Args;

use super::{Context, Exit, whereabouts};
use crate::backend::store::{StoreError, database::postgres::Postgres};

#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(long, value_name = "postgres://USER@HOST/NAME")]
    database: Option<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    let address = match whereabouts::database(arguments.database.as_deref(), context) {
        Ok(Some(address)) => address,
        Ok(None) => {
            eprintln!("{}", context.text("cli.migrate.no_database", &[]));
            return Exit::Usage;
        }
        Err(text) => {
            eprintln!("{text}");
            return Exit::Usage;
        }
    };
    let told = |error: &dyn std::error::Error| {
        eprintln!("{}", context.text("cli.migrate.failed", &[("error", &error.to_string())]));
        Exit::Failed
    };
    match super::on_a_runtime(Postgres::migrate(address.reveal())) {
        Ok(Ok(migrated)) => {
            let (before, after) = (migrated.before.to_string(), migrated.after.to_string());
            let key = if migrated.applied == 0 { "cli.migrate.current" } else { "cli.migrate.done" };
            println!("{}", context.text(key, &[("before", &before), ("after", &after)]));
            Exit::Done
        }
        Ok(Err(error @ StoreError::NewerDatabase { .. })) => {
            eprintln!("{}", context.text("cli.migrate.newer", &[("error", &error.to_string())]));
            Exit::Refused
        }
        Ok(Err(error)) => told(&error),
        Err(error) => told(&error),
    }
}
