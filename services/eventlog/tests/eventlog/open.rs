use async_nats::jetstream;
use eventlog::server::{Role, Server, ServerError};
use eventlog::{Credentials, JetStreamLog, Log, OpenError, StreamOptions};

use crate::support::{Fixture, messages, region, server_options};

#[tokio::test]
async fn whoever_does_not_say_who_it_is_is_refused() {
    let fixture = Fixture::start().await;
    let address = fixture.server.address();
    let unnamed = async_nats::connect(address).await.unwrap_err();
    assert_eq!(unnamed.kind(), async_nats::ConnectErrorKind::AuthorizationViolation);

    let mut options = fixture.connect_options();
    options.credentials = Credentials { password: "guessed".to_owned().into(), ..options.credentials };
    match JetStreamLog::open(&options, &StreamOptions::new(region())).await {
        Err(OpenError::Connect { .. }) => {}
        other => panic!("{other:?}"),
    }
    fixture.stop().await;
}

fn of_a_user() -> Vec<eventlog::Message> {
    let mut user = messages(1);
    user[0].subject = "ps.test.user.-.created".into();
    user
}

#[tokio::test]
async fn a_log_outlives_a_stop_and_listens_to_nouns_that_are_added() {
    let fixture = Fixture::start().await;
    let few = StreamOptions { nouns: &["object", "bucket"], ..StreamOptions::new(region()) };
    let log = JetStreamLog::open(&fixture.connect_options(), &few).await.unwrap();
    assert_eq!(log.stream(), "EVENTS_test");
    log.append(0, &messages(3)).await.unwrap();
    let folder = fixture.stop().await;

    let server = Server::start(server_options(folder.path())).await.unwrap();
    let fixture = Fixture { server, folder };
    let log = fixture.log().await;
    assert_eq!(log.tail().await.unwrap().last_sequence, 3);
    log.append(3, &of_a_user()).await.unwrap();

    // A release that does not know the new nouns goes on.
    let older = JetStreamLog::open(&fixture.connect_options(), &few).await.unwrap();
    older.append(4, &messages(1)).await.unwrap();
    log.append(5, &of_a_user()).await.unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn a_stream_that_could_forget_is_refused() {
    let fixture = Fixture::start().await;
    let client = fixture.client(&Role::Operator).await;
    let lax = jetstream::stream::Config {
        name: "EVENTS_test".into(),
        subjects: vec!["ps.test.object.>".into()],
        ..Default::default()
    };
    jetstream::new(client).create_stream(lax).await.unwrap();
    match JetStreamLog::open(&fixture.connect_options(), &StreamOptions::new(region())).await {
        Err(OpenError::Setting { setting, .. }) => assert_eq!(setting, "discard"),
        other => panic!("{other:?}"),
    }
    fixture.stop().await;
}

#[tokio::test]
async fn nobody_takes_events_out_of_the_log() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    log.append(0, &messages(3)).await.unwrap();
    let client = fixture.client(&Role::Operator).await;
    let jetstream = jetstream::new(client);
    let stream = jetstream.get_stream("EVENTS_test").await.unwrap();
    let (deleted, purged, dropped) =
        tokio::join!(stream.delete_message(2), stream.purge(), jetstream.delete_stream("EVENTS_test"));
    assert!(deleted.is_err() && purged.is_err() && dropped.is_err());
    assert_eq!(log.read(1, 10, usize::MAX).await.unwrap().len(), 3);
    fixture.stop().await;
}

#[tokio::test]
async fn a_folder_serves_one_process() {
    let fixture = Fixture::start().await;
    match Server::start(server_options(fixture.folder.path())).await {
        Err(ServerError::Locked { holder, .. }) => assert_eq!(holder, std::process::id().to_string()),
        other => panic!("{other:?}"),
    }
    fixture.stop().await;
}
