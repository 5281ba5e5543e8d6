//! A row, read as the types of the house whatever engine it came from.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::{Column as _, Row as _, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use super::{StoreError, StoreResult};

/// A row.
#[derive(Debug)]
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A type that the first column of a row can be read as.
pub trait Column: Sized {
    /// Reads column `index`.
    ///
    /// # Errors
    /// When it is of another kind.
    fn read(row: &Row, index: usize) -> StoreResult<Self>;
}

macro_rules! column {
    ($($type:ty),*) => {
        $(impl Column for $type {
            fn read(row: &Row, index: usize) -> StoreResult<Self> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(index)?,
                    Row::Postgres(row) => row.try_get(index)?,
                })
            }
        })*
    };
}
column!(i64, Option<i64>, String, Option<String>, Vec<u8>, Option<Vec<u8>>, bool);

impl Row {
    /// The first column.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn first<T: Column>(&self) -> StoreResult<T> {
        T::read(self, 0)
    }

    fn column<T: Column>(&self, name: &str) -> StoreResult<T> {
        let index = match self {
            Row::Sqlite(row) => row.columns().iter().position(|column| column.name() == name),
            Row::Postgres(row) => row.columns().iter().position(|column| column.name() == name),
        };
        T::read(self, index.ok_or(StoreError::Corrupt("a column that was not asked for"))?)
    }

    pub fn text(&self, column: &str) -> StoreResult<String> {
        self.column(column)
    }

    pub fn text_or_null(&self, column: &str) -> StoreResult<Option<String>> {
        self.column(column)
    }

    pub fn number(&self, column: &str) -> StoreResult<i64> {
        self.column(column)
    }

    pub fn number_or_null(&self, column: &str) -> StoreResult<Option<i64>> {
        self.column(column)
    }

    /// The truth of a comparison: a number on SQLite, a boolean on Postgres.
    pub fn flag(&self, column: &str) -> StoreResult<bool> {
        self.column(column)
    }

    pub fn bytes_or_null(&self, column: &str) -> StoreResult<Option<Vec<u8>>> {
        self.column(column)
    }

    pub fn id(&self, column: &str) -> StoreResult<Uuid> {
        self.id_or_null(column)?.ok_or(StoreError::Corrupt("an id is missing"))
    }

    pub fn id_or_null(&self, column: &str) -> StoreResult<Option<Uuid>> {
        self.bytes_or_null(column)?.map(|bytes| Uuid::from_slice(&bytes).map_err(|_| StoreError::Corrupt("an id is no id"))).transpose()
    }

    pub fn time(&self, column: &str) -> StoreResult<Timestamp> {
        self.time_or_null(column)?.ok_or(StoreError::Corrupt("a time is missing"))
    }

    pub fn time_or_null(&self, column: &str) -> StoreResult<Option<Timestamp>> {
        self.number_or_null(column)?
            .map(|at| Timestamp::from_microsecond(at).map_err(|_| StoreError::Corrupt("a time is no time")))
            .transpose()
    }

    pub fn json<T: DeserializeOwned>(&self, column: &str) -> StoreResult<T> {
        serde_json::from_str(&self.text(column)?).map_err(|_| StoreError::Corrupt("JSON of another shape"))
    }

    pub fn json_or_null<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>> {
        self.text_or_null(column)?
            .map(|text| serde_json::from_str(&text).map_err(|_| StoreError::Corrupt("JSON of another shape")))
            .transpose()
    }

    pub fn code<T: DeserializeOwned>(&self, column: &str) -> StoreResult<T> {
        serde_json::from_value(serde_json::Value::String(self.text(column)?)).map_err(|_| StoreError::Corrupt("a code nobody knows"))
    }

    pub fn code_or_null<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>> {
        self.text_or_null(column)?
            .map(|code| serde_json::from_value(serde_json::Value::String(code)).map_err(|_| StoreError::Corrupt("a code nobody knows")))
            .transpose()
    }
}
