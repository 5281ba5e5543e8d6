//! A house's SQLite file, read beside whoever serves it, or nobody: for copies. Knows no key and opens nothing that is sealed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    str::FromStr,
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{StoreError, StoreResult, database::sqlite::VERSION, keys::MARK};
use crate::backend::vault::{MasterKey, Vault};

/// Since these versions keys are wrapped, and pictures leave tombstones.
const KEYS: i64 = 8;
const TOMBSTONES: i64 = 11;

/// What is counted, for whoever compares a copy with what it was made of.
const COUNTED: [(&str, &str); 4] = [
    ("students", "SELECT count(*) FROM students"),
    ("attempts", "SELECT count(*) FROM attempts"),
    ("reviews", "SELECT count(*) FROM reviews"),
    ("audit", "SELECT count(*) FROM audit"),
];

/// An open file.
#[derive(Debug)]
pub struct HouseFile {
    connection: SqliteConnection,
    /// Of its tables.
    version: i64,
}

impl HouseFile {
    /// Opens the file for reading; others may write meanwhile.
    ///
    /// # Errors
    /// When it is no house's.
    pub async fn open(file: &Path) -> StoreResult<HouseFile> {
        HouseFile::connect(options(file)?.read_only(true)).await
    }

    /// Opens a file that nobody writes and nothing is laid beside.
    ///
    /// # Errors
    /// When it is no house's.
    pub async fn open_finished(file: &Path) -> StoreResult<HouseFile> {
        HouseFile::connect(options(file)?.read_only(true).immutable(true)).await
    }

    async fn connect(options: SqliteConnectOptions) -> StoreResult<HouseFile> {
        let mut connection = options.connect().await?;
        let version = sqlx::query_scalar(VERSION).fetch_one(&mut connection).await?;
        Ok(HouseFile { connection, version })
    }

    /// Copies the state of this moment into a new file, whatever is written meanwhile. What was deleted is not in it, not even as free pages.
    ///
    /// # Errors
    /// When there is a file already, or no room.
    pub async fn copy_to(&mut self, file: &Path) -> StoreResult<()> {
        let path = file.to_str().ok_or_else(|| StoreError::Database("the path of the copy is no text".into()))?;
        sqlx::query("VACUUM INTO ?").bind(path).execute(&mut self.connection).await?;
        Ok(())
    }

    /// What SQLite finds wrong with the file; `None` where nothing is.
    ///
    /// # Errors
    /// When it is too broken to be looked at.
    pub async fn fault(&mut self) -> StoreResult<Option<String>> {
        let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut self.connection).await?;
        if found != "ok" {
            return Ok(Some(found));
        }
        let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_optional(&mut self.connection).await?;
        Ok(dangling.map(|_| "a row that refers to nothing".to_owned()))
    }

    /// The version of the tables.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether the house opens with this master key.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn opens_with(&mut self, master: MasterKey) -> StoreResult<bool> {
        if self.version >= KEYS {
            let text = "SELECT count(*), count(*) FILTER (WHERE under = ?) FROM data_keys";
            let under = master.fingerprint().to_vec();
            let (keys, opened): (i64, i64) = sqlx::query_as(text).bind(under).fetch_one(&mut self.connection).await?;
            if keys > 0 {
                return Ok(keys == opened);
            }
        }
        // From before keys were wrapped.
        let text = "SELECT mark FROM vault_mark WHERE one = 1";
        let mark: Option<Vec<u8>> = sqlx::query_scalar(text).fetch_optional(&mut self.connection).await?;
        Ok(mark.is_none_or(|mark| mark == Vault::new(master).derived_hash(MARK, &[])))
    }

    /// The numbers of the keys that pictures may be sealed with.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn sealing_keys(&mut self) -> StoreResult<BTreeSet<i64>> {
        if self.version < KEYS {
            return Ok(BTreeSet::new());
        }
        let text = "SELECT number FROM data_keys WHERE purpose = 'seal'";
        let numbers: Vec<i64> = sqlx::query_scalar(text).fetch_all(&mut self.connection).await?;
        Ok(numbers.into_iter().collect())
    }

    /// How many there are of what is counted.
    ///
    /// # Errors
    /// When the file is no house's.
    pub async fn counts(&mut self) -> StoreResult<BTreeMap<String, i64>> {
        let mut counts = BTreeMap::new();
        for (name, text) in COUNTED {
            counts.insert(name.to_owned(), sqlx::query_scalar(text).fetch_one(&mut self.connection).await?);
        }
        let pictures =
            if self.version >= TOMBSTONES { "SELECT count(*) FROM blobs WHERE purging_at IS NULL" } else { "SELECT count(*) FROM blobs" };
        counts.insert("pictures".to_owned(), sqlx::query_scalar(pictures).fetch_one(&mut self.connection).await?);
        Ok(counts)
    }

    /// The next names of pictures, by name, after the one given. What is being purged is none any more.
    ///
    /// # Errors
    /// When the file is no house's.
    pub async fn pictures_after(&mut self, name: &str, most: u32) -> StoreResult<Vec<String>> {
        let text = if self.version >= TOMBSTONES {
            "SELECT name FROM blobs WHERE name > ? AND purging_at IS NULL ORDER BY name LIMIT ?"
        } else {
            "SELECT name FROM blobs WHERE name > ? ORDER BY name LIMIT ?"
        };
        Ok(sqlx::query_scalar(text).bind(name).bind(most).fetch_all(&mut self.connection).await?)
    }

    /// Whether a picture is named.
    ///
    /// # Errors
    /// When the file is no house's.
    pub async fn names_picture(&mut self, name: &str) -> StoreResult<bool> {
        let text = if self.version >= TOMBSTONES {
            "SELECT EXISTS (SELECT 1 FROM blobs WHERE name = ? AND purging_at IS NULL)"
        } else {
            "SELECT EXISTS (SELECT 1 FROM blobs WHERE name = ?)"
        };
        Ok(sqlx::query_scalar(text).bind(name).fetch_one(&mut self.connection).await?)
    }

    /// Closes the file.
    pub async fn close(self) {
        let _ = self.connection.close().await;
    }
}

/// Ends every session in a file that was brought back: some of them were ended after the copy was made.
///
/// # Errors
/// When the file cannot be written.
pub async fn end_sessions(file: &Path) -> StoreResult<()> {
    let mut connection = options(file)?.connect().await?;
    sqlx::query("DELETE FROM sessions").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

fn options(file: &Path) -> StoreResult<SqliteConnectOptions> {
    let options = SqliteConnectOptions::from_str("sqlite:")?;
    Ok(options.filename(file).busy_timeout(Duration::from_secs(30)).disable_statement_logging())
}
