//! A server as a process of its own, found by the address it prints, so that a test can kill it as the world would.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
};

use super::{PATIENCE, PROGRAM, desk::signal, home::TempHome};

/// A running server. Killed when dropped.
pub struct Server {
    child: Child,
    /// Lines of its standard output, as they come.
    lines: mpsc::Receiver<String>,
    address: String,
}

impl Server {
    /// `zhaoshen serve` on a free port of the loopback, with its data in `data`.
    pub fn start(home: &TempHome, data: &Path) -> Server {
        let mut command = home.command(PROGRAM);
        command.arg("serve").arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
        Server::spawn(command)
    }

    /// Any command whose first line of standard output holds its address (`http://…`). Its errors stay visible.
    pub fn spawn(mut command: Command) -> Server {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the server starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = mpsc::channel();
        // Reads on after the test stopped listening, so that the server never blocks on a full pipe.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut server = Server { child, lines, address: String::new() };
        let first = server.next_line();
        // Chinese puts a colon before it and no space.
        let start = ["http://", "https://"].iter().find_map(|scheme| first.find(scheme));
        let address = start.and_then(|start| first[start..].split_whitespace().next());
        server.address =
            address.unwrap_or_else(|| panic!("the server's first line has no address: {first}")).trim_end_matches('/').to_owned();
        server
    }

    /// Where it listens, without a slash at the end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The next line of its standard output.
    pub fn next_line(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(_) => panic!("the server said nothing more; it ended with {:?}", self.child.try_wait()),
        }
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("an own child can be waited for").is_some()
    }

    /// Asks it to end (SIGTERM) and waits for that.
    pub fn stop(self) -> ExitStatus {
        self.stop_by("TERM")
    }

    /// Asks it to end by a signal's name (`TERM`, `INT`) and waits for that.
    pub fn stop_by(mut self, name: &str) -> ExitStatus {
        signal(self.child.id(), name);
        self.wait()
    }

    /// Ends it without a chance to tidy up, as a power cut would.
    pub fn kill_9(mut self) -> ExitStatus {
        self.child.kill().expect("an own child can be killed");
        self.wait()
    }

    fn wait(&mut self) -> ExitStatus {
        let child = &mut self.child;
        super::wait_until(|| "an end of the server".to_owned(), || child.try_wait().expect("an own child can be waited for"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Server {
        let home = TempHome::new();
        let mut command = home.command("sh");
        command.args(["-c", text]);
        Server::spawn(command)
    }

    #[test]
    fn the_address_is_the_first_line_and_more_may_follow() {
        let mut server = script("echo '已启动：http://127.0.0.1:4711/ (stop with Ctrl-C)'; echo a-token; exec sleep 600");
        assert_eq!(server.address(), "http://127.0.0.1:4711");
        assert_eq!(server.next_line(), "a-token");
        assert!(!server.stop().success());
    }

    #[test]
    fn a_kill_gives_no_chance_to_tidy_up() {
        let folder = tempfile::tempdir().unwrap();
        let tidied = folder.path().join("tidied");
        // `wait` returns when a trapped signal comes; the sleep's own end then does not matter.
        let text = format!("trap 'touch {}; kill $!; exit 0' TERM; sleep 600 & echo http://localhost:1; wait", tidied.display());
        assert!(script(&text).stop().success());
        assert!(tidied.exists());
        std::fs::remove_file(&tidied).unwrap();
        let text = "trap 'exit 0' TERM; echo http://localhost:1; while :; do sleep 0.05; done";
        assert!(!script(text).kill_9().success());
    }

    #[test]
    #[should_panic(expected = "no address")]
    fn a_first_line_without_an_address_is_no_server() {
        script("echo good morning; exec sleep 600");
    }
}
