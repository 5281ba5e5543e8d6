//! A house's SQLite file, read beside whoever serves it, or nobody: for copies. Knows no key and opens nothing that is sealed.

use std::{collections::BTreeMap, path::Path, str::FromStr, time::Duration};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{StoreError, StoreResult, database::sqlite::VERSION};

/// What is counted, for whoever compares a copy with what it was made of.
const COUNTED: [(&str, &str); 5] = [
    ("students", "SELECT count(*) FROM students"),
    ("attempts", "SELECT count(*) FROM attempts"),
    ("reviews", "SELECT count(*) FROM reviews"),
    ("audit", "SELECT count(*) FROM audit"),
    ("pictures", "SELECT count(*) FROM blobs WHERE purged_at IS NULL"),
];

/// An open file.
#[derive(Debug)]
pub struct HouseFile {
    connection: SqliteConnection,
}

impl HouseFile {
    /// Opens the file for reading; others may write meanwhile.
    ///
    /// # Errors
    /// When it is no database.
    pub async fn open(file: &Path) -> StoreResult<HouseFile> {
        let options = options(file)?.read_only(true);
        Ok(HouseFile { connection: options.connect().await? })
    }

    /// Opens a file that nobody writes and nothing is laid beside.
    ///
    /// # Errors
    /// When it is no database.
    pub async fn open_finished(file: &Path) -> StoreResult<HouseFile> {
        let options = options(file)?.read_only(true).immutable(true);
        Ok(HouseFile { connection: options.connect().await? })
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
    ///
    /// # Errors
    /// When the file is no house's.
    pub async fn version(&mut self) -> StoreResult<i64> {
        Ok(sqlx::query_scalar(VERSION).fetch_one(&mut self.connection).await?)
    }

    /// By which the master key is known that the house was made with.
    ///
    /// # Errors
    /// When the file is no house's.
    pub async fn under(&mut self) -> StoreResult<Vec<u8>> {
        Ok(sqlx::query_scalar("SELECT under FROM data_keys WHERE purpose = 'lookup'").fetch_one(&mut self.connection).await?)
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
        Ok(counts)
    }

    /// The next names of pictures, by name, after the one given.
    ///
    /// # Errors
    /// When the file is no house's.
    pub async fn pictures_after(&mut self, name: &str, most: u32) -> StoreResult<Vec<String>> {
        let text = "SELECT name FROM blobs WHERE name > ? AND purged_at IS NULL ORDER BY name LIMIT ?";
        Ok(sqlx::query_scalar(text).bind(name).bind(most).fetch_all(&mut self.connection).await?)
    }

    /// Whether a picture is named.
    ///
    /// # Errors
    /// When the file is no house's.
    pub async fn names_picture(&mut self, name: &str) -> StoreResult<bool> {
        let text = "SELECT EXISTS (SELECT 1 FROM blobs WHERE name = ? AND purging_at IS NULL)";
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
