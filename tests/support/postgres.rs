//! A PostgreSQL cluster of the tests' own, made from the server's binaries, gone with the process that made it. Used by the store's tests and
//! the journeys; knows nothing of either.

use std::{
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a cluster may take to come up on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running cluster. It ends when this is dropped, and also when the process ends without dropping it.
pub struct Cluster {
    folder: PathBuf,
    /// Whoever waits at the other end stops the server when this closes.
    watched: Option<ChildStdin>,
    watcher: Child,
    port: u16,
}

/// Where programs are looked for: the path, and where Debian puts those of each version.
fn folders() -> impl Iterator<Item = PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).chain(debian).collect::<Vec<_>>().into_iter()
}

impl Cluster {
    /// The folder of the server's binaries; `None` where there is none.
    pub fn binaries() -> Option<PathBuf> {
        folders().find(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file()))
    }

    /// A program that comes with the server.
    pub fn program(name: &str) -> Option<PathBuf> {
        folders().map(|folder| folder.join(name)).find(|program| program.is_file())
    }

    /// Makes a cluster and starts it. It listens on a socket in its own folder and on a free port of the loopback.
    ///
    /// # Panics
    /// When the binaries are there but do not work.
    pub fn start() -> Option<Cluster> {
        let binaries = Cluster::binaries()?;
        let folder = tempfile::Builder::new().prefix("zhaoshen-postgres-").tempdir().expect("a folder").keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("an own folder");
        let owner = unprivileged();
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).expect("root may give folders away");
        }
        let data = folder.join("data");
        let mut init = Command::new(binaries.join("initdb"));
        init.arg("-D").arg(&data).args(["-U", "zhaoshen", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        let made = as_owner(&mut init, owner).current_dir(&folder).output().expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
        let mut cluster = Cluster::launch(&binaries, folder, port, owner);
        cluster.wait();
        Some(cluster)
    }

    fn launch(binaries: &Path, folder: PathBuf, port: u16, owner: Option<(u32, u32)>) -> Cluster {
        // The shell outlives a process that is killed: it sees its standard input close, and tidies up.
        let script = r#"trap '' INT TERM
"$1" -D "$2/data" -k "$2" -p "$3" -c listen_addresses=127.0.0.1 -c max_connections=300 -c fsync=${FSYNC:-off} \
    -c shared_buffers=128MB -c log_min_messages=fatal >"$2/log" 2>&1 &
echo $! >"$2/pid"
cat >/dev/null
[ -e "$2/stay" ] && exit 0
kill -INT $(head -n1 "$2/data/postmaster.pid" 2>/dev/null || cat "$2/pid") 2>/dev/null
wait
rm -rf "$2""#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(binaries.join("postgres")).arg(&folder).arg(port.to_string());
        let mut watcher = as_owner(&mut shell, owner)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell runs");
        let watched = watcher.stdin.take();
        Cluster { folder, watched, watcher, port }
    }

    fn wait(&mut self) {
        let began = Instant::now();
        let socket = self.folder.join(format!(".s.PGSQL.{}", self.port));
        while !(socket.exists() && std::os::unix::net::UnixStream::connect(&socket).is_ok() && self.is_ready()) {
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(began.elapsed() < PATIENCE, "PostgreSQL did not come up: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The postmaster writes into its file where it stands.
    fn is_ready(&self) -> bool {
        std::fs::read_to_string(self.folder.join("data/postmaster.pid"))
            .is_ok_and(|file| file.lines().nth(7).is_some_and(|line| line.trim() == "ready"))
    }

    /// The address of a database of this cluster.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://zhaoshen@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// The process that all others of the server come from.
    pub fn postmaster(&self) -> u32 {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("a running server has its file");
        file.lines().next().and_then(|line| line.trim().parse().ok()).expect("the first line is the process")
    }

    /// Kills the server without a chance to tidy up, as a power cut would, and starts it again; it recovers from its log.
    pub fn kill_9_and_restart(&mut self) {
        self.kill_9();
        self.restart();
    }

    /// Kills the server without a chance to tidy up.
    pub fn kill_9(&mut self) {
        std::fs::write(self.folder.join("stay"), "").expect("an own folder");
        let postmaster = self.postmaster();
        let killed = Command::new("kill").args(["-9", &postmaster.to_string()]).status().expect("kill runs");
        assert!(killed.success());
        // Its children end when they see it gone; the next server refuses to start before.
        drop(self.watched.take());
        let _ = self.watcher.wait();
    }

    /// Whether it was killed and not started since.
    pub fn is_killed(&self) -> bool {
        self.watched.is_none()
    }

    /// Starts the server on what [`Cluster::kill_9`] left.
    pub fn restart(&mut self) {
        let began = Instant::now();
        // Its children end when they see it gone. Until then they hold the old memory, and a second server would ruin the data; so the files
        // by which it would notice are removed only after them. They name a process that may wait for ever to be collected by its parent.
        while self.is_used() {
            assert!(began.elapsed() < PATIENCE, "the killed server's children do not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        let socket = format!(".s.PGSQL.{}", self.port);
        for file in ["stay", "data/postmaster.pid", &format!("{socket}.lock"), &socket] {
            let _ = std::fs::remove_file(self.folder.join(file));
        }
        let binaries = Cluster::binaries().expect("they were there before");
        let mut next = Cluster::launch(&binaries, self.folder.clone(), self.port, unprivileged());
        next.wait();
        // The old one owns the same folder, and has been told to leave it.
        std::mem::forget(std::mem::replace(self, next));
    }

    /// Whether any process works in the data folder.
    fn is_used(&self) -> bool {
        let data = self.folder.join("data");
        std::fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .any(|process| std::fs::read_link(process.path().join("cwd")).is_ok_and(|folder| folder == data))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watched.take());
        let _ = self.watcher.wait();
    }
}

/// The server refuses to run as root: then it runs as its own user, or as nobody.
fn unprivileged() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let probe = tempfile::NamedTempFile::new().expect("a file");
    if probe.as_file().metadata().expect("an own file").uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let known = users.lines().find(|line| line.starts_with("postgres:")).and_then(|line| {
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Some(known.unwrap_or((65_534, 65_534)))
}

fn as_owner(command: &mut Command, owner: Option<(u32, u32)>) -> &mut Command {
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}
