//! Saved sessions: which backend a person is signed in to, kept between commands.
//!
//! One file in the platform's configuration folder (or `ZHAOSHEN_CONFIG_DIR`), for its owner's eyes only. For programs
//! `ZHAOSHEN_SERVER` with `ZHAOSHEN_TOKEN_FILE` or `ZHAOSHEN_TOKEN` (and `ZHAOSHEN_FINGERPRINT`) wins over it. Nothing else touches these files.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::http::{Http, Token};
use super::pin::Fingerprint;
use crate::api::people;
use crate::api::problem::Problem;
use crate::domain::access::Role;

/// A file with a token or a session is never larger.
const LARGEST_FILE: u64 = 1 << 20;

/// Codes of this room's problems; texts are in `locales/` under `problem.<code>`.
pub mod code {
    /// Nobody is signed in (to this server).
    pub const NOT_SIGNED_IN: &str = "not_signed_in";
    /// The session is over by its own clock.
    pub const SESSION_EXPIRED: &str = "session_expired";
    /// A file with a token can be read by others.
    pub const TOKEN_FILE_OPEN: &str = "token_file_open";
    pub const TOKEN_FILE_UNREADABLE: &str = "token_file_unreadable";
    pub const TOKEN_FILE_EMPTY: &str = "token_file_empty";
    pub const SESSION_NOT_SAVED: &str = "session_not_saved";

    pub const ALL: [&str; 6] =
        [NOT_SIGNED_IN, SESSION_EXPIRED, TOKEN_FILE_OPEN, TOKEN_FILE_UNREADABLE, TOKEN_FILE_EMPTY, SESSION_NOT_SAVED];
}

/// Somebody signed in to a backend. A token that the environment gives comes without name, role and end.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedSession {
    /// As [`Http::address`] writes it.
    pub address: String,
    pub token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Of the server's certificate, where nobody else answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

/// The token stays out of logs and panics.
impl std::fmt::Debug for SavedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SavedSession").field("address", &self.address).field("role", &self.role).finish_non_exhaustive()
    }
}

impl SavedSession {
    /// What the backend answered to a sign-in, as it is saved.
    #[must_use]
    pub fn of(http: &Http, session: &people::Session) -> SavedSession {
        SavedSession {
            address: http.address().to_owned(),
            token: session.token.clone(),
            user: Some(session.user.name.clone()),
            role: Some(session.user.role),
            expires_at: Some(session.expires_at),
            fingerprint: None,
        }
    }

    /// A client that is signed in.
    ///
    /// # Errors
    /// When the address is none.
    pub fn http(&self) -> Result<Http, Problem> {
        let token = Some(Token::new(self.token.as_str()));
        match &self.fingerprint {
            Some(fingerprint) => Http::pinned(&self.address, token, fingerprint),
            None => Http::new(&self.address, token),
        }
    }
}

/// The session for `server`, or the one used last: from the environment, else from the user's folder.
///
/// # Errors
/// `not_signed_in`, `session_expired`, or what is wrong with a file (`token_file_…`).
pub fn load(server: Option<&str>) -> Result<SavedSession, Problem> {
    match from_environment(server, |name| std::env::var(name).ok().filter(|value| !value.is_empty()))? {
        Some(session) => Ok(session),
        None => Sessions::of_user()?.load(server, Timestamp::now()),
    }
}

/// Keeps a session; it becomes the one used last.
///
/// # Errors
/// `session_not_saved`.
pub fn save(session: &SavedSession) -> Result<(), Problem> {
    Sessions::of_user()?.save(session)
}

/// Forgets the session of `address`.
///
/// # Errors
/// `session_not_saved`.
pub fn forget(address: &str) -> Result<(), Problem> {
    Sessions::of_user()?.forget(address)
}

/// Reads a token out of a file that nobody else can read, without the spaces around it.
///
/// # Errors
/// `token_file_open`, `token_file_unreadable`, `token_file_empty`.
pub fn read_token(path: &Path) -> Result<Token, Problem> {
    let text = read_private(path)?.ok_or_else(|| unreadable(path))?;
    match text.trim() {
        "" => Err(about_file(code::TOKEN_FILE_EMPTY, path)),
        token if token.chars().any(|c| c.is_whitespace() || c.is_control()) => Err(unreadable(path)),
        token => Ok(Token::new(token)),
    }
}

/// Reads a passphrase out of a file that nobody else can read: its first line.
///
/// # Errors
/// As [`read_token`].
pub fn read_secret(path: &Path) -> Result<String, Problem> {
    let text = read_private(path)?.ok_or_else(|| unreadable(path))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(about_file(code::TOKEN_FILE_EMPTY, path)),
    }
}

/// The environment's session; `None` where it names no server, or another one than asked for.
fn from_environment(server: Option<&str>, environment: impl Fn(&str) -> Option<String>) -> Result<Option<SavedSession>, Problem> {
    let Some(named) = environment("ZHAOSHEN_SERVER") else { return Ok(None) };
    let address = Http::new(&named, None)?.address().to_owned();
    if let Some(asked) = server
        && Http::new(asked, None)?.address() != address
    {
        return Ok(None);
    }
    let token = match (environment("ZHAOSHEN_TOKEN_FILE"), environment("ZHAOSHEN_TOKEN")) {
        (Some(path), _) => read_token(Path::new(&path))?.reveal().to_owned(),
        (None, Some(token)) => token.trim().to_owned(),
        (None, None) => return Ok(None),
    };
    let fingerprint = environment("ZHAOSHEN_FINGERPRINT").map(|text| Fingerprint::parse(&text)).transpose()?;
    Ok(Some(SavedSession { address, token, user: None, role: None, expires_at: None, fingerprint }))
}

/// The sessions in one folder; the one used last comes first.
#[derive(Debug, Clone)]
pub struct Sessions {
    folder: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
struct Saved {
    sessions: Vec<SavedSession>,
}

impl Sessions {
    /// The user's own: `ZHAOSHEN_CONFIG_DIR`, else the platform's configuration folder.
    ///
    /// # Errors
    /// `session_not_saved` for a user without a home.
    pub fn of_user() -> Result<Sessions, Problem> {
        let named = std::env::var_os("ZHAOSHEN_CONFIG_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let folder = named.or_else(|| directories::ProjectDirs::from("", "", "zhaoshen").map(|folders| folders.config_dir().to_owned()));
        folder.map(Sessions::in_folder).ok_or_else(|| Problem::new(0, code::SESSION_NOT_SAVED, "the user has no home").with("path", "~"))
    }

    /// Those in a folder, which is made when something is saved.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Sessions {
        Sessions { folder: folder.into() }
    }

    /// The session for `server`, or the one used last; expired ones are as good as none, but say so.
    ///
    /// # Errors
    /// `not_signed_in`, `session_expired`, or what is wrong with the file.
    pub fn load(&self, server: Option<&str>, now: Timestamp) -> Result<SavedSession, Problem> {
        let address = server.map(|server| Http::new(server, None).map(|http| http.address().to_owned())).transpose()?;
        let found = self.read()?.sessions.into_iter().find(|session| address.as_ref().is_none_or(|address| session.address == *address));
        let session = found.ok_or_else(|| Problem::new(0, code::NOT_SIGNED_IN, "nobody is signed in"))?;
        if session.expires_at.is_some_and(|end| end <= now) {
            return Err(Problem::new(0, code::SESSION_EXPIRED, "the session is over").with("server", &session.address));
        }
        Ok(session)
    }

    /// The fingerprint kept for a server, even where the session is over.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn fingerprint(&self, address: &str) -> Result<Option<Fingerprint>, Problem> {
        Ok(self.read()?.sessions.into_iter().find(|session| session.address == address).and_then(|session| session.fingerprint))
    }

    /// Keeps a session in place of an older one for the same address.
    ///
    /// # Errors
    /// `session_not_saved`, or what is wrong with the file.
    pub fn save(&self, session: &SavedSession) -> Result<(), Problem> {
        let mut saved = self.read()?;
        saved.sessions.retain(|known| known.address != session.address);
        saved.sessions.insert(0, session.clone());
        self.write(&saved).map_err(|_| self.not_saved())
    }

    /// Forgets the session of `address`, if there is one.
    ///
    /// # Errors
    /// `session_not_saved`, or what is wrong with the file.
    pub fn forget(&self, address: &str) -> Result<(), Problem> {
        let mut saved = self.read()?;
        saved.sessions.retain(|known| known.address != address);
        self.write(&saved).map_err(|_| self.not_saved())
    }

    fn path(&self) -> PathBuf {
        self.folder.join("sessions.json")
    }

    fn read(&self) -> Result<Saved, Problem> {
        let path = self.path();
        match read_private(&path)? {
            None => Ok(Saved::default()),
            Some(text) => serde_json::from_str(&text).map_err(|_| unreadable(&path)),
        }
    }

    /// Whole or not at all: into a file beside it, then renamed.
    fn write(&self, saved: &Saved) -> io::Result<()> {
        make_private_folder(&self.folder)?;
        // Made with mode 0600 by `tempfile`.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec_pretty(saved)?)?;
        file.as_file().sync_all()?;
        file.persist(self.path()).map_err(|error| error.error)?;
        Ok(())
    }

    fn not_saved(&self) -> Problem {
        about_file(code::SESSION_NOT_SAVED, &self.folder)
    }
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The text of a file that only its owner can read; `None` where there is none.
fn read_private(path: &Path) -> Result<Option<String>, Problem> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(unreadable(path)),
    };
    #[cfg(unix)]
    {
        let about = file.metadata().map_err(|_| unreadable(path))?;
        if about.is_file() && std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
            return Err(about_file(code::TOKEN_FILE_OPEN, path));
        }
    }
    let mut text = String::new();
    file.take(LARGEST_FILE).read_to_string(&mut text).map_err(|_| unreadable(path))?;
    Ok(Some(text))
}

fn unreadable(path: &Path) -> Problem {
    about_file(code::TOKEN_FILE_UNREADABLE, path)
}

fn about_file(code: &str, path: &Path) -> Problem {
    Problem::new(0, code, "a file with a token cannot be used").with("path", path.display())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::language::{Language, has_text};

    fn session(address: &str, token: &str) -> SavedSession {
        let expires_at = Some("2027-07-01T00:00:00Z".parse().unwrap());
        SavedSession {
            address: address.into(),
            token: token.into(),
            user: Some("li".into()),
            role: Some(Role::Reviewer),
            expires_at,
            fingerprint: None,
        }
    }

    fn before() -> Timestamp {
        "2027-06-30T00:00:00Z".parse().unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_session_used_last_is_found_and_each_by_its_server() {
        let home = tempfile::tempdir().unwrap();
        let sessions = Sessions::in_folder(home.path().join("config/zhaoshen"));
        assert_eq!(sessions.load(None, before()).unwrap_err().code, code::NOT_SIGNED_IN);
        for (address, token) in [("http://127.0.0.1:1", "a"), ("https://b.test", "b"), ("http://127.0.0.1:1", "c")] {
            sessions.save(&session(address, token)).unwrap();
        }
        assert_eq!(sessions.load(None, before()).unwrap().token, "c");
        assert_eq!(sessions.load(Some("https://b.test/"), before()).unwrap().token, "b");
        sessions.forget("http://127.0.0.1:1").unwrap();
        assert_eq!(sessions.load(None, before()).unwrap().token, "b");
        assert_eq!(sessions.load(Some("http://127.0.0.1:1"), before()).unwrap_err().code, code::NOT_SIGNED_IN);
        assert_eq!((mode(&sessions.folder), mode(&sessions.path())), (0o700, 0o600));
    }

    #[test]
    fn what_is_over_open_or_broken_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let sessions = Sessions::in_folder(home.path());
        sessions.save(&session("https://b.test", "b")).unwrap();
        assert_eq!(sessions.load(None, "2027-07-01T00:00:00Z".parse().unwrap()).unwrap_err().code, code::SESSION_EXPIRED);
        fs::set_permissions(sessions.path(), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(sessions.load(None, before()).unwrap_err().code, code::TOKEN_FILE_OPEN);
        fs::set_permissions(sessions.path(), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(sessions.path(), "{").unwrap();
        assert_eq!(sessions.load(None, before()).unwrap_err().code, code::TOKEN_FILE_UNREADABLE);
    }

    #[test]
    fn the_environment_wins_but_only_for_its_own_server() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), " from-the-file\n").unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let environment = |name: &str| match name {
            "ZHAOSHEN_SERVER" => Some("http://127.0.0.1:9/".to_owned()),
            "ZHAOSHEN_TOKEN_FILE" => Some(path.clone()),
            "ZHAOSHEN_TOKEN" => Some("from-the-variable".to_owned()),
            _ => None,
        };
        let found = from_environment(None, environment).unwrap().unwrap();
        assert_eq!((found.address.as_str(), found.token.as_str()), ("http://127.0.0.1:9", "from-the-file"));
        assert_eq!(from_environment(Some("http://127.0.0.1:8"), environment).unwrap(), None);
        assert_eq!(from_environment(None, |_| None).unwrap(), None);
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o604)).unwrap();
        assert_eq!(from_environment(None, environment).unwrap_err().code, code::TOKEN_FILE_OPEN);
    }

    #[test]
    fn a_token_file_holds_one_token() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, code) in [("", code::TOKEN_FILE_EMPTY), (" \n", code::TOKEN_FILE_EMPTY), ("a b", code::TOKEN_FILE_UNREADABLE)] {
            fs::write(file.path(), text).unwrap();
            assert_eq!(read_token(file.path()).unwrap_err().code, code);
        }
        assert_eq!(read_token(Path::new("/nowhere/token")).unwrap_err().code, code::TOKEN_FILE_UNREADABLE);
        assert!(!format!("{:?}", session("http://a", "secret")).contains("secret"));
    }

    #[test]
    fn every_code_has_a_text_in_every_language() {
        for code in code::ALL {
            assert!(Language::ALL.iter().all(|language| has_text(*language, &format!("problem.{code}"))), "{code}");
        }
    }
}
