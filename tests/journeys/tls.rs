//! Serving over TLS: a certificate of the house's own making is shown, pinned, and missed when it changes.

use std::{
    fs,
    io::Write as _,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::support::{PROGRAM, home::TempHome, house::Ended, server::Server};

const PASSWORD: &str = "correct horse battery";

fn serve(home: &TempHome, data: &Path, listen: &str) -> (Server, String) {
    let mut command = home.command(PROGRAM);
    command.arg("serve").arg("--data").arg(data).args(["--listen", listen, "--tls", "self-signed"]);
    let mut server = Server::spawn(command);
    let line = server.next_line();
    let fingerprint = line.rsplit(['：', ' ']).next().unwrap().to_owned();
    assert_eq!(fingerprint.len(), 95, "{line}");
    (server, fingerprint)
}

fn run(mut command: Command, typed: &str) -> Ended {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    child.wait_with_output().unwrap().into()
}

fn invite(home: &TempHome, data: &Path, name: &str, address: &str) -> String {
    let mut command = home.command(PROGRAM);
    command.args(["user", "add", name, "--role", "reviewer", "--address", address, "--data"]).arg(data);
    let ended = run(command, "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.out.trim().to_owned()
}

fn login(home: &TempHome, address: &str, more: &[&str], typed: &str) -> Ended {
    let mut command = home.command(PROGRAM);
    command.args(["login", address]).args(more);
    run(command, typed)
}

#[test]
fn a_certificate_is_pinned_at_first_use_and_another_is_refused() {
    let home = TempHome::new();
    let data: PathBuf = home.path("data/school");
    // A first start makes the certificate and frees a port that is then used again.
    let (server, fingerprint) = serve(&home, &data, "127.0.0.1:0");
    let address = server.address().to_owned();
    let listen = address.strip_prefix("https://").unwrap().to_owned();
    assert!(server.stop().success());
    let link = invite(&home, &data, "li", &address);
    let (server, again) = serve(&home, &data, &listen);
    assert_eq!(again, fingerprint, "it is made once");

    // Somebody who never finishes the handshake holds up nobody.
    let silent: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(listen.parse::<SocketAddr>().unwrap()).unwrap()).collect();
    let ended = login(&home, &address, &[], &format!("{link}\n{PASSWORD}\n{PASSWORD}\n"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.errors.contains(&fingerprint), "what the server showed is what is compared: {ended:?}");
    let ended = login(&home, &address, &[], &format!("li\n{PASSWORD}\n"));
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""), "once pinned nothing is asked: {ended:?}");
    drop(silent);
    assert!(server.stop().success());

    fs::remove_file(data.join("tls.pem")).unwrap();
    let (server, other) = serve(&home, &data, &listen);
    assert_ne!(other, fingerprint);
    for ended in [login(&home, &address, &[], &format!("li\n{PASSWORD}\n")), {
        let mut command = home.command(PROGRAM);
        command.args(["progress", "--json"]);
        run(command, "")
    }] {
        assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""), "{ended:?}");
        assert!(ended.errors.contains("--fingerprint"), "what to do is said: {ended:?}");
    }
    // Who has asked and was told the new one goes on with it.
    let ended = login(&home, &address, &["--fingerprint", &other], &format!("li\n{PASSWORD}\n"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(server.stop().success());
}

#[test]
fn without_tls_only_this_machine_is_served_and_talked_to() {
    let home = TempHome::new();
    let mut command = home.command(PROGRAM);
    command.args(["serve", "--listen", "0.0.0.0:0", "--data"]).arg(home.path("data/school"));
    let ended = run(command, "");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.errors.contains("--tls"), "{ended:?}");
    let ended = login(&home, "http://192.0.2.1:8420", &[], "li\nsome password\n");
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
