//! A home of a test's own: nothing it runs sees or touches the developer's.

use std::{ffi::OsString, fs, path::PathBuf, process::Command};

/// Folders for configuration, data, state, cache and runtime files, gone when dropped.
pub struct TempHome {
    folder: tempfile::TempDir,
}

impl TempHome {
    /// Makes the folders. The runtime folder is the user's alone, as the platform promises.
    pub fn new() -> TempHome {
        let home = TempHome { folder: tempfile::tempdir().expect("a temporary folder") };
        for name in ["config", "data", "state", "cache", "runtime", "tmp"] {
            fs::create_dir(home.path(name)).expect("a folder in a new folder");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(home.path("runtime"), fs::Permissions::from_mode(0o700)).expect("the mode of an own folder");
        }
        home
    }

    /// A path inside.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The whole environment for a program run at home. Nothing else is inherited but `PATH`.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<(OsString, OsString)> = [
            ("HOME", "."),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "runtime"),
            ("TMPDIR", "tmp"),
            ("ZHAOSHEN_CONFIG_DIR", "config/zhaoshen"),
        ]
        .into_iter()
        .map(|(name, folder)| (name.into(), if folder == "." { self.folder.path().into() } else { self.path(folder).into() }))
        .collect();
        environment.push(("LC_ALL".into(), "C.UTF-8".into()));
        environment.extend(std::env::var_os("PATH").map(|path| ("PATH".into(), path)));
        environment
    }

    /// A command that lives here, for programs that need no terminal.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment()).current_dir(self.folder.path());
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_at_home_sees_only_home() {
        let home = TempHome::new();
        let output = home.command("sh").args(["-c", "echo \"$HOME|$XDG_STATE_HOME|$CARGO_MANIFEST_DIR\"; pwd"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines = text.lines();
        let expected = format!("{}|{}|", home.folder.path().display(), home.path("state").display());
        assert_eq!(lines.next(), Some(expected.as_str()));
        assert_eq!(fs::canonicalize(lines.next().unwrap()).unwrap(), fs::canonicalize(home.folder.path()).unwrap());
    }
}
