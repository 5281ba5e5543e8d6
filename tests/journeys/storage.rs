//! Pictures at rest: the same promises in a folder and in S3-compatible storage, and what people see when the storage is away.

use std::{path::Path, sync::Arc};

use uuid::Uuid;
use zhaoshen::{
    api::submission::PictureKind,
    backend::{
        blobs::{BlobError, BlobKind, Blobs, BlobsAddress},
        vault::{Vault, VaultError},
    },
};

use crate::support::s3::S3;

const ORIGINAL: BlobKind = BlobKind::Picture(PictureKind::Original);

fn vault() -> Arc<Vault> {
    Arc::new(Vault::filled(&[1; 32], "school").unwrap())
}

fn blobs(address: &str) -> Blobs {
    Blobs::at(&BlobsAddress::parse(address).unwrap(), vault()).unwrap()
}

/// What every storage must do.
async fn keeps_its_promises(blobs: &Blobs) {
    let guarantees = blobs.probe().await.unwrap();
    assert!(guarantees.immutable && guarantees.listed_at_once, "{guarantees:?}");
    assert_eq!(blobs.list().await.unwrap(), [], "a probe leaves nothing behind");

    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let first = blobs.put("school", one, ORIGINAL, b"photo").await.unwrap();
    assert_eq!(first, blobs.put("school", one, ORIGINAL, b"photo").await.unwrap());
    let second = blobs.put("school", two, ORIGINAL, b"photo").await.unwrap();
    assert_ne!(first.name, second.name, "two attempts never share one");
    assert!(first.name.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(blobs.get(&first.name).await.unwrap(), b"photo");
    assert!(blobs.is_named(&first.name, one, ORIGINAL, b"photo") && !blobs.is_named(&first.name, one, ORIGINAL, b"other"));
    assert!(!blobs.get_sealed(&first.name).await.unwrap().windows(5).any(|window| window == b"photo"), "it lies there sealed");

    let mut listed: Vec<String> = blobs.list().await.unwrap().into_iter().map(|blob| blob.name).collect();
    let mut expected = vec![first.name.clone(), second.name.clone()];
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);

    // Sealed for its own name: one that was put under another's does not open.
    blobs.remove(&second.name).await.unwrap();
    blobs.put_sealed(&second.name, blobs.get_sealed(&first.name).await.unwrap()).await.unwrap();
    assert!(matches!(blobs.get(&second.name).await, Err(BlobError::Vault(VaultError::Sealed))));

    blobs.remove(&first.name).await.unwrap();
    blobs.remove(&first.name).await.unwrap();
    assert!(matches!(blobs.get(&first.name).await, Err(BlobError::Missing)));

    let large: Vec<u8> = (0..9_000_000u32).map(|number| number.to_le_bytes()[0] ^ number.to_le_bytes()[1]).collect();
    let kept = blobs.put("school", one, BlobKind::IdCard, &large).await.unwrap();
    assert!(blobs.get(&kept.name).await.unwrap() == large);
    let together = (0..40u8).map(|number| async move {
        let kept = blobs.put("school", two, ORIGINAL, &[number; 3000]).await.unwrap();
        assert_eq!(blobs.get(&kept.name).await.unwrap(), [number; 3000]);
    });
    futures_util::future::join_all(together).await;
}

#[tokio::test]
async fn a_folder_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    keeps_its_promises(&blobs(&format!("file://{}", folder.path().join("made/for/it").display()))).await;
}

/// Runs `test` in a process that has the credentials: a program may not change its own environment.
fn with_credentials(test: &str, secret: &str) -> std::process::Output {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("ZHAOSHEN_TEST_WITH_CREDENTIALS", "1")
        .env("AWS_ACCESS_KEY_ID", crate::support::s3::KEY)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .output()
        .unwrap()
}

#[test]
fn a_bucket_keeps_its_promises() {
    if std::env::var_os("ZHAOSHEN_TEST_WITH_CREDENTIALS").is_none() {
        let ended = with_credentials("storage::a_bucket_keeps_its_promises", crate::support::s3::SECRET);
        assert!(ended.status.success(), "{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server = S3::start(folder.path());
    server.make_bucket("photos");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(keeps_its_promises(&blobs(&server.address("photos", "2027/school"))));

    // Killed in the middle and started again: what was kept is there, what was asked meanwhile is told.
    let blobs = blobs(&server.address("photos", "again"));
    let kept = runtime.block_on(blobs.put("school", Uuid::nil(), ORIGINAL, b"before")).unwrap();
    server.kill_9();
    let away = runtime.block_on(blobs.put("school", Uuid::nil(), ORIGINAL, b"meanwhile"));
    assert!(matches!(away, Err(BlobError::Away)), "{away:?}");
    server.restart();
    assert_eq!(runtime.block_on(blobs.get(&kept.name)).unwrap(), b"before");
    runtime.block_on(blobs.put("school", Uuid::nil(), ORIGINAL, b"meanwhile")).unwrap();
}

#[test]
fn a_bucket_with_other_credentials_is_refused() {
    if std::env::var_os("ZHAOSHEN_TEST_WITH_CREDENTIALS").is_none() {
        let ended = with_credentials("storage::a_bucket_with_other_credentials_is_refused", "another secret");
        assert!(ended.status.success(), "{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(!String::from_utf8_lossy(&ended.stderr).contains("another secret"));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = S3::start(folder.path());
    server.make_bucket("photos");
    let denied = tokio::runtime::Runtime::new().unwrap().block_on(blobs(&server.address("photos", "")).probe());
    assert!(matches!(denied, Err(BlobError::Denied)), "{denied:?}");
}

#[test]
fn a_server_says_what_is_wrong_with_its_storage() {
    let home = crate::support::home::TempHome::new();
    let serve = |blobs: &str, credentials: bool| {
        let mut command = home.command(crate::support::PROGRAM);
        command.args(["--lang", "en", "serve", "--data"]).arg(home.path("data/school")).args(["--listen", "127.0.0.1:0", "--blobs", blobs]);
        if credentials {
            command.env("AWS_ACCESS_KEY_ID", "k").env("AWS_SECRET_ACCESS_KEY", "s");
        }
        let ended = command.output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    };
    for (blobs, credentials, code, words) in [
        ("s3://key:hidden@photos", true, 2, "holds no user and no password"),
        ("ftp://photos", true, 2, "has the form"),
        ("s3://photos?endpoint=http://127.0.0.1:1", false, 3, "refuses the credentials"),
        ("s3://photos?endpoint=http://127.0.0.1:1", true, 3, "cannot be reached"),
    ] {
        let (ended, said) = serve(blobs, credentials);
        assert_eq!(ended, Some(code), "{blobs}: {said}");
        assert!(said.contains(words) && !said.contains("hidden"), "{blobs}: {said}");
    }
    assert!(!Path::new(&home.path("data/school/blobs")).exists());
}
