"""S3 through the console's own origin, as pages of it ask, and everything that other pages may not do."""

import hashlib
import http.client
import json
import subprocess
import xml.etree.ElementTree as ElementTree
from urllib.parse import quote, urlsplit

import pytest

from harness.clients import boto_client
from harness.server import Server
from harness.users import Told, Users, call, login, patiently

SECONDS = 60
IN_COOKIE = {"x-planetstore-session": "cookie"}
MEBIBYTE = 1 << 20


def ask(server: Server, method: str, path: str, body=None, headers: dict[str, str] | None = None) -> Told:
    """Sends a request to the console's address."""
    connection = http.client.HTTPConnection(server.console, timeout=SECONDS)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Told(response.status, response.headers, response.read())
    finally:
        connection.close()


def s3(server: Server, token: str, method: str, path: str, body=None, **headers: str) -> Told:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(server, method, f"/api/v1/s3{path}", body, {"authorization": f"Bearer {token}", **headers})


def root(server: Server) -> str:
    return login(server, "root", server.credentials.secret)


def test_a_page_does_with_a_session_what_a_client_does_with_a_key(server, bucket):
    token, client = root(server), boto_client(server)
    key = "a b/ü + 🌧/../%2F"
    path = f"/{bucket}/{quote(key)}"
    assert s3(server, token, "PUT", path, b"bytes", content_type="text/html", x_amz_meta_note="kept").status == 200
    got = client.get_object(Bucket=bucket, Key=key)
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"bytes", "text/html", {"note": "kept"})
    told = s3(server, token, "GET", path)
    assert (told.status, told.body) == (200, b"bytes")
    assert told.headers["content-disposition"] == "attachment"
    assert "sandbox" in told.headers["content-security-policy"]
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.headers["cache-control"] == "no-store"
    assert s3(server, token, "HEAD", path).headers["content-length"] == "5"
    assert s3(server, token, "GET", path, range="bytes=1-2").body == b"yt"
    listed = s3(server, token, "GET", f"/{bucket}?list-type=2&encoding-type=url")
    assert listed.status == 200 and b"<KeyCount>1</KeyCount>" in listed.body
    assert s3(server, token, "GET", "/").body.count(f"<Name>{bucket}</Name>".encode()) == 1
    missing = s3(server, token, "GET", f"/{bucket}/none")
    assert missing.status == 404 and b"<Code>NoSuchKey</Code>" in missing.body
    assert s3(server, token, "DELETE", path).status == 204
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_large_upload_in_parts_streams_through_the_console(server, bucket):
    token, client = root(server), boto_client(server)
    path = f"/{bucket}/large"
    part = hashlib.sha256(b"part").digest() * (8 * MEBIBYTE // 32)
    begun = s3(server, token, "POST", f"{path}?uploads").body
    namespace = "{http://s3.amazonaws.com/doc/2006-03-01/}"
    upload = ElementTree.fromstring(begun).findtext(f"{namespace}UploadId")
    tags = [s3(server, token, "PUT", f"{path}?partNumber={number}&uploadId={upload}", part).headers["etag"]
            for number in (1, 2, 3)]
    parts = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
                    for number, tag in enumerate(tags, 1))
    done = s3(server, token, "POST", f"{path}?uploadId={upload}",
              f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
    assert done.status == 200, done.body
    assert client.head_object(Bucket=bucket, Key="large")["ContentLength"] == 24 * MEBIBYTE
    assert s3(server, token, "GET", path).body == part * 3


def test_a_session_is_worth_what_its_user_may_and_ends_when_it_is_ended(server, bucket):
    users = Users(server)
    users.create("paged", policies=["readonly"], password="correct horse")
    token = login(server, "paged", "correct horse")
    assert s3(server, token, "GET", f"/{bucket}?list-type=2").status == 200
    refused = s3(server, token, "PUT", f"/{bucket}/mine", b"x")
    assert refused.status == 403 and b"<Code>AccessDenied</Code>" in refused.body
    wanted = {"bucket": bucket, "key": "shown", "disposition": "inline"}
    ticket = call(server, "POST", "/tickets", wanted, token=token).json()["url"]
    s3(server, root(server), "PUT", f"/{bucket}/shown", b"<script>alert(1)</script>", content_type="text/html")
    shown = ask(server, "GET", ticket)
    assert (shown.status, shown.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert call(server, "POST", "/logout", token=token).status == 204
    assert s3(server, token, "GET", f"/{bucket}?list-type=2").status == 401
    assert ask(server, "GET", ticket).status == 403, "a ticket ends with its session"


def test_events_say_who_it_was(server, bucket):
    users = Users(server)
    users.create("uploader", policies=["readwrite"], password="correct horse")
    token = login(server, "uploader", "correct horse")
    assert s3(server, token, "PUT", f"/{bucket}/by-page", b"x").status == 200
    told = call(server, "GET", f"/events?bucket={bucket}&type=object.created&user=uploader", token=users.token)
    events = told.json()
    assert [(event["authtype"], event["authid"]) for event in events] == [("user", "uploader")], events


@pytest.mark.parametrize("method, path", [
    ("GET", "/"), ("GET", "/api/v1/whoami"), ("POST", "/api/v1/login"), ("POST", "/api/v1/refresh"),
    ("PUT", "/api/v1/s3/a-bucket/key"), ("GET", "/objects/ticket"), ("DELETE", "/api/v1/users/ada"),
    ("POST", "/api/v1/tickets"), ("OPTIONS", "/api/v1/s3/a-bucket/key"), ("GET", "/metrics"), ("GET", "/schemas/"),
])
def test_nothing_is_answered_to_pages_of_other_origins(server, method, path):
    """Among them those that somebody stored as objects, on another port of the same host."""
    token = root(server)
    own = f"http://{server.console}"
    for origin in (f"http://{server.address}", "https://evil.example", "null", f"{own}.evil.example", f"http://localhost:{server.console.split(':')[1]}"):
        told = ask(server, method, path, headers={"origin": origin, "authorization": f"Bearer {token}",
                                                  "access-control-request-method": "PUT"})
        assert told.status == 403, (origin, told.status, told.body)
        assert told.headers["access-control-allow-origin"] is None
        assert told.headers["cross-origin-resource-policy"] == "same-origin"
    assert ask(server, method, path, headers={"origin": own}).status != 403 or path.startswith("/objects/")


def test_a_cookie_is_no_right(server):
    document = {"user": "root", "password": server.credentials.secret}
    opened = patiently(lambda: call(server, "POST", "/login", document, headers=IN_COOKIE))
    assert "refresh_token" not in opened.json()
    cookie = opened.headers["set-cookie"].split(";")[0]
    for method, path in (("GET", "/users"), ("POST", "/logout"), ("GET", "/s3/"), ("POST", "/tickets")):
        told = call(server, method, path, headers={"cookie": cookie})
        assert told.status == 401, (method, path, told.status)
    # As a form of another site would send it, if browsers let it.
    told = patiently(lambda: ask(server, "POST", "/api/v1/refresh", "", {"cookie": cookie}))
    assert told.status in (400, 415)
    session, headers = {"session": opened.json()["session"]}, {"cookie": cookie, **IN_COOKIE}
    told = patiently(lambda: call(server, "POST", "/refresh", session, headers=headers))
    assert told.status == 200 and told.headers["set-cookie"].split(";")[0] != cookie


def test_no_answer_can_be_framed_or_leads_elsewhere(server, bucket):
    for path in ("/", "/healthz", "/api/v1/whoami", "/login?next=https://evil.example", "//evil.example/%2e%2e"):
        told = ask(server, "GET", path, headers={"accept": "text/html"})
        assert told.headers["x-frame-options"] == "DENY", path
        assert "frame-ancestors 'none'" in told.headers["content-security-policy"], path
        assert told.headers["location"] is None and not 300 <= told.status < 400, path


def test_tokens_are_in_no_log(make_server):
    server = make_server(environment={"PLANETSTORE_LOG": "trace"}).start()
    token = root(server)
    assert s3(server, token, "PUT", "/logged").status == 200
    s3(server, token, "PUT", "/logged/key", b"x")
    ticket = call(server, "POST", "/tickets", {"bucket": "logged", "key": "key", "disposition": "attachment"}, token=token)
    url = ticket.json()["url"]
    assert ask(server, "GET", url).body == b"x"
    document = {"user": "root", "password": server.credentials.secret}
    opened = patiently(lambda: call(server, "POST", "/login", document, headers=IN_COOKIE))
    cookie = opened.headers["set-cookie"].split(";")[0].split("=", 1)[1]
    presigned = call(server, "POST", "/presign", {"method": "GET", "bucket": "logged", "key": "key"}, token=token).json()["url"]
    assert urlsplit(presigned).netloc == server.address
    signature = presigned.rsplit("=", 1)[1]
    logged = server.log.read_text()
    for secret in (token, url.removeprefix("/objects/"), cookie, signature):
        assert secret not in logged


def test_a_store_is_filled_for_a_look_by_everybodys_api(make_server):
    server = make_server().start()
    filled = server.run("demo", "--writes", "60", "--rate", "500", "--seed", "3")
    assert filled.returncode == 0, filled.stderr
    assert "objects and versions" in filled.stdout
    token = root(server)
    found = json.loads(call(server, "GET", "/search?q=ada", token=token).body)
    assert found["users"] == ["ada"]
    buckets = call(server, "GET", "/buckets", token=token).json()["buckets"]
    assert len(buckets) == 5 and sum(bucket["usage"]["objects"] for bucket in buckets) > 30
    keys = call(server, "GET", "/users/ada/keys", token=token).json()["keys"]
    assert keys == [], "the keys were for this only"
    again = server.run("demo", "--writes", "5", "--rate", "500")
    assert again.returncode == 0, again.stderr


def test_commands_about_objects(make_server, tmp_path):
    server = make_server().start()

    def run(*words: str, code: int = 0) -> subprocess.CompletedProcess:
        done = server.run(*words)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done

    run("mb", "s3://photos", "--versioning")
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("first")
    (folder / "sub" / "b ü.json").write_text("{}")
    large = bytes(range(256)) * (34 * MEBIBYTE // 256)
    (folder / "large.bin").write_bytes(large)
    run("cp", "-r", str(folder), "s3://photos/2026/")
    listed = [json.loads(line) for line in run("ls", "photos/2026/", "-o", "ndjson").stdout.splitlines()]
    assert [row.get("key") or row["folder"] for row in listed] == ["2026/a.txt", "2026/large.bin", "2026/sub/"]
    assert run("cat", "photos/2026/a.txt").stdout == "first"
    (folder / "a.txt").write_text("second")
    run("cp", str(folder / "a.txt"), "s3://photos/2026/")
    versions = json.loads(run("versions", "photos/2026/a.txt", "-o", "json").stdout)
    assert [version["is_latest"] for version in versions] == [True, False]
    assert run("cat", "photos/2026/a.txt", "--version-id", versions[1]["version_id"]).stdout == "first"
    run("tag", "photos/2026/a.txt", "project=harbour", "state=a+b")
    assert json.loads(run("tag", "photos/2026/a.txt", "-o", "json").stdout) == {"project": "harbour", "state": "a+b"}
    told = json.loads(run("stat", "photos/2026/a.txt", "-o", "json").stdout)
    assert (told["size"], told["content_type"]) == (6, "text/plain")
    used = json.loads(run("du", "photos", "-o", "json").stdout)
    assert used == [{"place": "s3://photos/", "objects": 3, "bytes": 6 + 2 + len(large)}]
    run("mv", "s3://photos/2026/a.txt", "s3://photos/moved.txt")
    assert run("cat", "photos/moved.txt").stdout == "second"
    beside = tmp_path / "back.bin.part"
    beside.write_text("somebody's own")
    run("cp", "s3://photos/2026/large.bin", str(tmp_path / "back.bin"))
    assert beside.read_text() == "somebody's own"
    assert (tmp_path / "back.bin").read_bytes() == large
    url = run("presign", "photos/moved.txt", "--expires", "1m").stdout.strip()
    connection = http.client.HTTPConnection(server.address, timeout=SECONDS)
    connection.request("GET", url.split(server.address, 1)[1])
    assert connection.getresponse().read() == b"second"
    connection.close()
    refused = run("cat", "photos/none", code=1)
    assert "NoSuchKey" in refused.stderr, refused.stderr
    run("rb", "photos", code=1)
    run("rm", "-r", "photos/2026/")
    run("rb", "photos", "--force")
    assert json.loads(run("ls", "-o", "json").stdout) == []
