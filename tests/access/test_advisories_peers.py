"""Security advisories of SeaweedFS, RustFS and s3-proxy, tried here. docs/security.md has the whole list."""

import json
import socket
import subprocess
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from harness import processes
from harness.clients import boto_client
from harness.hostile import ask, master_keys
from harness.server import BINARY
from harness.users import call, login
from harness.wire import REGION, UNSIGNED_TRAILER, Head, Wire, encode, object_path
from harness.world import bucket_arn, document, statement

# SeaweedFS


TRAVERSALS = ["../{other}/k", "..%2F{other}%2Fk", "%2e%2e/{other}/k", "x/../../{other}/k", "./../{other}/k",
              "..\\{other}\\k", "%2e%2e%2f{other}%2fk", "x/%2e%2e/%2e%2e/{other}/k", "..%00/{other}/k",
              "../../{other}/k", "//{other}/k"]


@pytest.mark.parametrize("key", TRAVERSALS)
def test_seaweedfs_cve_2026_54917_a_key_stays_in_its_bucket(world, server, key):
    """Dots and slashes are bytes of a key: a caller who may write into one bucket cannot use them to write into
    another.
    """
    mine, other = world.bucket(owner="other account"), world.bucket()
    world["owner"].put_object(Bucket=other, Key="k", Body=b"kept")
    wire = Wire(server.address, world.people["other account"].credentials)
    path = f"/{mine}/{key.format(other=other)}"
    assert wire.request("PUT", path, body=b"written").status == 200
    assert wire.request("GET", path).body == b"written"
    assert wire.request("DELETE", path).status == 204
    wire.close()
    assert world["owner"].get_object(Bucket=other, Key="k")["Body"].read() == b"kept"


def test_seaweedfs_cve_2026_58372_keys_in_a_body_stay_in_their_bucket(world):
    mine, other = world.bucket(owner="other account"), world.bucket()
    world["owner"].put_object(Bucket=other, Key="k", Body=b"kept")
    keys = [urllib.parse.unquote(key).replace("\0", "").format(other=other) for key in TRAVERSALS]
    answer = world["other account"].delete_objects(
        Bucket=mine, Delete={"Objects": [{"Key": key} for key in dict.fromkeys([*keys, f"/{other}/k", f"{other}/k"])]})
    assert not answer.get("Errors")
    assert world["owner"].get_object(Bucket=other, Key="k")["Body"].read() == b"kept"


def listening(pid: int) -> set[int]:
    """The TCP ports on which a process and its descendants listen."""
    sockets = set()
    for member in processes.family(pid):
        for descriptor in Path(f"/proc/{member}/fd").iterdir():
            try:
                target = str(descriptor.readlink())
            except FileNotFoundError:
                continue
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports


def test_seaweedfs_cve_2026_72920_no_port_serves_strangers(server):
    """Every open port is S3, the console, or a nats-server that refuses anonymous users."""
    ports = listening(server.pid)
    known = {int(place.rpartition(":")[2]) for place in (server.address, server.console)}
    assert known <= ports
    others = ports - known
    assert len(others) == 1, others
    with socket.create_connection(("127.0.0.1", others.pop()), timeout=30) as stream:
        told = json.loads(stream.recv(4096).split(b" ", 1)[1].split(b"\r\n")[0])
        assert told["auth_required"] and told["server_id"]
        stream.sendall(b'CONNECT {"verbose":true}\r\nSUB > 1\r\nPUB ps.x 1\r\nx\r\n')
        said = stream.recv(4096)
        assert b"Authorization Violation" in said and b"+OK" not in said


class Recorder(BaseHTTPRequestHandler):
    """Records every request that arrives."""

    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    do_PUT = do_POST = do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


def test_seaweedfs_cve_2026_73080_nothing_is_fetched_for_a_client(wire, bucket):
    """No request makes the server send a request elsewhere."""
    Recorder.asked = []
    listener = HTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.server_port}/secret"
    try:
        for source in (url, encode(url), f"//127.0.0.1:{listener.server_port}/secret", f"/{bucket}/{url}"):
            answer = wire.put(bucket, "k", b"", headers={"x-amz-copy-source": source})
            assert answer.status in (400, 404), source
        for name in ("x-forwarded-host", "x-amz-website-redirect-location", "forwarded", "referer"):
            wire.put(bucket, "k", b"x", headers={name: url})
        wire.request("PUT", f"/{bucket}", "notification=", body=f"<a>{url}</a>".encode())
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(30)
    assert not Recorder.asked


# RustFS


OF_NATS = {"PLANETSTORE_NATS_USER": "user", "PLANETSTORE_NATS_PASSWORD": "a-password-for-nats"}
OF_ROOT = {"PLANETSTORE_ROOT_USER": "root-key", "PLANETSTORE_ROOT_PASSWORD": "a-password-for-root"}


@pytest.mark.parametrize("role,given,missing", [
    (["node", "--node", "node-1"], {}, "PLANETSTORE_NATS_USER"),
    (["gateway"], {}, "PLANETSTORE_NATS_USER"),
    (["gateway"], OF_NATS, "PLANETSTORE_ROOT_USER"),
    (["gateway"], {**OF_NATS, **OF_ROOT}, "PLANETSTORE_MASTER_KEY"),
])
def test_rustfs_ghsa_h956_r5qv_nothing_starts_on_a_default_secret(tmp_path, role, given, missing):
    """A role of a cluster without its secrets says which one is missing, and ends."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **given}
    command = [BINARY, "run", *role, "--nats-url", "nats://127.0.0.1:1", "--data", str(tmp_path / "data")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and missing in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-real-ip", "forwarded", "true-client-ip", "cf-connecting-ip"])
def test_rustfs_cve_2026_21862_the_address_is_the_peers(world, server, name):
    """A header with another address changes nothing, neither for allowed nor for denied requests."""
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"x")
    elsewhere = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    value = "for=203.0.113.7" if name == "forwarded" else "203.0.113.7"
    raw = f"GET /{bucket}/k HTTP/1.1\r\nhost: {server.address}\r\n{name}: {value}\r\n\r\n"
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", "s3:GetObject", bucket, Principal="*", Condition=elsewhere)))
    assert ask(server.address, raw).status == 403
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", "s3:GetObject", bucket, Principal="*"),
        statement("Deny", "s3:GetObject", bucket, Principal="*", Condition={"NotIpAddress": elsewhere["IpAddress"]})))
    assert ask(server.address, raw).status == 403
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", "s3:GetObject", bucket, Principal="*", Condition=here)))
    assert ask(server.address, raw).status == 200


def test_rustfs_cve_2026_27607_a_form_with_a_policy_stores_nothing(server, s3, kept):
    """Every condition of a form's policy must hold."""
    form = s3.generate_presigned_post(kept.bucket, "k", Conditions=[["content-length-range", 0, 1]])
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                    for name, value in form["fields"].items())
    body = f'{parts}--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nmuch more\r\n--x--\r\n'
    answer = ask(server.address, f"POST /{kept.bucket} HTTP/1.1\r\nhost: {server.address}\r\n"
                 f"content-type: multipart/form-data; boundary=x\r\ncontent-length: {len(body)}\r\n\r\n{body}")
    assert (answer.status, answer.code) == (400, "EntityTooLarge"), answer.body
    kept.check()


def test_rustfs_ghsa_mx42_wfxj_a_part_is_copied_from_nowhere_secret(world, server):
    """Copying a part requires the right to read its source, however the source is spelled."""
    source, target = world.bucket(), world.bucket(owner="other account")
    world["owner"].put_object(Bucket=source, Key="secret", Body=b"secret")
    other = world["other account"]
    upload = other.create_multipart_upload(Bucket=target, Key="k")["UploadId"]
    wire = Wire(server.address, world.people["other account"].credentials)
    for spelling in (f"{source}/secret", f"/{source}/secret", f"{source}/%73ecret", f"%2F{source}%2Fsecret"):
        for query in ("", f"partNumber=1&uploadId={upload}"):
            answer = wire.request("PUT", object_path(target, "k"), query, {"x-amz-copy-source": spelling})
            assert (answer.status, answer.code) == (403, "AccessDenied"), spelling
    wire.close()
    assert "Contents" not in other.list_objects_v2(Bucket=target)
    assert "Parts" not in other.list_parts(Bucket=target, Key="k", UploadId=upload)


@pytest.mark.parametrize("name,value", [
    ("x-amz-copy-source", "/{bucket}/kept"), ("x-amz-tagging", "a=b"), ("x-amz-acl", "public-read"),
    ("x-amz-grant-read", 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'), ("x-amz-meta-added", "1"),
    ("x-amz-storage-class", "GLACIER"), ("x-amz-bypass-governance-retention", "true"),
    ("x-amz-object-lock-mode", "COMPLIANCE"), ("x-amz-security-token", "x"), ("x-amz-content-sha256", UNSIGNED_TRAILER),
])
def test_rustfs_ghsa_g8w9_xm99_what_is_not_signed_is_not_taken(s3, wire, kept, name, value):
    """The holder of a presigned URL, or of a signed request, can add nothing to it."""
    bucket = kept.bucket
    added = value.format(bucket=bucket)
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    target = urllib.parse.urlsplit(url)
    heads = [Head("PUT", target.path, target.query, {"host": wire.address, "content-length": "1"})]
    heads += [wire.head("PUT", object_path(bucket, "k"), headers={"content-length": "1"})[0]]
    for head in heads:
        head.headers[name] = added
        answer = wire.exchange([head.to_bytes(), b"x"])
        assert answer.status in (400, 403), answer.body
    hoisted = Head("PUT", target.path, f"{target.query}&{name}={encode(added)}",
                   {"host": wire.address, "content-length": "1"})
    answer = wire.exchange([hoisted.to_bytes(), b"x"])
    assert answer.status in (400, 403), answer.body
    kept.check()


def test_rustfs_ghsa_pq29_8r6f_f4vq_no_key_is_a_path(make_server):
    """Nothing of a key or of stored bytes becomes a file name, and archives are stored as they are."""
    server = make_server().start()
    wire = server.wire()
    wire.make_bucket("paths")
    before = {path for path in server.folder.parent.rglob("*") if "planetstore-escape" in path.name}
    extract = {"x-amz-meta-snowball-auto-extract": "true"}
    for key in ["../../planetstore-escape", "/planetstore-escape", "a/../../../planetstore-escape",
                "planetstore-escape\\x"]:
        assert wire.put("paths", key, b"x" * 100_000, headers=extract).status == 200
        assert wire.get("paths", key).body == b"x" * 100_000
    after = {path for path in server.folder.parent.rglob("*") if "planetstore-escape" in path.name}
    assert before == after == set()
    assert len(wire.listing("paths")) == 4
    wire.close()
    server.stop()


ORIGIN = "https://evil.example"


def test_rustfs_ghsa_v9fg_7gcx_x5xv_no_origin_is_trusted(server, s3, bucket):
    """Neither port lets pages of other sites read its responses, and the console returns no bytes of objects."""
    s3.put_object(Bucket=bucket, Key="page.html", Body=b"<script>alert(1)</script>", ContentType="text/html")
    asked = [(server.address, f"/{bucket}/page.html")]
    asked += [(server.console, path) for path in ("/", "/api/v1/users", f"/{bucket}/page.html", "/api/v1/openapi.json")]
    for place, path in asked:
        for method in ("GET", "OPTIONS"):
            answer = ask(place, f"{method} {path} HTTP/1.1\r\nhost: {place}\r\norigin: {ORIGIN}\r\n"
                         "access-control-request-method: PUT\r\n\r\n")
            assert answer.headers["access-control-allow-origin"] is None, (place, path)
            assert answer.headers["access-control-allow-credentials"] is None, (place, path)
            assert place == server.address or b"<script>" not in answer.body
            assert place == server.address or answer.headers["x-content-type-options"] == "nosniff"


def test_rustfs_ghsa_r54g_8cm2_333v_secrets_are_not_logged(make_server):
    """Not even at the most verbose level, nor in the events."""
    server = make_server(environment={"PLANETSTORE_LOG": "trace"}).start()
    token = login(server, "root", server.credentials.secret)
    password = "a password that is secret"
    assert call(server, "POST", "/users", {"name": "user", "password": password}, token=token).status == 201
    key = call(server, "POST", "/users/user/keys", {}, token=token).json()
    user_token = login(server, "user", password)
    client = boto_client(server)
    client.create_bucket(Bucket="logged")
    url = client.generate_presigned_url("put_object", Params={"Bucket": "logged", "Key": "k"})
    target = urllib.parse.urlsplit(url)
    head = Head("PUT", target.path, target.query, {"host": server.address, "content-length": "1"})
    assert server.wire().exchange([head.to_bytes(), b"x"]).status == 200
    signature = urllib.parse.parse_qs(target.query)["X-Amz-Signature"][0]
    secrets = [server.credentials.secret, password, key["secret_key"], token, user_token, signature,
               *(value.decode() for value in master_keys(server) if value != server.credentials.access.encode())]
    server.stop()
    logged = server.log.read_text(errors="replace")
    # The small files of that folder hold root's credentials and keys.
    files = [path for path in server.data.rglob("*") if path.is_file() and path.stat().st_size > 4096]
    kept = b"".join(path.read_bytes() for path in files)
    for secret in secrets:
        assert secret not in logged, secret[:4]
    for secret in (password, key["secret_key"]):
        assert secret.encode() not in kept


@pytest.mark.parametrize("method", ["AES256", "aws:kms"])
def test_rustfs_ghsa_xrrf_what_is_said_to_be_encrypted_is(server, wire, bucket, method):
    """Bytes that a response calls encrypted are in plain on no disk, including parts of uploads."""
    words = f"{method} {bucket} that must not lie on a disk".encode()
    headers = {"x-amz-server-side-encryption": method}
    assert wire.put(bucket, "k", words, headers=headers).headers["x-amz-server-side-encryption"] == method
    begun = wire.request("POST", object_path(bucket, "parts"), "uploads=", headers=headers)
    assert begun.headers["x-amz-server-side-encryption"] == method
    query = f"partNumber=1&uploadId={begun.text('UploadId')}"
    assert wire.request("PUT", object_path(bucket, "parts"), query, body=words).status == 200
    assert wire.get(bucket, "k").body == words
    for path in (server.data / "nodes").rglob("*"):
        assert not path.is_file() or words not in path.read_bytes(), path


# s3-proxy


@pytest.mark.parametrize("spelling", ["shut/k", "shut%2Fk", "shut%2fk", "%73hut/k", "open/../shut/k",
                                      "open%2F..%2Fshut%2Fk", "./shut/k", "/shut/k", "shut//k", "shut%252Fk",
                                      "open%2f%2e%2e%2fshut/k"])
def test_s3_proxy_cve_2026_42882_what_is_allowed_is_what_is_read(world, server, spelling):
    """The key that a policy judges is the key that is read: decoded once, and not normalised."""
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="shut/k", Body=b"secret")
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
         "Resource": [f"{bucket_arn(bucket)}/open/*", bucket_arn(bucket)]}))
    answer = ask(server.address, f"GET /{bucket}/{spelling} HTTP/1.1\r\nhost: {server.address}\r\n\r\n")
    # A caller who may list learns that all other keys are absent.
    is_shut = urllib.parse.unquote(spelling) == "shut/k"
    assert (answer.status, answer.code) == ((403, "AccessDenied") if is_shut else (404, "NoSuchKey")), answer.body
    assert b"secret" not in answer.body


def test_signatures_of_version_2_are_refused(server, s3, kept):
    """Its presigned URLs sign neither headers nor the body's framing."""
    old = boto3.client("s3", endpoint_url=server.endpoint, region_name=REGION,
                       aws_access_key_id=server.credentials.access, aws_secret_access_key=server.credentials.secret,
                       config=Config(signature_version="s3"))
    target = urllib.parse.urlsplit(old.generate_presigned_url("put_object", Params={"Bucket": kept.bucket, "Key": "k"}))
    head = Head("PUT", target.path, target.query, {"host": server.address, "content-length": "1"})
    assert server.wire().exchange([head.to_bytes(), b"x"]).code == "InvalidRequest"
    kept.check()
