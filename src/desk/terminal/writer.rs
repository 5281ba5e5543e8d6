//! Writes frames on a thread of its own: a slow line holds up the next frame, never a key.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
};

use tokio::sync::Notify;

/// Where ratatui puts a frame's bytes until the frame is whole.
#[derive(Debug, Clone, Default)]
pub struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    /// The bytes of the frame; the page is empty then.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The writing thread.
#[derive(Debug)]
pub struct Writer {
    frames: mpsc::SyncSender<Vec<u8>>,
    busy: Arc<AtomicBool>,
    done: Arc<Notify>,
}

impl Writer {
    /// Starts to write to standard output.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn start() -> io::Result<Writer> {
        let (frames, queue) = mpsc::sync_channel::<Vec<u8>>(1);
        let (busy, done) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let (writing, written) = (Arc::clone(&busy), Arc::clone(&done));
        std::thread::Builder::new().name("frames".into()).spawn(move || {
            for frame in queue {
                let mut out = io::stdout();
                // A terminal that is gone is noticed where keys are read.
                let _ = out.write_all(&frame).and_then(|()| out.flush());
                writing.store(false, Ordering::Release);
                written.notify_one();
            }
        })?;
        Ok(Writer { frames, busy, done })
    }

    /// Whether a frame is still on its way.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Hands a frame over; only when [`Writer::busy`] says no.
    pub fn write(&self, frame: Vec<u8>) {
        if !frame.is_empty() {
            self.busy.store(true, Ordering::Release);
            let _ = self.frames.send(frame);
        }
    }

    /// Waits until the frame is out.
    pub async fn idle(&self) {
        while self.busy() {
            self.done.notified().await;
        }
    }
}
