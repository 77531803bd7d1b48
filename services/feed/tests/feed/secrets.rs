use domain::{Command, IdentityCommand, OpenSession};
use events::ids::{SessionId, Sha256Digest};
use events::user::{Created, Limits, Role};
use events::{Event, Fact};
use testkit::clock::fresh;

use crate::given::*;

/// A sealed secret, of which no part may be seen.
const SEALED: &str = "v1.0123456789abcdef.c2VhbGVk";

async fn make_user(world: &World) -> SessionId {
    let created = Created {
        user: "ada".parse().unwrap(),
        id: "ada-id".parse().unwrap(),
        role: Role::User,
        display_name: "Ada".into(),
        email: None,
        password: Some(SEALED.parse().unwrap()),
        limits: Limits::default(),
        disabled: false,
        replica: None,
    };
    world.does(Command::Identity(Box::new(IdentityCommand::CreateUser(created)))).await;
    let (session, expires) = (SessionId(fresh(world.clock.now())), "9999-01-01T00:00:00Z".parse().unwrap());
    let open = OpenSession {
        user: "ada".parse().unwrap(),
        proven: Some(SEALED.parse().unwrap()),
        session,
        refresh: Sha256Digest([7; 32]),
        expires,
    };
    world.does(Command::Identity(Box::new(IdentityCommand::OpenSession(open)))).await;
    session
}

/// Before level 2 a secret is in the event of its user, and the log is never rewritten.
#[tokio::test]
async fn no_secret_is_read_or_followed_whatever_the_level_of_the_region() {
    for upgraded in [false, true] {
        let world = World::new(true).await;
        if upgraded {
            world.does(upgrade()).await;
        }
        let mut reader = world.feed.follow(world.feed.begin(0, None).await.unwrap());
        let session = make_user(&world).await.0.to_string();
        let page = world.page("").await;
        let mut followed = Vec::new();
        while reader.position() < page.last {
            followed.extend(patiently(reader.next()).await.unwrap().entries);
        }
        assert_eq!(page.entries, followed);
        for entry in &page.entries {
            let text = String::from_utf8(entry.bytes.to_vec()).unwrap();
            for secret in [SEALED, &session, &"07".repeat(32)] {
                assert!(!text.contains(secret), "{text}");
            }
            assert_eq!(Event::decode(&entry.bytes).unwrap(), entry.event, "it is still an event of its type");
        }
        let created = page.entries.iter().find(|entry| matches!(entry.event.fact, Fact::UserCreated(_))).unwrap();
        assert!(created.event.fact.lacks_secret(), "it says that there is a secret");
        let is_of_session = |entry: &std::sync::Arc<feed::Entry>| entry.event.fact.kind().noun == "session";
        assert!(!page.entries.iter().any(is_of_session) && page.until == page.last);
    }
}
