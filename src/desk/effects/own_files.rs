//! The user's own files: habits, which stay, and pictures taken out to be looked at elsewhere, which go when the desk is left. Mode 0600, in
//! folders of mode 0700. Names say nothing: no student, no number.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::desk::habits::Habits;

/// Where they are.
#[derive(Debug)]
pub struct OwnFiles {
    habits: PathBuf,
    /// This desk's folder of pictures; made when the first one is taken out.
    pictures: PathBuf,
}

impl OwnFiles {
    /// The files of this user in the state folder, and pictures in the runtime folder, which is memory on most systems; where there is none,
    /// in the state folder too. What desks left behind that did not end in peace is removed.
    #[must_use]
    pub fn new(state: &Path, user: Uuid) -> OwnFiles {
        let runtime = directories::BaseDirs::new().and_then(|folders| folders.runtime_dir().map(Path::to_owned));
        let all = runtime.unwrap_or_else(|| state.to_owned()).join("zhaoshen-pictures");
        sweep(&all);
        OwnFiles { habits: state.join(format!("habits_{user}.toml")), pictures: all.join(std::process::id().to_string()) }
    }

    /// The habits; none where there are none yet or the file is not understood.
    #[must_use]
    pub fn habits(&self) -> Habits {
        fs::read_to_string(&self.habits).ok().and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
    }

    /// Keeps the habits: a new file in the old one's place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_habits(&self, habits: &Habits) -> io::Result<()> {
        let text = toml::to_string(habits).map_err(io::Error::other)?;
        let new = self.habits.with_extension("new");
        write(&new, text.as_bytes(), false)?;
        fs::rename(&new, &self.habits)
    }

    /// Takes a picture out; says where it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn take_out(&self, jpeg: &[u8]) -> io::Result<PathBuf> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.pictures)?;
        let path = self.pictures.join(format!("{}.jpg", Uuid::new_v4().simple()));
        write(&path, jpeg, true)?;
        Ok(path)
    }
}

impl Drop for OwnFiles {
    fn drop(&mut self) {
        // Nothing was taken out, or it is gone already.
        let _ = fs::remove_dir_all(&self.pictures);
    }
}

fn write(path: &Path, bytes: &[u8], new: bool) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).mode(0o600);
    if new {
        options.create_new(true);
    } else {
        options.create(true).truncate(true);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes the pictures of desks that are no more.
fn sweep(all: &Path) {
    let Ok(entries) = fs::read_dir(all) else { return };
    for entry in entries.flatten() {
        let process = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()).and_then(rustix::process::Pid::from_raw);
        let alive = process.is_some_and(|process| rustix::process::test_kill_process(process).is_ok());
        if process.is_some() && !alive {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::reason::Reason;

    #[test]
    fn habits_stay_and_pictures_go() {
        let state = tempfile::tempdir().unwrap();
        let user = Uuid::from_u128(5);
        let mut own = OwnFiles::new(state.path(), user);
        own.pictures = state.path().join("pictures");
        assert_eq!(own.habits(), Habits::default());
        let mut habits = Habits::default();
        habits.given(&[Reason::Blur]);
        own.keep_habits(&habits).unwrap();
        let picture = own.take_out(b"jpeg").unwrap();
        assert_eq!(fs::metadata(&picture).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(picture.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        drop(own);
        assert!(!picture.exists());
        let again = OwnFiles::new(state.path(), user);
        assert_eq!(again.habits(), habits);
        fs::write(state.path().join(format!("habits_{user}.toml")), "nonsense = [").unwrap();
        assert_eq!(again.habits(), Habits::default());
    }

    #[test]
    fn what_a_killed_desk_left_is_swept_and_what_a_living_one_has_is_not() {
        let all = tempfile::tempdir().unwrap();
        // No process has so high a number.
        for name in [i32::MAX.to_string(), std::process::id().to_string(), "notes".to_owned()] {
            fs::create_dir(all.path().join(name)).unwrap();
        }
        sweep(all.path());
        let left: Vec<String> = fs::read_dir(all.path()).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap()).collect();
        assert!(left.len() == 2 && !left.contains(&i32::MAX.to_string()), "{left:?}");
    }
}
