"""Security advisories of MinIO, tried here. docs/security.md has the whole list."""

import base64
import hashlib
import hmac
import json

import pytest

from harness.clients import boto_client
from harness.hostile import REFUSED, ask, master_keys
from harness.server import Server
from harness.users import call, login
from harness.wire import (
    REGION,
    SIGNED_CHUNKS,
    SIGNED_CHUNKS_TRAILER,
    UNSIGNED,
    UNSIGNED_TRAILER,
    Head,
    Wire,
    aws_chunked,
    encode,
    now_stamp,
    object_path,
)

# One request for each handler that can upload.
PAYLOADS = [SIGNED_CHUNKS, SIGNED_CHUNKS_TRAILER, UNSIGNED_TRAILER, UNSIGNED, hashlib.sha256(b"x").hexdigest()]


def uploads(bucket: str, upload: str) -> list[tuple[str, str, str, dict[str, str]]]:
    """Every request that could store something, with the bytes it would store."""
    copied = {"x-amz-copy-source": f"/{bucket}/kept"}
    path = object_path(bucket, "k")
    return [
        ("PUT", path, "", {}), ("PUT", path, f"partNumber=1&uploadId={upload}", {}), ("PUT", path, "", copied),
        ("PUT", path, f"partNumber=1&uploadId={upload}", copied), ("PUT", path, "acl=", {}),
        ("POST", path, "uploads=", {}), ("POST", path, f"uploadId={upload}", {}), ("POST", f"/{bucket}", "delete=", {}),
        ("PUT", f"/{bucket}", "policy=", {}), ("PUT", f"/{bucket}", "acl=", {}),
        ("PUT", f"/{bucket}", "publicAccessBlock=", {}),
        ("PUT", f"/{bucket}", "ownershipControls=", {}), ("PUT", f"/{bucket}", "versioning=", {}),
        ("PUT", "/made-up", "", {}), ("DELETE", path, "", {}), ("DELETE", f"/{bucket}", "", {}),
        ("DELETE", path, f"uploadId={upload}", {}),
    ]


PROBES = [
    "/minio/bootstrap/v1/verify", "/minio/health/cluster", "/minio/admin/v3/info", "/minio/prometheus/metrics",
    "/minio/v2/metrics", "/debug/pprof/", "/debug/vars", "/env", "/actuator/env", "/console/config.json",
    "/rustfs/rpc/read_file", "/status",
    "/.well-known/security.txt", "/api/v1/status", "/api/v1/users", "/api/v1/policies", "/api/v1/buckets",
    "/varz", "/jsz",
]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_minio_cve_2023_28432_no_internal_route_tells_secrets(server, method):
    """Nor does any other path of either port, for an anonymous caller."""
    secrets = [server.credentials.secret.encode(), *master_keys(server)]
    for place in (server.address, server.console):
        for path in [*PROBES, "/metrics", "/healthz", "/readyz", "/"]:
            answer = ask(place, f"{method} {path} HTTP/1.1\r\nhost: {place}\r\ncontent-length: 0\r\n\r\n")
            assert not any(secret in answer.body for secret in secrets), (place, path)
            if path in PROBES:
                assert answer.status in REFUSED, (place, path, answer.status)


@pytest.mark.parametrize("target", ["bucket", ".planetstore", "planetstore", "events", "ps", "%2eplanetstore",
                                    "EVENTS"])
def test_minio_cve_2023_28434_a_form_reaches_no_bucket(server, kept, target):
    """A form without a signature writes only where a policy lets everybody write, and buckets contain nothing internal.
    """
    name = kept.bucket if target == "bucket" else target
    form = ('--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--x\r\n'
            'Content-Disposition: form-data; name="file"; filename="f"\r\n\r\nbody\r\n--x--\r\n')
    answer = ask(server.address, f"POST /{name} HTTP/1.1\r\nhost: {server.address}\r\n"
                 f"content-type: multipart/form-data; boundary=x\r\ncontent-length: {len(form)}\r\n\r\n{form}")
    assert answer.status in REFUSED
    kept.check()


# The admin API, and values for the parameters of its paths.
PARAMETERS = {"kms_key": "k", "user": "access-admin", "policy": "readwrite", "group": "no-group", "key": "no-key",
              "bucket": "no-bucket", "node": "no-node", "target": "no-target", "link": "no-link", "consumer": "no-consumer", "sequence": "1",
              "worker": "gc", "change": "pause", "session": "00000000-0000-0000-0000-000000000000"}


def admin_operations(server: Server) -> list[tuple[str, str, str]]:
    """Name, method and path of every operation, from the server's own description."""
    paths = call(server, "GET", "/openapi.json").json()["paths"]
    found = [(how["operationId"], method.upper(), path.removeprefix("/api/v1"))
             for path, methods in paths.items() for method, how in methods.items()]
    assert len(found) > 20
    return found


# A socket says who it is with its first message: operations/test_live.py.
OPEN = {"openapi", "login", "refresh", "openSocket"}
# Everybody may ask these, and the answers are about what they may list and read: operations/test_events.py,
# access/test_admin_rights.py, access/test_console_origin.py, api/test_rewind.py.
OWN = {
    "whoami", "logout", "prove", "listEvents", "streamEvents", "getAudit", "getBucketGrowth", "getInsights",
    "getBucket", "listBuckets", "listObjectsAt", "restoreObjects", "createTicket", "presign", "search", "getSettings",
}


def test_minio_cve_2022_24842_2024_55949_2020_11012_only_admins_administer(server, world):
    """Users without that role cannot give themselves or others more rights with any operation; anonymous callers can do
    nothing at all.
    """
    password = "a password of a user"
    world.users.ask("PUT", f"/users/{world.people['owner'].name}/password", {"password": password})
    token = login(server, world.people["owner"].name, password)
    for name, method, path in admin_operations(server):
        if name in OPEN:
            continue
        filled = path.format(**PARAMETERS)
        assert call(server, method, filled, {}).status == 401, name
        assert call(server, method, filled, {}, token="a.b.c").status == 401, name
        if name not in OWN:
            assert call(server, method, filled, {}, token=token).status == 403, name
    me = f"/users/{world.people['owner'].name}"
    assert call(server, "PATCH", me, {"role": "admin"}, token=token).status == 403
    assert call(server, "PUT", f"/policies/readwrite{me}", token=token).status == 403
    assert call(server, "POST", "/users", {"name": "more", "role": "admin"}, token=token).status == 403
    assert call(server, "GET", me, token=token).json()["role"] == "user"


def test_minio_cve_2025_62506_keys_give_what_their_user_has(server, world, refused):
    """There are no sub-accounts with policies of their own: another key always has the same rights."""
    user = world.users.create("advisory-keys", policies=["access-reads"])
    bucket = world.bucket()
    for credentials in (user.credentials, world.users.create_key(user.name)):
        client = boto_client(server, credentials=credentials)
        assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
        refused("AccessDenied", 403, client.put_object, Bucket=bucket, Key="k", Body=b"x")
    world.users.detach("access-reads", user)
    refused("AccessDenied", 403, client.list_objects_v2, Bucket=bucket)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_minio_cve_2025_31489_a_made_up_signature_stores_nothing(wire, kept, payload):
    """With every framing of the body, and every handler."""
    for method, path, query, headers in uploads(kept.bucket, kept.upload):
        is_streaming = payload.startswith("STREAMING")
        framing = {"x-amz-decoded-content-length": "1"} if is_streaming else {}
        head, signature = wire.head(method, path, query, {**headers, **framing}, payload)
        chain = signature if payload.startswith("STREAMING-AWS4") else None
        body = aws_chunked(b"x", 1, signature=chain) if is_streaming else b"x"
        head.headers["content-length"] = str(len(body))
        nearly = signature.value[:-1] + ("0" if signature.value[-1] != "0" else "1")
        # Failures are limited for each address, so most handlers get one of the three.
        for made_up in ("0" * 64, "", nearly) if (method, query) == ("PUT", "") else (nearly,):
            forged = Head(head.method, head.path, head.query, dict(head.headers))
            start = forged.headers["authorization"].partition("Signature=")[0]
            forged.headers["authorization"] = f"{start}Signature={made_up}"
            answer = wire.exchange([forged.to_bytes(), body])
            assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), (method, path, query, answer.body)
    kept.check()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_minio_cve_2026_40344_credentials_in_the_query_are_verified(wire, kept, payload):
    """With the id of a real key, in every framing, by every handler; an unknown algorithm does not help either."""
    stamp = now_stamp()
    credential = encode(f"{wire.credentials.access}/{stamp[:8]}/{REGION}/s3/aws4_request")
    signed = (f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={stamp}&X-Amz-Expires=600"
              f"&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}&X-Amz-Content-Sha256={payload}")
    ways = [signed, f"X-Amz-Credential={credential}", signed.replace("AWS4-HMAC-SHA256", "none"),
            signed.replace(f"&X-Amz-Signature={'0' * 64}", ""), f"X-Amz-Signature={'0' * 64}",
            f"AWSAccessKeyId={wire.credentials.access}&Signature=x&Expires=99999999999"]
    for method, path, query, headers in uploads(kept.bucket, kept.upload):
        for way in ways if (method, query, headers) == ("PUT", "", {}) else ways[:1]:
            head = Head(method, path, "&".join(filter(None, [query, way])),
                        {"host": wire.address, "content-length": "1", **headers})
            answer = wire.exchange([head.to_bytes(), b"x"])
            assert answer.status in (400, 403, 501), (method, path, way, answer.body)
    kept.check()


def test_minio_cve_2026_33322_tokens_have_one_algorithm(server, world):
    """Tokens that name another algorithm, or none, are refused, whatever public key or text signed them."""
    token = world.users.token
    header, claims, signature = token.split(".")

    def encoded(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def with_header(fields: dict, key: bytes | None) -> str:
        text = f"{encoded(json.dumps(fields).encode())}.{claims}"
        return f"{text}.{encoded(hmac.new(key, text.encode(), hashlib.sha256).digest()) if key is not None else ''}"

    assert call(server, "GET", "/users", token=token).status == 200
    forged = [
        with_header({"alg": name, "typ": "JWT"}, key)
        for name in ("none", "None", "HS256", "HS384", "RS256", "ES256", "EdDSA")
        for key in (None, b"", header.encode(), server.credentials.access.encode(), REGION.encode())
    ]
    forged += [f"{header}.{claims}.", f"{header}.{claims}", f"{header}..{signature}", f".{claims}.{signature}",
               f"{header}.{encoded(b'{}')}.{signature}", token[:-2], token + "A"]
    for other in forged:
        assert call(server, "GET", "/users", token=other).status == 401, other


def test_minio_cve_2026_33419_a_login_tells_no_names(make_server):
    """Unknown users and wrong passwords get the same response, and the same limit on attempts."""
    server = make_server().start()
    token = login(server, "root", server.credentials.secret)
    made = call(server, "POST", "/users", {"name": "known", "password": "a long password"}, token=token)
    assert made.status == 201, made.body
    answers = {user: call(server, "POST", "/login", {"user": user, "password": "another password"})
               for user in ("known", "unknown", "root")}
    assert {(answer.status, answer.body) for answer in answers.values()} == {(401, answers["known"].body)}
    for user in ("known", "unknown"):
        statuses = [call(server, "POST", "/login", {"user": user, "password": "wrong again"}).status for _ in range(12)]
        assert statuses[0] == 401 and statuses[-1] == 429, (user, statuses)
    server.stop()


INTERNAL_HEADERS = [
    "x-minio-replication-actual-object-size", "x-minio-source-etag", "x-minio-internal-compression",
    "x-planetstore-size", "x-rustfs-internal-actual-size", "x-seaweedfs-ttl", "x-amz-replication-status",
    "x-amz-version-id", "x-amz-delete-marker",
]


def test_minio_cve_2026_34204_clients_set_no_internal_metadata(wire, bucket):
    """The metadata of an object is only what S3 lets clients store, and none of it affects how bytes are read."""
    plain = {name: value for name, value in wire_head(wire, bucket, {}).items()}
    with_more = wire_head(wire, bucket, dict.fromkeys(INTERNAL_HEADERS, "7"))
    assert with_more == plain
    meta = wire_head(wire, bucket, {f"x-amz-meta-{name}": "7" for name in INTERNAL_HEADERS})
    assert {name: value for name, value in meta.items() if not name.startswith("x-amz-meta-")} == plain
    assert wire.get(bucket, "k").body == b"content"


def wire_head(wire: Wire, bucket: str, headers: dict[str, str]) -> dict[str, str]:
    assert wire.put(bucket, "k", b"content", headers=headers).status == 200
    answer = wire.request("HEAD", object_path(bucket, "k"))
    changing = {"date", "last-modified", "x-amz-request-id"}
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() not in changing}


def test_minio_cve_2022_35919_and_2026_113466_the_console_has_no_paths_and_no_key_of_its_own(server):
    """No admin operation takes a path of the machine, and the key that signs sessions is generated at the first start.
    """
    document = json.dumps(call(server, "GET", "/openapi.json").json())
    # Where a webhook is, is a URL: operations/test_notifications.py has what it cannot reach.
    assert not any(word in document for word in ('"path_on_disk"', '"file"', "update"))
    for path in ("/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/..%2f..%2fetc%2fpasswd"):
        answer = ask(server.console, f"GET {path} HTTP/1.1\r\nhost: {server.console}\r\n\r\n")
        assert answer.status in (400, 404) and b"root:" not in answer.body, path
