//! Notices into a file, one JSON object a line, for whoever sends them by other means.
//!
//! **The file is personal data**: it holds phones, because nothing could be delivered without them. It is made with mode 0600 in the data
//! folder and is as worthy of protection as the store; whoever has sent its lines removes it while the backend is stopped.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Envelope, GatewayError, Message, Messages, Receipt, code};

/// Appends notices to a file. One gateway a file: the data folder is locked by its backend.
#[derive(Debug, Clone)]
pub struct FileMessages {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// Where the last whole line ends.
    end: u64,
    written: HashSet<Uuid>,
}

#[derive(serde::Serialize)]
struct Line<'a> {
    at: Timestamp,
    #[serde(flatten)]
    envelope: Envelope<'a>,
}

#[derive(serde::Deserialize)]
struct Written {
    id: Uuid,
}

impl FileMessages {
    /// Opens or makes the file, and reads which notices it already holds. A last line that a crash cut off is removed: its notice
    /// was never confirmed and comes again.
    ///
    /// # Errors
    /// When the file cannot be read and written, or a whole line of it is none of ours.
    pub fn open(path: &Path) -> io::Result<FileMessages> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let (mut end, mut written, mut line) = (0, HashSet::new(), Vec::new());
        let mut reader = BufReader::new(&file);
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line)?;
            if length == 0 || line.last() != Some(&b'\n') {
                break;
            }
            let known: Written = serde_json::from_slice(&line).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            written.insert(known.id);
            end += length as u64;
        }
        file.set_len(end)?;
        file.sync_all()?;
        Ok(FileMessages { state: Arc::new(Mutex::new(State { file, end, written })) })
    }
}

impl State {
    /// Appends a whole line or nothing.
    fn append(&mut self, id: Uuid, line: &[u8]) -> io::Result<bool> {
        if self.written.contains(&id) {
            return Ok(true);
        }
        self.file.set_len(self.end)?;
        self.file.seek(io::SeekFrom::Start(self.end))?;
        self.file.write_all(line)?;
        self.file.sync_data()?;
        self.end += line.len() as u64;
        self.written.insert(id);
        Ok(false)
    }
}

#[async_trait]
impl Messages for FileMessages {
    async fn send(&self, message: &Message) -> Result<Receipt, GatewayError> {
        let failed = GatewayError::Passing { code: code::NOT_WRITTEN };
        let mut line = serde_json::to_vec(&Line { at: Timestamp::now(), envelope: message.envelope()? }).map_err(|_| failed)?;
        line.push(b'\n');
        let (state, id) = (Arc::clone(&self.state), message.id());
        let append = move || state.lock().unwrap_or_else(PoisonError::into_inner).append(id, &line);
        let repeated = tokio::task::spawn_blocking(append).await.map_err(|_| failed)?.map_err(|_| failed)?;
        Ok(Receipt { gateway: self.name(), repeated })
    }

    fn name(&self) -> &'static str {
        "file"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::submission::NoticeKind;

    fn message(id: u128, phone: Option<&str>) -> Message {
        Message::new(
            Uuid::from_u128(id),
            phone.map(str::to_owned),
            NoticeKind::Rejected,
            "照片未通过".into(),
            "背景不纯\n\"请重拍\"".into(),
        )
        .unwrap()
    }

    fn lines(path: &Path) -> Vec<serde_json::Value> {
        std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_notice_is_written_once_across_restarts_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notices.jsonl");
        let first = FileMessages::open(&path).unwrap();
        assert!(!first.send(&message(1, Some("13800000000"))).await.unwrap().repeated);
        assert!(first.send(&message(1, Some("13800000000"))).await.unwrap().repeated);
        drop(first);
        let second = FileMessages::open(&path).unwrap();
        assert!(second.send(&message(1, Some("13800000000"))).await.unwrap().repeated);
        assert!(!second.send(&message(2, Some("13900000000"))).await.unwrap().repeated);
        let lines = lines(&path);
        assert_eq!((lines.len(), lines[0]["phone"].as_str(), lines[0]["kind"].as_str()), (2, Some("13800000000"), Some("rejected")));
        assert_eq!(lines[1]["body"], "背景不纯\n\"请重拍\"");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn a_line_that_a_crash_cut_off_comes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notices.jsonl");
        FileMessages::open(&path).unwrap().send(&message(1, Some("13800000000"))).await.unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], br#"{"at":"2027-01-01T00:00:00Z","id":"0000"#].concat()).unwrap();
        let gateway = FileMessages::open(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        gateway.send(&message(2, Some("13800000000"))).await.unwrap();
        assert_eq!(lines(&path).len(), 2);
    }

    #[tokio::test]
    async fn a_foreign_file_is_left_alone_and_nobody_is_written_to_without_a_phone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letter.txt");
        std::fs::write(&path, "Dear all,\nhello").unwrap();
        assert_eq!(FileMessages::open(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "Dear all,\nhello");
        let gateway = FileMessages::open(&folder.path().join("notices.jsonl")).unwrap();
        assert_eq!(gateway.send(&message(1, None)).await, Err(GatewayError::Permanent { code: code::NO_PHONE }));
    }

    #[tokio::test]
    async fn many_at_once_make_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notices.jsonl");
        let gateway = FileMessages::open(&path).unwrap();
        let sending = (0..40u128).map(|id| {
            let gateway = gateway.clone();
            tokio::spawn(async move { gateway.send(&message(id / 2, Some("13800000000"))).await.unwrap() })
        });
        let mut repeated = 0;
        for receipt in sending.collect::<Vec<_>>() {
            repeated += usize::from(receipt.await.unwrap().repeated);
        }
        assert_eq!((lines(&path).len(), repeated), (20, 20));
    }
}
