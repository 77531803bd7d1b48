"""Events for webhooks: S3 notifications of buckets, and targets of any type of event."""

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus, unquote_plus

import pytest

from harness import wait
from harness.clients import boto_client
from harness.cluster import Cluster
from harness.failpoints import VARIABLE, of_service
from harness.nats import Nats
from harness.receiver import Got, Receiver
from harness.server import Server
from harness.users import Users, call, login

ARN = "arn:planetstore:target:::"
ALLOWED = {"PLANETSTORE_ALLOW_INTERNAL_TARGETS": "true"}


@pytest.fixture(scope="module")
def inside(nothing_left, tmp_path_factory) -> Iterator[Server]:
    """A server whose targets may be on this host."""
    server = Server(tmp_path_factory.mktemp("targets"), environment=ALLOWED).start()
    try:
        yield server
        server.stop()
    finally:
        server.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def add(server: Server, name: str, url: str, **more: object) -> dict:
    """Creates a target for webhooks."""
    return Users(server).ask("POST", "/targets", {"name": name, "kind": "webhook", "url": url, **more})


def get(server: Server, name: str) -> dict:
    return Users(server).ask("GET", f"/targets/{name}")


def configure(s3, bucket: str, target: str, events: list[str], *, prefix: str = "", suffix: str = "",
              kind: str = "Queue") -> None:
    """Sends events of a bucket to a target."""
    rules = [{"Name": name, "Value": value} for name, value in (("prefix", prefix), ("suffix", suffix)) if value]
    rule = {"Id": "rule", f"{kind}Arn": ARN + target, "Events": events}
    if rules:
        rule["Filter"] = {"Key": {"FilterRules": rules}}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={f"{kind}Configurations": [rule]})


def of_objects(got: list[Got]) -> list[dict]:
    """The records of S3 among requests, without tests."""
    return [request.record() for request in got if b'"Records"' in request.body]


def test_a_bucket_sends_its_events_in_the_form_of_aws(inside, receiver):
    s3 = boto_client(inside)
    secret = add(inside, "records", receiver.url, format="aws-records")["secret"]
    s3.create_bucket(Bucket="records")
    s3.put_bucket_versioning(Bucket="records", VersioningConfiguration={"Status": "Enabled"})
    configure(s3, "records", "records", ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*"],
              prefix="in/", suffix=".jpg")
    (test,) = receiver.wait(lambda got: len(got) == 1, "the test event")
    assert test.json()["Event"] == "s3:TestEvent" and test.json()["Bucket"] == "records"
    assert test.is_signed_with(secret) and not test.is_signed_with("whsec_" + "A" * 43 + "=")

    key = "in/a b+c/\u00fc%.jpg"
    stored = s3.put_object(Bucket="records", Key=key, Body=b"twelve bytes")
    s3.put_object(Bucket="records", Key="in/a.png", Body=b"x")
    s3.put_object(Bucket="records", Key="out/a.jpg", Body=b"x")
    s3.put_object_tagging(Bucket="records", Key=key, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    marker = s3.delete_object(Bucket="records", Key=key)
    s3.delete_object(Bucket="records", Key=key, VersionId=stored["VersionId"])
    got = receiver.wait(lambda got: len(got) == 5, "the events of one key")
    assert all(request.is_signed_with(secret) for request in got)
    created, tagged, hidden, removed = of_objects(got)
    names = [record["eventName"] for record in (created, tagged, hidden, removed)]
    assert names == ["ObjectCreated:Put", "ObjectTagging:Put", "ObjectRemoved:DeleteMarkerCreated",
                     "ObjectRemoved:Delete"]
    found = created["s3"]["object"]
    assert found["key"] == quote_plus(key) and unquote_plus(found["key"]) == key
    assert (found["size"], found["eTag"]) == (12, stored["ETag"].strip('"'))
    assert found["versionId"] == stored["VersionId"]
    assert hidden["s3"]["object"]["versionId"] == marker["VersionId"]
    assert tagged["s3"]["object"]["eTag"] == found["eTag"], "it is looked up"
    sequencers = [record["s3"]["object"]["sequencer"] for record in (created, tagged, hidden, removed)]
    assert sequencers == sorted(sequencers) and len({len(text) for text in sequencers}) == 1
    assert created["s3"]["bucket"]["name"] == "records"
    assert created["s3"]["bucket"]["arn"] == "arn:aws:s3:::records"
    assert created["s3"]["bucket"]["ownerIdentity"]["principalId"]
    assert created["s3"]["configurationId"] == "rule"
    assert created["userIdentity"]["principalId"] == inside.credentials.access
    assert created["responseElements"]["x-amz-request-id"] == stored["ResponseMetadata"]["RequestId"]
    assert (created["eventSource"], created["awsRegion"]) == ("aws:s3", "us-east-1")
    s3.put_bucket_notification_configuration(Bucket="records", NotificationConfiguration={})
    s3.put_object(Bucket="records", Key=key, Body=b"x")
    Users(inside).ask("POST", "/targets/records/test")
    got = receiver.wait(lambda got: len(got) == 6, "the test that was asked for")
    assert got[-1].json()["Event"] == "s3:TestEvent", "nothing came after the rule was taken away"


def test_multipart_copy_and_rename_have_their_names(inside, receiver):
    s3 = boto_client(inside)
    add(inside, "names", receiver.url, format="aws-records")
    s3.create_bucket(Bucket="names")
    configure(s3, "names", "names", ["s3:ObjectCreated:*"], kind="LambdaFunction")
    upload = s3.create_multipart_upload(Bucket="names", Key="m")["UploadId"]
    part = s3.upload_part(Bucket="names", Key="m", UploadId=upload, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(Bucket="names", Key="m", UploadId=upload,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    s3.copy_object(Bucket="names", Key="c", CopySource="names/m")
    records = of_objects(receiver.wait(lambda got: len(of_objects(got)) == 2, "both events"))
    names = {record["eventName"]: record["s3"]["object"]["key"] for record in records}
    assert names == {"ObjectCreated:CompleteMultipartUpload": "m", "ObjectCreated:Copy": "c"}
    shown = s3.get_bucket_notification_configuration(Bucket="names")["LambdaFunctionConfigurations"]
    assert shown == [{"Id": "rule", "LambdaFunctionArn": ARN + "names", "Events": ["s3:ObjectCreated:*"]}]


def test_a_webhook_over_tls_needs_a_certificate_of_a_trusted_authority(make_server, tmp_path):
    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=tmp_path)

    fresh = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *fresh, "-days", "1", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-new", *fresh, "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "request.pem")
    (tmp_path / "names").write_text("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1",
            "-extfile", "names", "-out", "certificate.pem")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    receiver = Receiver(certificate, key)
    try:
        server = make_server(environment=ALLOWED).start()
        add(server, "tls", receiver.url)
        Users(server).ask("POST", "/targets/tls/test")
        assert "TLS" in wait.until(lambda: get(server, "tls")["last_error"], "the refusal of a stranger")
        assert receiver.requests() == []
        server.stop()
        server.environment["PLANETSTORE_TARGET_CA"] = str(tmp_path / "ca.pem")
        server.start()
        receiver.wait(lambda got: got, "the test over TLS")
    finally:
        receiver.stop()


def test_what_aws_refuses_is_refused(inside, receiver, refused):
    s3 = boto_client(inside)
    add(inside, "valid", receiver.url)
    s3.create_bucket(Bucket="valid")

    def notify(*rules: dict) -> dict:
        rules = [{"QueueArn": ARN + "valid", "Events": ["s3:ObjectCreated:*"], **rule} for rule in rules]
        return {"Bucket": "valid", "NotificationConfiguration": {"QueueConfigurations": rules}}

    put = s3.put_bucket_notification_configuration
    said = refused("InvalidArgument", 400, put, **notify({"QueueArn": ARN + "absent"}))
    assert said["Error"]["Message"] == "Unable to validate the following destination configurations"
    refused("InvalidArgument", 400, put, **notify({"QueueArn": "arn:aws:sqs:us-east-1:123456789012:q"}))
    refused("InvalidArgument", 400, put, **notify({"Events": ["s3:ObjectCreated:Nothing"]}))
    refused("InvalidArgument", 400, put, **notify({}, {}))
    twice = {"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a"}, {"Name": "prefix", "Value": "b"}]}}}
    refused("InvalidArgument", 400, put, **notify(twice))
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket="valid")


def test_a_target_gets_any_type_of_event_as_a_cloudevent(inside, receiver):
    other = Receiver()
    try:
        s3 = boto_client(inside)
        add(inside, "structured", receiver.url, filter={"types": ["bucket.created", "object"], "buckets": ["events"]})
        secret = add(inside, "binary", other.url, format="cloudevents-binary",
                     filter={"types": ["bucket.created"], "buckets": ["events"]})["secret"]
        s3.create_bucket(Bucket="events")
        s3.create_bucket(Bucket="elsewhere")
        s3.put_object(Bucket="events", Key="k \u00fc", Body=b"x")
        got = receiver.wait(lambda got: len(got) == 2, "both events")
        assert all(request.headers["content-type"] == "application/cloudevents+json" for request in got)
        assert [request.json()["type"] for request in got] == [
            "io.planetstore.bucket.created.v1", "io.planetstore.object.created.v1"]
        (binary,) = other.wait(lambda got: len(got) == 1, "the event in binary mode")
        assert binary.headers["ce-type"] == "io.planetstore.bucket.created.v1"
        assert binary.headers["ce-id"] == got[0].json()["id"] == binary.headers["webhook-id"]
        assert binary.headers["content-type"] == "application/json"
        assert binary.json() == got[0].json()["data"] and binary.is_signed_with(secret)
    finally:
        other.stop()


def test_a_target_that_is_down_misses_nothing_and_delays_nobody(inside, receiver):
    other = Receiver()
    try:
        s3 = boto_client(inside)
        s3.create_bucket(Bucket="down")
        for name, url in (("down", receiver.url), ("up", other.url)):
            add(inside, name, url, filter={"types": ["object"], "buckets": ["down"]})
        receiver.stop()
        keys = [f"k{number % 5}" for number in range(40)]
        versions = []
        for number, key in enumerate(keys):
            versions.append(s3.put_object(Bucket="down", Key=key, Body=str(number).encode())["ETag"])
        other.wait(lambda got: len(got) == len(keys), "all events where nothing is wrong", 20)
        said = wait.until(lambda: get(inside, "down")["last_error"], "a word on what is wrong")
        assert "cannot be reached" in said and get(inside, "up")["last_error"] is None
        assert get(inside, "down")["lag"] > 0
        receiver.start()
        receiver.wait(lambda got: len(got) >= len(keys), "what was missed", 90)
        for key in set(keys):
            tags = [event.json()["data"]["etag"] for event in receiver.requests() if event.json()["subject"] == key]
            assert tags == [tag.strip('"') for tag, of in zip(versions, keys, strict=True) if of == key]
        wait.until(lambda: get(inside, "down")["last_error"] is None, "the end of the trouble")
    finally:
        other.stop()


def test_nothing_is_missed_by_a_sender_that_is_killed(make_server, receiver):
    """Between the delivery and the fact that says so: the events come again, with the same ids, and in their order."""
    server = make_server(environment=ALLOWED).start()
    s3 = boto_client(server)
    s3.create_bucket(Bucket="killed")
    add(server, "killed", receiver.url, filter={"types": ["object"], "buckets": ["killed"]})
    server.stop()
    for point in [*of_service("notify"), "notify.delivered"]:
        receiver.clear()
        server.environment[VARIABLE] = point
        server.start()
        s3 = boto_client(server)
        tags = []
        for number in range(10):
            try:
                tags.append(s3.put_object(Bucket="killed", Key="k", Body=f"{point} {number}".encode())["ETag"])
            except Exception:  # The process may be gone already.
                break
        assert tags
        wait.until(lambda: server.process.poll() is not None, "the end at the failpoint")
        server.kill()
        del server.environment[VARIABLE]
        server.start()
        last = boto_client(server).put_object(Bucket="killed", Key="k", Body=b"last")["ETag"]
        got = receiver.wait(lambda got, last=last: any(last.strip('"') in str(r.body) for r in got), "the last event")
        seen = [request.json() for request in got]
        ids = {}
        for event in seen:
            assert ids.setdefault(event["sequence"], event["id"]) == event["id"]
        in_order = [event["data"]["etag"] for _, event in sorted({e["sequence"]: e for e in seen}.items())]
        assert [tag for tag in in_order if f'"{tag}"' in tags] == [tag.strip('"') for tag in tags]
        first_seen = list(dict.fromkeys(event["sequence"] for event in seen))
        assert first_seen == sorted(first_seen), "events of one key come in their order"
        # Else the next process says so when it starts, and comes to the failpoint before it serves.
        end = int(max(first_seen))
        wait.until(lambda end=end: get(server, "killed")["position"] >= end, "a word on where the target is")
        server.stop()


def test_what_a_target_refuses_becomes_a_dead_letter_and_is_sent_again(inside, receiver):
    s3 = boto_client(inside)
    users = Users(inside)
    add(inside, "picky", receiver.url, filter={"types": ["object.created"], "buckets": ["picky"]})
    s3.create_bucket(Bucket="picky")
    receiver.answers.of = lambda got: (422 if got.json()["subject"] == "bad" else 204, {})
    for key in ("good-1", "bad", "good-2"):
        s3.put_object(Bucket="picky", Key=key, Body=b"x")
    (letter,) = wait.until(lambda: users.ask("GET", "/targets/picky/dead")["dead"], "a dead letter", 120)
    assert letter["attempts"] == 6 and "422" in letter["error"] and not letter["redelivering"]
    receiver.wait(lambda got: any(r.json()["subject"] == "good-2" for r in got), "the event behind it")
    subjects = [request.json()["subject"] for request in receiver.requests()]
    assert subjects.count("bad") == 6 and subjects.count("good-1") == subjects.count("good-2") == 1

    # It is refused again, and stays.
    assert users.ask("POST", "/targets/picky/redeliver", {"sequences": [letter["sequence"]]})["dead"] == 1
    again = wait.until(
        lambda: [dead for dead in users.ask("GET", "/targets/picky/dead")["dead"] if dead["attempts"] == 7],
        "another refusal")
    assert again[0]["sequence"] == letter["sequence"]
    receiver.answers.of = lambda _: (204, {})
    users.ask("POST", "/targets/picky/redeliver", {})
    wait.until(lambda: users.ask("GET", "/targets/picky")["dead"] == 0, "the end of the dead letter")
    assert receiver.requests()[-1].json()["subject"] == "bad"


def test_no_target_is_inside_unless_the_operator_allows_it(server, receiver):
    users = Users(server)
    port = receiver.url.split(":")[2].split("/")[0]
    hosts = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0.0.0.0",
             "169.254.169.254", "10.0.0.1", "100.64.0.1", "[fd00:ec2::254]"]
    try:
        for number, host in enumerate(hosts):
            add(server, f"inside-{number}", f"http://{host}:{port}/hook")
            users.ask("POST", f"/targets/inside-{number}/test")
        for number, host in enumerate(hosts):
            error = wait.until(lambda n=number: get(server, f"inside-{n}")["last_error"], f"the refusal of {host}")
            assert "inside" in error or "not found" in error, (host, error)
        assert receiver.requests() == []
    finally:
        for target in users.ask("GET", "/targets")["targets"]:
            users.ask("DELETE", f"/targets/{target['name']}")


def test_redirects_are_not_followed(inside, receiver):
    other = Receiver()
    try:
        receiver.answers.of = lambda _: (307, {"location": other.url})
        add(inside, "moved", receiver.url)
        Users(inside).ask("POST", "/targets/moved/test")
        error = wait.until(lambda: get(inside, "moved")["last_error"], "the refusal of the redirect")
        assert "307" in error and "redirects are not followed" in error
        assert other.requests() == []
    finally:
        other.stop()


class Raw:
    """A server that says something whatever it is asked, again and again."""

    def __init__(self, head: bytes, more: bytes = b"") -> None:
        self.sent = 0
        self.asked = 0
        self._what = (head, more)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.asked += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        head, more = self._what
        try:
            connection.recv(65_536)
            connection.sendall(head)
            while more:
                self.sent += connection.send(more)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self) -> None:
        self._listening.close()


def test_answers_without_end_and_without_sense_are_bounded(inside):
    endless = Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4_096 + b"\r\n")
    head = Raw(b"HTTP/1.1 200 OK\r\n", b"x-more: " + b"x" * 1_000 + b"\r\n")
    senseless = Raw(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
    users = Users(inside)
    try:
        for name, raw in (("endless", endless), ("head", head), ("senseless", senseless)):
            add(inside, name, raw.url)
            asked = users.ask("POST", f"/targets/{name}/test")["sequence"]
            if name == "endless":
                wait.until(lambda a=asked: get(inside, "endless")["position"] >= a, "an answer that is good enough")
            else:
                wait.until(lambda n=name: get(inside, n)["last_error"], f"the error of {name}")
        # What the buffers of two sockets hold comes on top.
        assert all(raw.sent <= raw.asked * (8 << 20) for raw in (endless, head))
    finally:
        for raw in (endless, head, senseless):
            raw.close()
        for name in ("endless", "head", "senseless"):
            users.ask("DELETE", f"/targets/{name}")


def test_targets_are_kept_by_the_command_line(inside, receiver):
    def run(*command: str) -> dict | list:
        done = inside.run("admin", "target", *command, "-o", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    made = run("add", "cli", "--webhook", receiver.url, "--type", "node.offline", "--from", "start", "--disabled")
    assert made["secret"].startswith("whsec_") and made["position"] == 0 and not made["enabled"]
    assert made["filter"] == {"types": ["io.planetstore.node.offline.v1"], "buckets": []}
    assert "secret" not in run("get", "cli")
    changed = run("change", "cli", "--only-buckets", "--format", "aws-records", "--rotate-secret")
    assert changed["filter"] is None and changed["format"] == "aws-records"
    assert changed["secret"] not in (None, made["secret"])
    assert run("enable", "cli")["enabled"] and not run("disable", "cli")["enabled"]
    asked = run("test", "cli")["sequence"]
    run("enable", "cli")
    (got,) = receiver.wait(lambda got: got, "the test")
    assert got.json()["Event"] == "s3:TestEvent" and got.is_signed_with(changed["secret"])
    wait.until(lambda: run("get", "cli")["position"] >= asked, "the position")
    assert run("dead", "cli") == [] and run("redeliver", "cli")["dead"] == 0
    assert "cli" in [target["name"] for target in run("list")]
    run("remove", "cli")
    assert "cli" not in [target["name"] for target in run("list")]


@pytest.mark.parametrize(("document", "says"), [
    ({"kind": "webhook"}, "needs a `url`"),
    ({"kind": "webhook", "subject": "notify.x"}, "no `subject`"),
    ({"kind": "webhook", "url": "ftp://a"}, "https://"),
    ({"kind": "webhook", "url": "http://u:p@a"}, "password"),
    ({"kind": "nats", "subject": "ps.us-east-1.object"}, "notify."),
    ({"kind": "webhook", "url": "http://a", "secret": "whsec_AAAA"}, "24 to 64"),
    ({"kind": "webhook", "url": "http://a", "filter": {"types": ["nothing"]}}, "no event of the type"),
    ({"kind": "webhook", "url": "http://a", "format": "aws-records", "filter": {"types": ["node"]}}, "S3 has no name"),
    ({"kind": "webhook", "url": "http://a", "after": 1 << 60}, "the log ends"),
])
def test_what_is_no_target_is_refused(inside, document, says):
    token = login(inside, "root", inside.credentials.secret)
    told = call(inside, "POST", "/targets", {"name": "wrong", **document}, token=token)
    assert told.status == 400 and says in told.json()["message"], told.body


def test_only_who_may_read_all_events_decides_where_they_go(inside, receiver):
    users = Users(inside)
    users.store_policy("targets", json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["admin:CreateTarget", "admin:ListTargets"], "Resource": "*"}]}))
    users.create("targeteer", policies=["targets"], password="correct horse")
    token = login(inside, "targeteer", "correct horse")
    target = {"name": "theirs", "kind": "webhook", "url": receiver.url, "filter": {}}
    told = call(inside, "POST", "/targets", target, token=token)
    assert told.status == 403 and "planetstore:ReadEvents" in told.json()["message"]
    assert call(inside, "GET", "/targets", token=token).status == 200


def test_a_stream_of_nats_takes_events_from_a_process_that_only_sends(nothing_left, tmp_path):
    cluster = Cluster(tmp_path / "cluster")
    try:
        gateway = cluster.start(1).gateways[0]
        cluster.start_maintenance("notify", {})
        users, s3 = Users(gateway), boto_client(gateway)
        s3.create_bucket(Bucket="streamed")
        target = {"name": "bus", "kind": "nats", "subject": "notify.us-east-1.objects",
                  "filter": {"types": ["object"], "buckets": ["streamed"]}}
        assert "secret" not in users.ask("POST", "/targets", target)
        tags = [s3.put_object(Bucket="streamed", Key="k", Body=str(number).encode())["ETag"] for number in range(5)]
        error = wait.until(lambda: users.ask("GET", "/targets/bus")["last_error"], "a word on the missing stream")
        assert "create a stream" in error
        login_file = cluster.arguments[cluster.arguments.index("--nats-credentials") + 1]
        user, password = (line.partition("=")[2] for line in Path(login_file).read_text().split())
        with Nats(cluster.arguments[1], user, password) as nats:
            stream = {"name": "NOTIFY", "subjects": ["notify.us-east-1.>"], "allow_direct": True}
            assert "error" not in json.loads(nats.ask("$JS.API.STREAM.CREATE.NOTIFY", json.dumps(stream).encode()))

            def messages() -> int:
                return json.loads(nats.ask("$JS.API.STREAM.INFO.NOTIFY", b""))["state"]["messages"]

            wait.until(lambda: messages() == len(tags), "every event, once", 90)
            events = [json.loads(nats.ask("$JS.API.DIRECT.GET.NOTIFY", json.dumps({"seq": seq}).encode()))
                      for seq in range(1, len(tags) + 1)]
        assert [event["data"]["etag"] for event in events] == [tag.strip('"') for tag in tags]
    finally:
        cluster.close()
