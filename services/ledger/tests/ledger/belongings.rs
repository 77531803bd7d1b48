//! What belongs to users.

use domain::{Command, Identities, IdentityCommand};
use events::ids::{AccessKeyId, UserName};
use events::user::{Created, Limits, Role};
use testkit::MemoryLog;

use crate::support::*;

fn user(name: &str) -> UserName {
    name.parse().unwrap()
}

fn key(name: &str) -> AccessKeyId {
    name.parse().unwrap()
}

#[tokio::test]
async fn keys_of_a_user_come_in_pages() {
    let (log, folder) = (MemoryLog::new(), Folder::new());
    let ledger = open(&log, &folder.file("state"), true).await;
    let does = async |command| ledger.commit(Command::Identity(Box::new(command)), origin()).await.unwrap();
    // Each name begins as the one before it.
    for name in ["ann", "ann-b", "ann0"] {
        let created = Created {
            user: user(name),
            id: name.parse().unwrap(),
            role: Role::User,
            display_name: String::new(),
            email: None,
            password: None,
            limits: Limits::default(),
            disabled: false,
            replica: None,
        };
        does(IdentityCommand::CreateUser(created)).await;
        for place in ["C", "A", "B"] {
            let (access_key, secret) =
                (key(&format!("{place}OF{}", name.replace('-', "X").to_uppercase())), "v1.x".parse().unwrap());
            does(IdentityCommand::CreateKey { user: user(name), access_key, secret, expires: None }).await;
        }
    }
    let snapshot = ledger.latest();
    let page = |after: Option<&str>, max| snapshot.keys_of(&user("ann"), after.map(key).as_ref(), max).unwrap();
    assert_eq!(page(None, 9), ["AOFANN", "BOFANN", "COFANN"].map(key));
    assert_eq!(page(None, 2), ["AOFANN", "BOFANN"].map(key));
    assert_eq!(page(Some("BOFANN"), 2), ["COFANN"].map(key));
    assert_eq!(page(Some("BOFA"), 1), ["BOFANN"].map(key), "after what is no key");
    assert_eq!(page(Some("COFANN"), 2), []);
}
