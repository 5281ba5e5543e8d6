//! A statement: its text, its values, and running it on whatever engine is there.

use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection, postgres::PgArguments, query::Query, sqlite::SqliteArguments};

use super::{Row, StoreError, StoreResult, postgres::Postgres, row::Column, sqlite::Sqlite};

/// How a statement is spelled. Placeholders are `?` in order or `?1`, `?2` … by number, on both engines.
#[derive(Debug, Clone, Copy)]
pub enum Spelling {
    Common(&'static str),
    Each { sqlite: &'static str, postgres: &'static str },
}

impl Spelling {
    /// The spelling for SQLite.
    #[must_use]
    pub fn sqlite(self) -> &'static str {
        match self {
            Spelling::Common(text) | Spelling::Each { sqlite: text, .. } => text,
        }
    }

    /// The spelling for Postgres, its placeholders not yet translated.
    #[must_use]
    pub fn postgres(self) -> &'static str {
        match self {
            Spelling::Common(text) | Spelling::Each { postgres: text, .. } => text,
        }
    }
}

impl From<&'static str> for Spelling {
    fn from(text: &'static str) -> Spelling {
        Spelling::Common(text)
    }
}

/// The same text, with the rows it finds locked where writers work side by side.
macro_rules! locked {
    ($text:expr) => {
        $crate::backend::store::database::Spelling::Each { sqlite: $text, postgres: concat!($text, " FOR UPDATE") }
    };
}
pub(crate) use locked;

/// A value as both engines keep it: times in microseconds, ids in 16 bytes, lists in JSON, truth as 0 or 1.
#[derive(Debug, Clone)]
pub enum Value {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! value {
    ($($from:ty: |$value:ident| $to:ident($made:expr)),* $(,)?) => {
        $(
            impl From<$from> for Value {
                fn from($value: $from) -> Value {
                    Value::$to(Some($made))
                }
            }
            impl From<Option<$from>> for Value {
                fn from(value: Option<$from>) -> Value {
                    Value::$to(value.map(|$value| $made))
                }
            }
        )*
    };
}
value! {
    i64: |value| Number(value),
    i32: |value| Number(i64::from(value)),
    u32: |value| Number(i64::from(value)),
    bool: |value| Number(i64::from(value)),
    &str: |value| Text(value.to_owned()),
    String: |value| Text(value),
    &String: |value| Text(value.clone()),
    Vec<u8>: |value| Bytes(value),
    &[u8]: |value| Bytes(value.to_vec()),
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Value {
        Value::Text(value.clone())
    }
}

impl From<&Option<Vec<u8>>> for Value {
    fn from(value: &Option<Vec<u8>>) -> Value {
        Value::Bytes(value.clone())
    }
}

/// What a statement runs on.
pub enum On<'a> {
    SqliteReaders(&'a Sqlite),
    Sqlite(&'a mut SqliteConnection),
    PostgresPool(&'a Postgres),
    /// A connection, and the translations its statements are kept in.
    Postgres(&'a mut PgConnection, Option<&'a Postgres>),
}

/// What running a statement did.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    rows: u64,
}

impl Done {
    #[must_use]
    pub fn rows_affected(self) -> u64 {
        self.rows
    }
}

/// A statement with its values.
#[must_use = "a statement does nothing until it is run"]
#[derive(Debug, Clone)]
pub struct Sql {
    spelling: Spelling,
    values: Vec<Value>,
}

/// A statement of this text.
pub fn sql(text: impl Into<Spelling>) -> Sql {
    Sql { spelling: text.into(), values: Vec::with_capacity(8) }
}

impl Sql {
    /// The same with one more value, for the next placeholder.
    pub fn bind(mut self, value: impl Into<Value>) -> Sql {
        self.values.push(value.into());
        self
    }

    fn for_sqlite(self) -> Query<'static, sqlx::Sqlite, SqliteArguments> {
        let query = sqlx::query(self.spelling.sqlite());
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
    }

    fn for_postgres(self, kept_in: Option<&Postgres>) -> Query<'static, sqlx::Postgres, PgArguments> {
        let text = self.spelling.postgres();
        let query = match kept_in {
            Some(postgres) => sqlx::query(postgres.translated(text)),
            None => sqlx::query(AssertSqlSafe(with_dollars(text))),
        };
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
    }

    /// Runs it.
    ///
    /// # Errors
    /// When the database refuses or fails.
    pub async fn execute(self, on: impl Into<On<'_>>) -> StoreResult<Done> {
        let rows = match on.into() {
            On::SqliteReaders(sqlite) => self.for_sqlite().execute(sqlite.readers()).await?.rows_affected(),
            On::Sqlite(connection) => self.for_sqlite().execute(connection).await?.rows_affected(),
            On::PostgresPool(postgres) => self.for_postgres(Some(postgres)).execute(postgres.pool()).await?.rows_affected(),
            On::Postgres(connection, kept_in) => self.for_postgres(kept_in).execute(connection).await?.rows_affected(),
        };
        Ok(Done { rows })
    }

    /// Runs it and gives every row.
    ///
    /// # Errors
    /// When the database refuses or fails.
    pub async fn fetch_all(self, on: impl Into<On<'_>>) -> StoreResult<Vec<Row>> {
        Ok(match on.into() {
            On::SqliteReaders(sqlite) => self.for_sqlite().fetch_all(sqlite.readers()).await?.into_iter().map(Row::Sqlite).collect(),
            On::Sqlite(connection) => self.for_sqlite().fetch_all(connection).await?.into_iter().map(Row::Sqlite).collect(),
            On::PostgresPool(postgres) => {
                self.for_postgres(Some(postgres)).fetch_all(postgres.pool()).await?.into_iter().map(Row::Postgres).collect()
            }
            On::Postgres(connection, kept_in) => {
                self.for_postgres(kept_in).fetch_all(connection).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Runs it and gives the first row, if there is one.
    ///
    /// # Errors
    /// When the database refuses or fails.
    pub async fn fetch_optional(self, on: impl Into<On<'_>>) -> StoreResult<Option<Row>> {
        Ok(match on.into() {
            On::SqliteReaders(sqlite) => self.for_sqlite().fetch_optional(sqlite.readers()).await?.map(Row::Sqlite),
            On::Sqlite(connection) => self.for_sqlite().fetch_optional(connection).await?.map(Row::Sqlite),
            On::PostgresPool(postgres) => self.for_postgres(Some(postgres)).fetch_optional(postgres.pool()).await?.map(Row::Postgres),
            On::Postgres(connection, kept_in) => self.for_postgres(kept_in).fetch_optional(connection).await?.map(Row::Postgres),
        })
    }

    /// Runs it and gives the row that must be there.
    ///
    /// # Errors
    /// When there is none, or the database refuses or fails.
    pub async fn fetch_one(self, on: impl Into<On<'_>>) -> StoreResult<Row> {
        self.fetch_optional(on).await?.ok_or(StoreError::Corrupt("a row that must be there is missing"))
    }

    /// Runs it and gives the first column of the row that must be there.
    ///
    /// # Errors
    /// When there is none, it is of another kind, or the database refuses or fails.
    pub async fn fetch_value<T: Column>(self, on: impl Into<On<'_>>) -> StoreResult<T> {
        self.fetch_one(on).await?.first()
    }

    /// The same of a row that may be missing.
    ///
    /// # Errors
    /// When it is of another kind, or the database refuses or fails.
    pub async fn fetch_value_optional<T: Column>(self, on: impl Into<On<'_>>) -> StoreResult<Option<T>> {
        self.fetch_optional(on).await?.map(|row| row.first()).transpose()
    }
}

/// The text with Postgres's placeholders: `?` in order and `?7` by number become `$1`… and `$7`; what stands in quotes stays.
pub fn with_dollars(text: &str) -> String {
    let mut translated = String::with_capacity(text.len() + 16);
    let (mut quoted, mut next) = (None, 0u32);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (quoted, character) {
            (Some(quote), _) if quote == character => quoted = None,
            (None, '\'' | '"') => quoted = Some(character),
            (None, '?') => {
                translated.push('$');
                if !characters.peek().is_some_and(char::is_ascii_digit) {
                    next += 1;
                    translated.push_str(&next.to_string());
                }
                continue;
            }
            _ => {}
        }
        translated.push(character);
    }
    translated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_translated_and_quoted_text_is_not() {
        assert_eq!(with_dollars("a = ? AND b = ? AND c = '?' AND \"d?\" = ?"), "a = $1 AND b = $2 AND c = '?' AND \"d?\" = $3");
        assert_eq!(with_dollars("?12 IS NULL OR x IN (?1,?12)"), "$12 IS NULL OR x IN ($1,$12)");
    }
}
