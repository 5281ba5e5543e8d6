//! A real S3 server as a process of its own: this very test program, started again to serve a folder.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use super::wait_until;

/// Says to the process that it is the server: the folder that it serves and its port, with a comma between.
const SERVE: &str = "ZHAOSHEN_TEST_S3";
pub const KEY: &str = "zhaoshen-tests";
pub const SECRET: &str = "no secret at all";

/// A running server. Killed when dropped.
pub struct S3 {
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl S3 {
    /// Serves `folder`, in which each folder is a bucket.
    pub fn start(folder: &Path) -> S3 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port").local_addr().expect("an address").port();
        let mut server = S3 { folder: folder.to_owned(), port, child: None };
        server.restart();
        server
    }

    /// Starts it again, where it was.
    pub fn restart(&mut self) {
        let itself = std::env::current_exe().expect("this program has a file");
        let child = Command::new(itself)
            .args(["--exact", "support::s3::this_program_serves_when_it_is_asked_to", "--nocapture"])
            .env(SERVE, format!("{},{}", self.folder.display(), self.port))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("this program runs");
        self.child = Some(child);
        let port = self.port;
        wait_until(|| "the S3 server".to_owned(), || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill_9(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The address of a bucket of it.
    pub fn address(&self, bucket: &str, prefix: &str) -> String {
        format!("s3://{bucket}/{prefix}?endpoint=http://127.0.0.1:{}&region=us-east-1", self.port)
    }

    /// Makes a bucket.
    pub fn make_bucket(&self, name: &str) {
        std::fs::create_dir_all(self.folder.join(name)).expect("an own folder");
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.kill_9();
    }
}

/// A place for one house's pictures.
#[derive(Debug, Clone)]
pub struct Place {
    address: String,
    /// Where its server keeps it.
    folder: Option<PathBuf>,
}

impl Place {
    pub fn at(address: String) -> Place {
        Place { address, folder: None }
    }

    /// The folder in which its server keeps it, which it must be known for.
    pub fn folder(&self) -> &Path {
        self.folder.as_deref().expect("a place in the server of this run")
    }

    /// What says to a server where its pictures are.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("ZHAOSHEN_BLOBS", self.address.clone()), ("AWS_ACCESS_KEY_ID", KEY.to_owned()), ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned())]
    }
}

impl Place {
    /// Another place with the same pictures.
    pub fn copy(&self) -> Place {
        let copy = place();
        for file in super::files(self.folder()) {
            let to = copy.folder().join(file.strip_prefix(self.folder()).expect("it lies below"));
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("an own folder");
            std::fs::copy(file, to).expect("an own file");
        }
        copy
    }
}

/// A place of its own in the one server of this run.
pub fn place() -> Place {
    static SERVER: OnceLock<(S3, tempfile::TempDir)> = OnceLock::new();
    let (server, folder) = SERVER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let server = S3::start(folder.path());
        server.make_bucket("photos");
        (server, folder)
    });
    let prefix = uuid::Uuid::now_v7().simple().to_string();
    Place { address: server.address("photos", &prefix), folder: Some(folder.path().join("photos").join(prefix)) }
}

/// No test: with [`SERVE`] set this is the server. It ends with the process that started it, whose end of the pipe then closes.
#[test]
fn this_program_serves_when_it_is_asked_to() {
    let Ok(asked) = std::env::var(SERVE) else { return };
    let (folder, port) = asked.rsplit_once(',').expect("a folder and a port");
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(serve(Path::new(folder), port.parse().expect("a port")));
}

async fn serve(folder: &Path, port: u16) {
    let mut service = s3s::service::S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).expect("a folder"));
    service.set_auth(s3s::auth::SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("a free port");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let service = service.clone();
        tokio::spawn(async move {
            let _ = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new())
                .serve_connection(hyper_util::rt::TokioIo::new(stream), service)
                .await;
        });
    }
}
