//! What the drivers say, as what the store says. Messages of drivers speak of columns and types, never of values: details of Postgres, which
//! do quote values, are left behind.

use super::StoreError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match &error {
            sqlx::Error::PoolTimedOut => StoreError::Busy,
            sqlx::Error::Io(io) if matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) => {
                StoreError::Full
            }
            // The database is away: it may come back.
            sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => StoreError::Unreachable,
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default();
                match code.as_ref() {
                    // Serialization failure, deadlock, lock not to be had, statement cancelled for its time, too many connections.
                    "40001" | "40P01" | "55P03" | "57014" | "53300" => StoreError::Busy,
                    // Shutting down, crashed, starting up, connection broken.
                    "57P01" | "57P02" | "57P03" | "08000" | "08003" | "08006" => StoreError::Unreachable,
                    "53100" => StoreError::Full,
                    // Primary codes of SQLite: 5 busy, 6 locked, 13 full.
                    _ => match code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff) {
                        Some(5 | 6) => StoreError::Busy,
                        Some(13) => StoreError::Full,
                        _ => StoreError::Database(database.message().to_owned()),
                    },
                }
            }
            _ => StoreError::Database(error.to_string()),
        }
    }
}
