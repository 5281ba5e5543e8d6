//! Values as SQLite keeps them: times in microseconds, ids in 16 bytes, lists in JSON; and out again.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    backend::store::{StoreError, StoreResult},
    domain::access::{Principal, UnitScope},
};

pub fn time(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub fn id(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

pub fn json(value: &impl Serialize) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt("a value that has no JSON"))
}

/// The code of an enum that serde writes as a string.
pub fn code(value: &impl Serialize) -> StoreResult<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(code)) => Ok(code),
        _ => Err(StoreError::Corrupt("a value that has no code")),
    }
}

/// Units in scope as a JSON list; `None` for all of them.
pub fn scope(principal: &Principal) -> StoreResult<Option<String>> {
    match &principal.units {
        UnitScope::All => Ok(None),
        UnitScope::Only(units) => json(units).map(Some),
    }
}

/// Reads columns as the types of the house.
pub trait Read {
    fn text(&self, column: &str) -> StoreResult<String>;
    fn text_or_null(&self, column: &str) -> StoreResult<Option<String>>;
    fn number(&self, column: &str) -> StoreResult<i64>;
    fn number_or_null(&self, column: &str) -> StoreResult<Option<i64>>;
    fn bytes_or_null(&self, column: &str) -> StoreResult<Option<Vec<u8>>>;

    fn id(&self, column: &str) -> StoreResult<Uuid> {
        self.id_or_null(column)?.ok_or(StoreError::Corrupt("an id is missing"))
    }

    fn id_or_null(&self, column: &str) -> StoreResult<Option<Uuid>> {
        self.bytes_or_null(column)?.map(|bytes| Uuid::from_slice(&bytes).map_err(|_| StoreError::Corrupt("an id is no id"))).transpose()
    }

    fn time(&self, column: &str) -> StoreResult<Timestamp> {
        self.time_or_null(column)?.ok_or(StoreError::Corrupt("a time is missing"))
    }

    fn time_or_null(&self, column: &str) -> StoreResult<Option<Timestamp>> {
        self.number_or_null(column)?
            .map(|at| Timestamp::from_microsecond(at).map_err(|_| StoreError::Corrupt("a time is no time")))
            .transpose()
    }

    fn json<T: DeserializeOwned>(&self, column: &str) -> StoreResult<T> {
        serde_json::from_str(&self.text(column)?).map_err(|_| StoreError::Corrupt("JSON of another shape"))
    }

    fn json_or_null<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>> {
        self.text_or_null(column)?
            .map(|text| serde_json::from_str(&text).map_err(|_| StoreError::Corrupt("JSON of another shape")))
            .transpose()
    }

    fn code<T: DeserializeOwned>(&self, column: &str) -> StoreResult<T> {
        serde_json::from_value(serde_json::Value::String(self.text(column)?)).map_err(|_| StoreError::Corrupt("a code nobody knows"))
    }

    fn code_or_null<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>> {
        self.text_or_null(column)?
            .map(|code| serde_json::from_value(serde_json::Value::String(code)).map_err(|_| StoreError::Corrupt("a code nobody knows")))
            .transpose()
    }
}

impl Read for SqliteRow {
    fn text(&self, column: &str) -> StoreResult<String> {
        Ok(self.try_get(column)?)
    }

    fn text_or_null(&self, column: &str) -> StoreResult<Option<String>> {
        Ok(self.try_get(column)?)
    }

    fn number(&self, column: &str) -> StoreResult<i64> {
        Ok(self.try_get(column)?)
    }

    fn number_or_null(&self, column: &str) -> StoreResult<Option<i64>> {
        Ok(self.try_get(column)?)
    }

    fn bytes_or_null(&self, column: &str) -> StoreResult<Option<Vec<u8>>> {
        Ok(self.try_get(column)?)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match &error {
            sqlx::Error::PoolTimedOut => StoreError::Busy,
            sqlx::Error::Io(io) if matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) => {
                StoreError::Full
            }
            // Primary codes of SQLite: 5 busy, 6 locked, 13 full.
            sqlx::Error::Database(database) => match database.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
                Some(5 | 6) => StoreError::Busy,
                Some(13) => StoreError::Full,
                _ => StoreError::Database(database.message().to_owned()),
            },
            // Other errors of the driver speak of columns and types, never of values.
            _ => StoreError::Database(error.to_string()),
        }
    }
}
