//! Who signs.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use events::ids::{NotaryKey, NotarySignature};
use futures_util::future::BoxFuture;
use notary::{Program, SignError, Signer};

use crate::given::{When, World, held, public, until, why};

#[tokio::test]
async fn a_new_key_is_signed_by_the_one_before_it_and_used_from_then_on() {
    let mut world = World::new().await;
    world.events(3).await;
    let workers = world.run(held(&[1]), When::Soon);
    world.until_covered(3).await;
    workers.stop().await;
    let workers = world.run(held(&[1, 2, 3]), When::Soon);
    until("the newest key", || world.row().key == Some(public(3))).await;
    world.events(3).await;
    world.until_covered(world.last() - 1).await;
    for key in [1, 2, 3] {
        let report = world.verify(1, None, public(key)).await;
        assert_eq!(report.findings, [], "{key}");
        assert_eq!(report.keys.last(), Some(&public(3)));
    }
    workers.stop().await;
}

#[tokio::test]
async fn a_process_without_the_key_in_use_signs_nothing() {
    let mut world = World::new().await;
    world.events(3).await;
    let workers = world.run(held(&[1]), When::Soon);
    world.until_covered(3).await;
    workers.stop().await;
    let row = world.row();
    let workers = world.run(held(&[2]), When::Soon);
    let why = why(&workers).await;
    assert!(why.contains(&public(1).to_string()), "{why}");
    assert_eq!(world.row(), row);
    workers.stop().await;
}

/// Somebody who signs anything with a signature that is none.
struct Wrong(Vec<NotaryKey>);

impl Signer for Wrong {
    fn keys(&self) -> &[NotaryKey] {
        &self.0
    }

    fn sign<'a>(&'a self, _: NotaryKey, _: &'a str) -> BoxFuture<'a, Result<NotarySignature, SignError>> {
        Box::pin(std::future::ready(Ok(NotarySignature([7; 64]))))
    }
}

#[tokio::test]
async fn a_signature_that_is_wrong_comes_to_no_log() {
    let world = World::new().await;
    let workers = world.run(Arc::new(Wrong(vec![public(1)])), When::Soon);
    assert!(why(&workers).await.contains("is wrong"));
    assert_eq!(world.row().key, None);
    workers.stop().await;
}

/// A program that prints what a file holds.
fn program(folder: &std::path::Path, script: &str) -> Program {
    let path = folder.join("sign");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    Program::new(path, vec![public(1)])
}

#[tokio::test]
async fn a_program_is_given_the_key_and_the_text_and_its_answer_is_the_signature() {
    let folder = tempfile::tempdir().unwrap();
    let script = "cat > \"$0.text\"; echo \"$1\" > \"$0.key\"; printf 'ab%.0s' $(seq 64); echo";
    let signed = program(folder.path(), script).sign(public(1), "what is signed").await;
    assert_eq!(signed, Ok(NotarySignature([0xAB; 64])));
    assert_eq!(std::fs::read_to_string(folder.path().join("sign.text")).unwrap(), "what is signed");
    assert_eq!(std::fs::read_to_string(folder.path().join("sign.key")).unwrap(), format!("{}\n", public(1)));
    for (script, reason) in [("exit 3", "exit status: 3"), ("echo no", "no signature"), ("yes", "ended with")] {
        let refused = program(folder.path(), script).sign(public(1), "what is signed").await.unwrap_err();
        assert!(refused.to_string().contains(reason), "{script}: {refused}");
    }
    let absent = Program::new(folder.path().join("absent"), vec![public(1)]).sign(public(1), "").await;
    assert!(absent.unwrap_err().to_string().contains("absent"));
}
