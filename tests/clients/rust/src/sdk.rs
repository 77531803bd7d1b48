//! The AWS SDK for Rust.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumMode, CompletedMultipartUpload, CompletedPart, Delete, ObjectAttributes, ObjectIdentifier,
};

use crate::{MIB, Target, content};

/// A client with the SDK's defaults, except for the address and for retries, which would hide a failure.
fn client(target: &Target) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(target.region.clone()))
        .endpoint_url(&target.endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new(&target.access_key, &target.secret_key, None, None, "environment"))
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

async fn read(client: &Client, bucket: &str, key: &str) -> Vec<u8> {
    let got = client.get_object().bucket(bucket).key(key).send().await.expect("an object");
    got.body.collect().await.expect("a body").to_vec()
}

/// Puts, reads, conditions, pages and deletions.
pub async fn objects(target: &Target) {
    let (client, bucket) = (client(target), &target.bucket);
    let data = content(1, 100_000);
    for (key, body) in [("empty", vec![]), ("dir/a b+c%&=?.txt", data.clone()), ("ünïcode", b"x".to_vec())] {
        let stored = client.put_object().bucket(bucket).key(key).metadata("colour", "blue");
        let made = stored.body(ByteStream::from(body.clone())).send().await.expect(key);
        assert!(made.checksum_crc32().is_some(), "the checksum that was sent is told back: {made:?}");
        assert_eq!(read(&client, bucket, key).await, body);
        let head = client.head_object().bucket(bucket).key(key).checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.expect("a head");
        assert_eq!((head.e_tag(), head.checksum_crc32()), (made.e_tag(), made.checksum_crc32()));
        assert_eq!(head.metadata().and_then(|pairs| pairs.get("colour")).map(String::as_str), Some("blue"));
    }
    let told = client.get_object_attributes().bucket(bucket).key("dir/a b+c%&=?.txt");
    let told = told.object_attributes(ObjectAttributes::ObjectSize).send().await.expect("attributes");
    assert_eq!(told.object_size(), Some(100_000));
    let part = client.get_object().bucket(bucket).key("dir/a b+c%&=?.txt").range("bytes=10-19").send().await;
    let part = part.expect("a range");
    assert_eq!(part.content_range(), Some("bytes 10-19/100000"));
    assert_eq!(part.body.collect().await.expect("a body").to_vec(), &data[10..20]);

    let absent = client.get_object().bucket(bucket).key("absent").send().await.expect_err("no such key");
    assert!(absent.as_service_error().is_some_and(|error| error.is_no_such_key()), "{absent:?}");
    let absent = client.head_object().bucket(bucket).key("absent").send().await.expect_err("no such key");
    assert!(absent.as_service_error().is_some_and(|error| error.is_not_found()), "{absent:?}");
    let taken = client.put_object().bucket(bucket).key("empty").if_none_match("*").send().await;
    assert_eq!(taken.expect_err("it is there").code(), Some("PreconditionFailed"));

    let mut pages = client.list_objects_v2().bucket(bucket).into_paginator().page_size(1).send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        keys.extend(page.expect("a page").contents().iter().filter_map(|entry| entry.key().map(str::to_owned)));
    }
    assert_eq!(keys, ["dir/a b+c%&=?.txt", "empty", "ünïcode"]);
    let named = keys.iter().map(|key| ObjectIdentifier::builder().key(key).build().expect("a key")).collect();
    let delete = Delete::builder().set_objects(Some(named)).build().expect("keys");
    let gone = client.delete_objects().bucket(bucket).delete(delete).send().await.expect("deletions");
    assert_eq!((gone.deleted().len(), gone.errors().len()), (3, 0));
}

/// A body that is read while it is sent uses aws-chunked framing with a trailing checksum.
pub async fn streams(target: &Target) {
    let (client, bucket) = (client(target), &target.bucket);
    let file = std::env::temp_dir().join(format!("rust-clients-{}", std::process::id()));
    for size in [0, 5, 3 * MIB + 7] {
        let data = content(2, size);
        std::fs::write(&file, &data).expect("a file");
        let body = ByteStream::from_path(&file).await.expect("a stream");
        let made = client.put_object().bucket(bucket).key("k").body(body).send().await.expect("an object");
        assert!(made.checksum_crc32().is_some(), "{made:?}");
        let got = client.get_object().bucket(bucket).key("k").send().await.expect("an object");
        assert_eq!((got.content_encoding(), got.content_length()), (None, Some(i64::try_from(size).expect("small"))));
        assert_eq!(got.body.collect().await.expect("a body").to_vec(), data);
    }
    std::fs::remove_file(&file).expect("the file");
}

/// Three parts, out of order.
pub async fn multipart(target: &Target) {
    let (client, bucket, key) = (client(target), &target.bucket, "large");
    let pieces = [content(3, 5 * MIB), content(4, 5 * MIB + 1), content(5, 9)];
    let made = client.create_multipart_upload().bucket(bucket).key(key).send().await.expect("an upload");
    let upload = made.upload_id().expect("its id");
    let mut parts = Vec::new();
    for (number, data) in (1..).zip(&pieces).collect::<Vec<_>>().into_iter().rev() {
        let part = client.upload_part().bucket(bucket).key(key).upload_id(upload).part_number(number);
        let put = part.body(ByteStream::from(data.clone())).send().await.expect("a part");
        let named = CompletedPart::builder().part_number(number).set_e_tag(put.e_tag().map(str::to_owned));
        parts.insert(0, named.set_checksum_crc32(put.checksum_crc32().map(str::to_owned)).build());
    }
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let done = client.complete_multipart_upload().bucket(bucket).key(key).upload_id(upload).multipart_upload(parts);
    let done = done.send().await.expect("a completion");
    assert!(done.e_tag().is_some_and(|tag| tag.ends_with("-3\"")), "{done:?}");
    assert_eq!(read(&client, bucket, key).await, pieces.concat());
    let second = client.get_object().bucket(bucket).key(key).part_number(2).send().await.expect("a part");
    assert_eq!(second.parts_count(), Some(3));
    assert_eq!(second.body.collect().await.expect("a body").to_vec(), pieces[1]);

    let made = client.create_multipart_upload().bucket(bucket).key("never").send().await.expect("an upload");
    let upload = made.upload_id().expect("its id");
    client.abort_multipart_upload().bucket(bucket).key("never").upload_id(upload).send().await.expect("an abort");
    let listed = client.list_multipart_uploads().bucket(bucket).send().await.expect("a list");
    assert!(listed.uploads().is_empty(), "{listed:?}");
}

/// Presigned URLs.
pub async fn presigned(target: &Target) {
    let (client, bucket, key) = (client(target), &target.bucket, "a b+c/ü");
    let minute = || PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let anybody = reqwest::Client::new();
    let put = client.put_object().bucket(bucket).key(key).presigned(minute()).await.expect("a URL");
    let headers = put.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>();
    let mut request = anybody.put(put.uri()).body("presigned");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200, "{}: {:?}", put.uri(), answer.text().await);
    let get = client.get_object().bucket(bucket).key(key).presigned(minute()).await.expect("a URL");
    let answer = anybody.get(get.uri()).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.text().await.expect("a body").as_str()), (200, "presigned"));
    let forged = get.uri().replace("X-Amz-Expires=60", "X-Amz-Expires=61");
    assert_eq!(anybody.get(forged).send().await.expect("an answer").status().as_u16(), 403);
}
