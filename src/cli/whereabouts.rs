//! The arguments that say where a house keeps its data, for every command that opens it.

use std::{fs, path::PathBuf};

use clap::Args;

use super::{Context, Exit, user::folder_text};
use crate::backend::{
    blobs::{BlobsAddress, NoBlobsAddress},
    clock::{Clock, SystemClock},
    folder::{DataFolder, FolderError},
    whereabouts::{DatabaseAddress, KeyDigits, MasterKeyPlace, Whereabouts},
};

/// The environment variables that hold a master key, or name one kept outside the data folder.
const KEY: &str = "ZHAOSHEN_MASTER_KEY";
const KEY_FILE: &str = "ZHAOSHEN_MASTER_KEY_FILE";
/// The environment variables that say where the database is; the second names a file, for addresses with a password.
const DATABASE: &str = "ZHAOSHEN_DATABASE";
const DATABASE_FILE: &str = "ZHAOSHEN_DATABASE_FILE";

/// The same for commands that can do without a house.
#[derive(Debug, Args)]
pub struct OptionalWhereabouts {
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[arg(long, value_name = "postgres://USER@HOST/NAME")]
    database: Option<String>,
    #[arg(long, value_name = "file:///DIR|s3://BUCKET/PREFIX")]
    blobs: Option<String>,
}

impl OptionalWhereabouts {
    /// Where the data is.
    ///
    /// # Errors
    /// The text to tell, also where no data folder is named.
    pub fn read(&self, context: &Context) -> Result<Whereabouts, String> {
        let data = self.data.clone().ok_or_else(|| context.text("cli.data_needed", &[]))?;
        WhereaboutsArguments { data, database: self.database.clone(), blobs: self.blobs.clone() }.read(context)
    }
}

#[derive(Debug, Args)]
pub struct WhereaboutsArguments {
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    #[arg(long, value_name = "postgres://USER@HOST/NAME")]
    database: Option<String>,
    #[arg(long, value_name = "file:///DIR|s3://BUCKET/PREFIX")]
    blobs: Option<String>,
}

impl WhereaboutsArguments {
    /// Where the data is, by the arguments and the environment.
    ///
    /// # Errors
    /// The text to tell where the database's address is none, or has its password on the command line.
    pub fn read(&self, context: &Context) -> Result<Whereabouts, String> {
        let database = database(self.database.as_deref(), context)?;
        let blobs = self.blobs.clone().or_else(|| std::env::var(BLOBS).ok()).map(|address| {
            BlobsAddress::parse(&address).map_err(|error| match error {
                NoBlobsAddress::Form => context.text("cli.blobs.bad_address", &[]),
                NoBlobsAddress::Credentials => context.text("cli.blobs.credentials", &[]),
            })
        });
        let blobs = blobs.transpose()?;
        let master_key = match (std::env::var(KEY), std::env::var_os(KEY_FILE)) {
            (Ok(digits), _) => MasterKeyPlace::Value(KeyDigits::new(digits)),
            (Err(_), Some(file)) => MasterKeyPlace::File(file.into()),
            (Err(_), None) => MasterKeyPlace::Folder,
        };
        Ok(Whereabouts { data: self.data.clone(), master_key, database, blobs })
    }
}

/// Opens a house, does some work in it and closes it again. Tells why where it cannot be opened.
///
/// # Errors
/// How the command ends then.
pub fn in_house<T>(
    whereabouts: Result<Whereabouts, String>,
    context: &Context,
    work: impl AsyncFnOnce(&DataFolder) -> T,
) -> Result<T, Exit> {
    let whereabouts = whereabouts.map_err(|text| {
        eprintln!("{text}");
        Exit::Usage
    })?;
    let done = super::on_a_runtime(async {
        let folder = DataFolder::open(&whereabouts, SystemClock.now()).await?;
        let done = work(&folder).await;
        folder.store.close().await;
        Ok(done)
    });
    done.map_err(FolderError::File).flatten().map_err(|error| {
        eprintln!("{}", folder_text(&error, &whereabouts.data, context));
        Exit::Failed
    })
}

/// The environment variable that says where pictures are kept.
const BLOBS: &str = "ZHAOSHEN_BLOBS";

/// The database's address: from the command line, unless it has a password, else from the environment, else from a file.
///
/// # Errors
/// The text to tell.
pub fn database(argument: Option<&str>, context: &Context) -> Result<Option<DatabaseAddress>, String> {
    let parse = |address: &str| DatabaseAddress::parse(address).map_err(|_| context.text("cli.database.bad_address", &[]));
    if let Some(address) = argument {
        let address = parse(address)?;
        // Every user of the machine can read the arguments of a process.
        return if address.has_password() { Err(context.text("cli.database.password_in_argument", &[])) } else { Ok(Some(address)) };
    }
    if let Ok(address) = std::env::var(DATABASE) {
        return parse(&address).map(Some);
    }
    let Some(file) = std::env::var_os(DATABASE_FILE) else { return Ok(None) };
    let unreadable = |error: std::io::Error| {
        let parameters = [("path", file.to_string_lossy().into_owned()), ("error", error.to_string())];
        context.text("cli.database.file", &parameters.each_ref().map(|(name, value)| (*name, value.as_str())))
    };
    let address = fs::read_to_string(&file).map_err(unreadable)?;
    parse(&address).map(Some)
}
