"""What anonymous callers, and users who may only write, can learn and do at the edges: addresses behind proxies,
responses to writes, CPU, log lines, the console's names, and heads that two programs read differently.
"""

import json
import time

import pytest

from harness.clients import boto_client
from harness.content import crc32, etag
from harness.hostile import ask
from harness.users import Users
from harness.wire import Wire, encode, object_path, presigned
from harness.world import document, statement

# The client's address


@pytest.fixture
def behind(make_server):
    """A server whose only trusted proxy is this machine, one of its users, and the user's rights under a condition."""
    server = make_server(environment={"PLANETSTORE_TRUSTED_PROXIES": "127.0.0.1"}).start()
    users = Users(server)
    user = users.create("behind")
    wire = Wire(server.address, user.credentials)
    server.wire().make_bucket("behind")

    def ask_as(effect: str, operator: str, forwarded: list[bytes]) -> int:
        """The result of a request with these `X-Forwarded-For` headers, under a policy for 192.0.2.0/24."""
        condition = {operator: {"aws:SourceIp": ["192.0.2.0/24", "127.0.0.1"]}}
        allowed = [statement("Allow", "s3:*")] if effect == "Deny" else []
        users.store_policy("address", document(*allowed, statement(effect, "s3:*", Condition=condition)))
        users.attach("address", user)
        head, _ = wire.head("GET", "/behind", "location=")
        lines = b"".join(b"x-forwarded-for: " + line + b"\r\n" for line in forwarded)
        return wire.exchange(head.to_bytes()[:-2] + lines + b"\r\n").status

    yield ask_as
    users.close()
    server.stop()


READABLE = [([b"192.0.2.9"], True), ([b"192.0.2.9:443"], True), ([b"198.51.100.1"], False), ([], True),
            ([b"\xe4, 198.51.100.1"], False), ([b"x", b"198.51.100.1:1"], False), ([b"\xe4,192.0.2.9"], True)]
UNREADABLE = [[b"unknown"], [b"\xe4"], [b"192.0.2.9, \xe4"], [b"192.0.2.9, "], [b"192.0.2.9:x"]]


def test_the_address_behind_a_proxy_is_who_the_proxy_says_or_nobody(behind):
    for forwarded, is_inside in READABLE:
        inside, outside = (200, 403) if is_inside else (403, 200)
        assert behind("Allow", "IpAddress", forwarded) == inside, forwarded
        assert behind("Deny", "NotIpAddress", forwarded) == inside, forwarded
        assert behind("Allow", "NotIpAddress", forwarded) == outside, forwarded
        assert behind("Deny", "IpAddress", forwarded) == outside, forwarded
    for forwarded in UNREADABLE:
        for effect in ("Allow", "Deny"):
            for operator in ("IpAddress", "NotIpAddress", "IpAddressIfExists", "NotIpAddressIfExists"):
                assert behind(effect, operator, forwarded) == 403, (effect, operator, forwarded)


# Callers who may write but not read


def test_an_append_tells_a_writer_of_the_appended_bytes_only(world, server):
    bucket = world.bucket()
    kept, piece = b"nobody but its reader knows this", b"appended"
    owner = Wire(server.address, world.people["owner"].credentials)
    assert owner.put(bucket, "k", kept, headers={"x-amz-checksum-crc32": crc32(kept)}).status == 200
    world["owner"].put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [
        {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}]})
    writer = Wire(server.address, world.people["other account"].credentials)

    def append(*actions: str):
        nonlocal kept
        world.grant(bucket, ["s3:PutObject", *actions])
        answer = writer.put(bucket, "k", piece, headers={"x-amz-write-offset-bytes": str(len(kept))})
        assert answer.status == 200, answer.body
        kept += piece
        return answer.headers

    blind = append()
    assert (blind["etag"], blind["x-amz-checksum-crc32"]) == (etag(piece), crc32(piece))
    assert blind["x-amz-object-size"] == str(len(kept)) and "x-amz-expiration" not in blind
    seeing = append("s3:GetObject")
    head = owner.request("HEAD", object_path(bucket, "k"), headers={"x-amz-checksum-mode": "ENABLED"}).headers
    assert (seeing["etag"], seeing["x-amz-checksum-crc32"]) == (head["etag"], crc32(kept))
    assert "x-amz-expiration" in seeing
    assert owner.get(bucket, "k").body == kept
    owner.close()
    writer.close()


def test_a_writer_may_not_guess_what_is_there_by_its_tag(world, server, refused):
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"kept")
    world.grant(bucket, ["s3:PutObject"])
    other = world["other account"]
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    for tag in (etag(b"kept"), etag(b"other"), f'W/{etag(b"other")}', f'{etag(b"other")}, "*"'):
        for how in ("IfMatch", "IfNoneMatch"):
            refused("AccessDenied", 403, other.put_object, **put, **{how: tag})
    refused("PreconditionFailed", 412, other.put_object, **put, IfNoneMatch="*")
    world.grant(bucket, ["s3:PutObject", "s3:GetObject"])
    refused("PreconditionFailed", 412, other.put_object, **put, IfNoneMatch=etag(b"kept"))
    other.put_object(**put, IfMatch=etag(b"kept"))


def test_who_completes_an_upload_sees_the_checksum_if_its_parts(world, server):
    """The parts are the owner's; the caller who completes the upload was given their tags."""
    bucket, data = world.bucket(), b"a part that the owner sent"

    def completed(*actions: str):
        upload = world["owner"].create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
        sent = world["owner"].upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=data)
        world.grant(bucket, ["s3:PutObject", *actions])
        parts = {"Parts": [{"ETag": sent["ETag"], "PartNumber": 1}]}
        return world["other account"].complete_multipart_upload(
            Bucket=bucket, Key="k", UploadId=upload, MultipartUpload=parts)

    assert "ChecksumCRC32" not in completed()
    for action in ("s3:GetObject", "s3:ListMultipartUploadParts"):
        assert completed(action)["ChecksumCRC32"] == crc32(data), action


# CPU


def test_a_preflight_of_many_headers_and_rules_costs_little(server, s3, bucket):
    """A preflight that took 0.66 s of CPU is refused, and the ones that are allowed cost about as much as a small one.
    """
    def rules(count: int) -> None:
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [{
            "AllowedOrigins": ["https://a.example"], "AllowedMethods": ["PUT"],
            "AllowedHeaders": [f"x-amz-meta-{number:05}*" for number in range(count)]}]})

    def preflight(names: list[str]) -> int:
        return ask(server.address, f"OPTIONS /{bucket}/k HTTP/1.1\r\nhost: {server.address}\r\n"
                   "origin: https://a.example\r\naccess-control-request-method: PUT\r\nconnection: close\r\n"
                   f"access-control-request-headers: {','.join(names)}\r\n\r\n").status

    def quickest(names: list[str], status: int) -> float:
        took = []
        for _ in range(10):
            begun = time.monotonic()
            assert preflight(names) == status
            took.append(time.monotonic() - begun)
        return min(took)

    rules(1)
    small = quickest(["x-amz-meta-00000"], 200)
    rules(1_200)
    most = [f"x-amz-meta-{number:05}" for number in range(1_072, 1_200)]
    assert quickest(most, 200) < small + 0.2
    assert preflight([f"x{number}" for number in range(129)]) == 400
    assert preflight(["x" * 16_384]) == 431


def test_a_policy_with_many_stars_is_no_work_for_long_headers(world, server):
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"x")
    values = ["*" + "a" * 60 + "?" + "b*" for _ in range(16)]
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Deny", "s3:GetObject", bucket, Principal="*", Condition={"StringLike": {"aws:UserAgent": values}})))
    wire = Wire(server.address, world.people["owner"].credentials)

    def quickest(agent: str) -> float:
        took = []
        for _ in range(10):
            begun = time.monotonic()
            answer = wire.get(bucket, "k", headers={"user-agent": agent})
            took.append(time.monotonic() - begun)
            # A value that is too long to compare counts as denied.
            assert answer.status == (200 if len(agent) <= 4_096 else 403)
        return min(took)

    assert quickest("a" * 4_096) < quickest("a") + 0.2
    quickest("a" * 4_097)
    wire.close()


# Log lines


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_strangers_say_is_one_line(make_server, form):
    server = make_server(environment={"PLANETSTORE_LOG_FORMAT": form, "PLANETSTORE_LOG": "debug"}).start()
    wire = server.wire()
    wire.make_bucket("said")
    forged = "2026-11-29T00:00:00.000000Z  INFO planetstore: forged"
    deceptive = encode(f"\n{forged}\r\x1b[2J\u2028\x85\u202eend")
    # Unsupported operations are logged at the default level.
    url = presigned(wire, "PUT", "/said/k", f"X-Amz-Content-Sha256=STREAMING-{deceptive}")
    answer = wire.exchange(f"PUT {url} HTTP/1.1\r\nhost: {wire.address}\r\ncontent-length: 0\r\n\r\n".encode())
    assert answer.status == 501, answer.body
    for query in (f"x={deceptive}", f"{deceptive}=x", f"versionId={deceptive}", f"uploadId={deceptive}&partNumber=1",
                  f"list-type=2&prefix={deceptive}", f"website&x={deceptive}", f"select&select-type={deceptive}"):
        for method in ("GET", "PUT", "POST", "DELETE"):
            wire.request(method, "/said/k", query)
            wire.request(method, "/said", query)
    for path in (f"/{deceptive}/k", f"/said/{deceptive}"):
        wire.request("GET", path)
        wire.request("PUT", path, headers={"x-amz-copy-source": path, "user-agent": "a\x1b[2Jb".encode()})
    wire.close()
    server.stop()
    said = server.log.read_text(errors="strict")
    assert "forged" in said, "nothing of it was logged"
    for line in said.splitlines() + said.split("\n"):
        assert not line.startswith(forged), line
        assert not any(ord(character) in (0x1b, 0x85, 0x2028, 0x202e, 0xd) for character in line), ascii(line)
    if form == "json":
        lines = [line for line in said.split("\n") if "forged" in line]
        assert lines and all(json.loads(line)["level"] for line in lines)


# The console's names


def console(server, host: str | None, path: str) -> int:
    line = "" if host is None else f"host: {host}\r\n"
    version = "1.0" if host is None else "1.1"
    return ask(server.console, f"GET {path} HTTP/{version}\r\n{line}connection: close\r\n\r\n").status


def test_the_console_answers_under_names_of_its_machine(server):
    port = server.console.rpartition(":")[2]
    for host in (server.console, "127.0.0.1", f"localhost:{port}", "[::1]:1", "a.localhost", None):
        assert console(server, host, "/metrics") == 200, host
        assert console(server, host, "/api/v1/status") == 401, host
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "10.1.2.3", "", "localhost.example"):
        for path in ("/metrics", "/", "/api/v1/status", "/api/v1/login", "/nowhere"):
            assert console(server, host, path) == 421, (host, path)
        # The paths that load balancers request.
        assert console(server, host, "/healthz") == console(server, host, "/readyz") == 200, host
    answer = ask(server.console, "GET /metrics HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n")
    assert "--console-host" in json.loads(answer.body)["message"]


def test_the_console_answers_under_what_the_operator_calls_it(make_server):
    server = make_server(environment={"PLANETSTORE_CONSOLE_HOSTS": "console.example,192.0.2.1",
                                      "PLANETSTORE_DOMAINS": "s3.example"}).start()
    for host in ("console.example", "CONSOLE.EXAMPLE:443", "192.0.2.1", "s3.example"):
        assert console(server, host, "/metrics") == 200, host
    for host in ("other.example", "192.0.2.2", "bucket.s3.example"):
        assert console(server, host, "/metrics") == 421, host
    server.stop()


# Heads that two programs read differently

AMBIGUOUS = {
    "bare line feeds": "PUT {path} HTTP/1.1\nhost: {host}\n\n",
    "a bare line feed": "PUT {path} HTTP/1.1\r\nhost: {host}\nx-a: b\r\n\r\n",
    "identity before chunked": "PUT {path} HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: identity\r\n"
                               "transfer-encoding: chunked\r\n\r\n",
    "identity, chunked": "PUT {path} HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: identity, chunked\r\n\r\n",
    "a length before chunks": "PUT {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 3\r\n"
                              "transfer-encoding: chunked\r\n\r\n",
    "a length after chunks": "PUT {path} HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n"
                             "content-length: 3\r\n\r\n",
    "another host": "PUT http://other.example{path} HTTP/1.1\r\nhost: {host}\r\n\r\n",
    "another port": "PUT http://{host}0{path} HTTP/1.1\r\nhost: {host}\r\n\r\n",
}


@pytest.mark.parametrize("place", ["address", "console"])
@pytest.mark.parametrize("head", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_a_head_that_two_programs_read_differently_is_refused(server, bucket, head, place):
    address = getattr(server, place)
    wire = Wire(address, server.credentials)
    smuggled = f"GET /healthz HTTP/1.1\r\nhost: {address}\r\n\r\n"
    raw = head.format(path=f"/{bucket}/k", host=address) + f"3\r\nabc\r\n0\r\n\r\n{smuggled}"
    said = wire.exchange_cut(raw.encode())
    assert said.startswith(b"HTTP/1.1 400 ") and b"connection: close" in said, said
    assert said.count(b"HTTP/1.1 ") == 1, said


def test_an_absolute_form_with_its_own_host_is_taken(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    wire = server.wire()
    head, _ = wire.head("GET", object_path(bucket, "k"))
    raw = head.to_bytes().replace(b"GET /", f"GET http://{server.address}/".encode(), 1)
    answer = wire.exchange(raw)
    assert (answer.status, answer.body) == (200, b"x")


@pytest.mark.parametrize("spare,status", [(0, 200), (-1, 431)])
def test_a_head_has_16_kib(server, s3, bucket, spare, status):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    wire = server.wire()
    head, _ = wire.head("GET", object_path(bucket, "k"))
    raw = head.to_bytes()[:-2]
    raw += b"x-filler: " + b"v" * (16 * 1024 - spare - len(raw) - 14) + b"\r\n\r\n"
    assert len(raw) == 16 * 1024 - spare
    assert wire.exchange(raw).status == status


def test_what_clients_send_at_most_fits(server, s3, bucket, wire):
    """A key of 1,024 bytes, another one as the source of a copy, and 2 KiB of metadata."""
    key, source = "\u00fc" * 512, "\u00e4" * 512
    s3.put_object(Bucket=bucket, Key=source, Body=b"x")
    metadata = {f"m{number}": "v" * 94 for number in range(20)}
    s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": source}, Metadata=metadata,
                   MetadataDirective="REPLACE")
    assert s3.head_object(Bucket=bucket, Key=key)["Metadata"] == metadata
    assert boto_client(server).get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
