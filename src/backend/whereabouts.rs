//! Where a house keeps its data: a folder, and a database elsewhere where one machine is not enough. Addresses may hold passwords, so none is
//! ever printed.

use std::{fmt, path::PathBuf};

use url::Url;

use super::{
    blobs::BlobsAddress,
    vault::{MasterKey, VaultError},
};

/// Where the data is.
#[derive(Debug, Clone)]
pub struct Whereabouts {
    /// The folder of this process: SQLite, pictures and the master key, as far as they are not elsewhere.
    pub data: PathBuf,
    /// Where the master key is.
    pub master_key: MasterKeyPlace,
    /// PostgreSQL, where it is to keep the data instead of SQLite.
    pub database: Option<DatabaseAddress>,
    /// Pictures, where they are not in the folder.
    pub blobs: Option<BlobsAddress>,
}

impl Whereabouts {
    /// Everything in one folder.
    #[must_use]
    pub fn folder(data: PathBuf) -> Whereabouts {
        Whereabouts { data, master_key: MasterKeyPlace::Folder, database: None, blobs: None }
    }

    /// The file that the master key is in, where it is in one.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        match &self.master_key {
            MasterKeyPlace::File(file) => file.clone(),
            MasterKeyPlace::Folder | MasterKeyPlace::Value(_) => self.data.join("master.key"),
        }
    }

    /// The master key; `None` where it is to be in a file and there is none.
    ///
    /// # Errors
    /// When the file cannot be read, or what is there is no key.
    pub fn master_key(&self) -> Result<Option<MasterKey>, VaultError> {
        match &self.master_key {
            MasterKeyPlace::Value(digits) => MasterKey::from_hexadecimal(digits.reveal()).map(Some),
            MasterKeyPlace::Folder | MasterKeyPlace::File(_) if !self.key_file().exists() => Ok(None),
            MasterKeyPlace::Folder | MasterKeyPlace::File(_) => MasterKey::read(&self.key_file()).map(Some),
        }
    }
}

/// Where the master key is.
#[derive(Debug, Clone)]
pub enum MasterKeyPlace {
    /// In the data folder, `master.key`.
    Folder,
    File(PathBuf),
    /// In the environment: 64 hexadecimal digits.
    Value(KeyDigits),
}

/// A master key in digits.
#[derive(Clone)]
pub struct KeyDigits(String);

impl KeyDigits {
    #[must_use]
    pub fn new(digits: String) -> KeyDigits {
        KeyDigits(digits)
    }

    /// The digits themselves.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyDigits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigits")
    }
}

/// The address of a PostgreSQL database; with its password, if it has one.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseAddress(String);

/// Why something is no address of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a database's address has the form postgres://USER@HOST/NAME")]
pub struct NoDatabaseAddress;

impl DatabaseAddress {
    /// Reads `postgres://…`.
    ///
    /// # Errors
    /// For anything else; what was given is not repeated.
    pub fn parse(address: &str) -> Result<DatabaseAddress, NoDatabaseAddress> {
        let url = Url::parse(address.trim()).map_err(|_| NoDatabaseAddress)?;
        let named = ["postgres", "postgresql"].contains(&url.scheme()) && url.path().len() > 1;
        if named { Ok(DatabaseAddress(address.trim().to_owned())) } else { Err(NoDatabaseAddress) }
    }

    /// Whether it holds a password, in either of the two places where one may stand.
    #[must_use]
    pub fn has_password(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password"))
    }

    /// The address itself, for connecting.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseAddress")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_database_and_a_password_is_seen_wherever_it_stands() {
        let has_password = |address: &str| DatabaseAddress::parse(address).map(|address| address.has_password());
        assert_eq!(has_password("postgres://zhaoshen@db.example.edu/zhaoshen?sslmode=verify-full"), Ok(false));
        assert_eq!(has_password("postgresql://zhaoshen:secret@db/zhaoshen"), Ok(true));
        assert_eq!(has_password("postgres://db/zhaoshen?user=z&password=secret"), Ok(true));
        for wrong in ["", "zhaoshen", "mysql://db/zhaoshen", "postgres://db"] {
            assert_eq!(has_password(wrong), Err(NoDatabaseAddress), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_never_printed() {
        let address = DatabaseAddress::parse("postgres://zhaoshen:secret@db/zhaoshen").unwrap();
        assert!(!format!("{:?}", Whereabouts { database: Some(address), ..Whereabouts::folder("data".into()) }).contains("secret"));
    }
}
