//! Reads the terminal's bytes on a thread of its own and hands them on as keys and answers.

use std::{
    io::{self, PipeWriter},
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc::UnboundedSender;

use super::input::{Input, Parser};

/// Bytes of one sequence come together; after this silence an escape was the key.
const SILENCE: Duration = Duration::from_millis(40);

/// The reading thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Reader {
    _stop: PipeWriter,
}

impl Reader {
    /// Starts to read. `None` is sent when the terminal is gone.
    ///
    /// # Errors
    /// When no thread or pipe can be had.
    pub fn start(inputs: UnboundedSender<Option<Input>>) -> io::Result<Reader> {
        let (stopped, stop) = io::pipe()?;
        std::thread::Builder::new().name("keys".into()).spawn(move || {
            let mut parser = Parser::default();
            let mut bytes = [0u8; 4096];
            loop {
                let stdin = rustix::stdio::stdin();
                let mut polled = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&stopped, PollFlags::IN)];
                let patience = Timespec { tv_sec: 0, tv_nsec: SILENCE.subsec_nanos().into() };
                let ready = poll(&mut polled, parser.waits().then_some(&patience));
                let (keys, stop) = (polled[0].revents(), polled[1].revents());
                match ready {
                    Err(rustix::io::Errno::INTR) => continue,
                    Err(_) => break,
                    Ok(_) if !stop.is_empty() => return,
                    Ok(0) => {
                        if let Some(input) = parser.flush()
                            && inputs.send(Some(input)).is_err()
                        {
                            return;
                        }
                        continue;
                    }
                    Ok(_) => {}
                }
                if keys.is_empty() {
                    continue;
                }
                match rustix::io::read(stdin, &mut bytes) {
                    Ok(0) => break,
                    Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                    Err(_) => break,
                    Ok(count) => {
                        for input in parser.feed(&bytes[..count]) {
                            if inputs.send(Some(input)).is_err() {
                                return;
                            }
                        }
                    }
                }
            }
            let _ = inputs.send(None);
        })?;
        Ok(Reader { _stop: stop })
    }
}
