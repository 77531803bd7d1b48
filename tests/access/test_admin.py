"""Users, keys, groups, policies and quotas: by command line and by API, against the running binary."""

import base64
import itertools
import json
import os
import re
import secrets
import subprocess
import time

import pytest
from botocore.exceptions import ClientError

from harness.clients import boto_client
from harness.server import BINARY, NotStarted, Server
from harness.users import Users, call, login, patiently
from harness.wire import Credentials

COMMAND_SECONDS = 60

_numbers = itertools.count(1)


def fresh(what: str) -> str:
    return f"admin-{what}-{next(_numbers)}"


def admin(server: Server, *arguments: str, stdin: str = "", code: int = 0,
          environment: dict[str, str] | None = None) -> str:
    """Runs `planetstore admin`, which must end with this exit code, and returns its output."""
    done = subprocess.run(
        [BINARY, "admin", "--data", str(server.data), *arguments], input=stdin, text=True, capture_output=True,
        env={**server.surroundings(), **(environment or {})}, timeout=COMMAND_SECONDS, check=False)
    assert done.returncode == code, f"{arguments}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout if code == 0 else done.stderr


def admin_json(server: Server, *arguments: str, **more: object) -> object:
    return json.loads(admin(server, *arguments, "-o", "json", **more))


def error_code(action, *arguments: object, **more: object) -> str:
    with pytest.raises(ClientError) as caught:
        action(*arguments, **more)
    return caught.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def root(server):
    """The admin API as root."""
    users = Users(server)
    yield users
    users.close()


def test_a_user_from_nothing_to_an_object_by_command_line(server):
    name, group, policy, bucket = fresh("ada"), fresh("crew"), fresh("photos"), fresh("bucket")
    made = admin_json(server, "user", "create", name, "--generate-password", "--email", f"{name}@example.com")
    assert made["role"] == "user" and len(made["password"]) == 20
    key = admin_json(server, "key", "create", name)
    s3 = boto_client(server, credentials=Credentials(key["access_key"], key["secret_key"]))
    assert error_code(s3.create_bucket, Bucket=bucket) == "AccessDenied"

    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:CreateBucket", "Resource": f"arn:aws:s3:::{bucket}"}]})
    admin(server, "group", "create", group)
    admin(server, "group", "add", group, name)
    admin(server, "policy", "put", policy, "-", stdin=document)
    admin(server, "policy", "attach", policy, "--group", group)
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 1000)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x" * 1000

    listed = {user["name"]: user for user in admin_json(server, "user", "list")}
    assert listed[name]["groups"] == [group]
    assert {entry["name"]: entry["groups"] for entry in admin_json(server, "policy", "list")
            if "groups" in entry}[policy] == [group]
    shown = admin_json(server, "bucket", "show", bucket)
    assert (shown["owner_name"], shown["usage"]) == (name, {"objects": 1, "bytes": 1000})
    for table in (admin(server, "user", "list"), admin(server, "bucket", "list"), admin(server, "user", "show", name)):
        assert name in table

    admin(server, "key", "set", name, key["access_key"], "--disable")
    assert error_code(s3.list_objects_v2, Bucket=bucket) in ("InvalidAccessKeyId", "AccessDenied")
    admin(server, "key", "set", name, key["access_key"], "--enable", "--expires", "2020-01-01T00:00:00Z")
    assert error_code(s3.list_objects_v2, Bucket=bucket) in ("InvalidAccessKeyId", "AccessDenied", "ExpiredToken")
    admin(server, "key", "set", name, key["access_key"], "--expires", "none")
    s3.list_objects_v2(Bucket=bucket)
    admin(server, "user", "set", name, "--disable")
    assert error_code(s3.list_objects_v2, Bucket=bucket) in ("InvalidAccessKeyId", "AccessDenied")
    admin(server, "user", "set", name, "--enable")

    admin(server, "policy", "detach", policy, "--group", group)
    assert error_code(s3.create_bucket, Bucket=fresh("bucket")) == "AccessDenied"
    admin(server, "policy", "delete", policy)
    admin(server, "group", "remove", group, name)
    admin(server, "group", "delete", group)
    admin(server, "user", "delete", name)
    assert error_code(s3.list_objects_v2, Bucket=bucket) == "InvalidAccessKeyId"


def test_quotas_by_command_line(server, s3, bucket):
    assert admin_json(server, "bucket", "quota", bucket) == {}
    assert admin_json(server, "bucket", "quota", bucket, "--bytes", "10KiB", "--objects", "2") == {
        "bytes": 10240, "objects": 2}
    assert admin_json(server, "bucket", "quota", bucket, "--objects", "none") == {"bytes": 10240}
    s3.put_object(Bucket=bucket, Key="fits", Body=b"x" * 10_000)
    assert error_code(s3.put_object, Bucket=bucket, Key="more", Body=b"x" * 1_000) == "QuotaExceeded"
    admin(server, "bucket", "quota", bucket, "--clear")
    s3.put_object(Bucket=bucket, Key="more", Body=b"x" * 1_000)


def test_an_imported_key_signs(server):
    name = fresh("import")
    admin(server, "user", "create", name)
    key, secret = fresh("KEY").upper(), "h7GhxuBLTrlhVUyxSPUKUV8r/2EI4ngqJxD7iBdBYLhwluN30JaT3Q=="
    made = admin_json(server, "key", "create", name, "--import", key, stdin=f"{secret}\n")
    assert (made["access_key"], made["secret_key"]) == (key, secret)
    admin(server, "policy", "attach", "readonly", "--user", name)
    boto_client(server, credentials=Credentials(key, secret)).list_buckets()


def test_passwords_come_from_stdin_or_a_variable_and_users_look_after_themselves(server):
    name = fresh("self")
    admin(server, "user", "create", name, "--password-stdin", stdin="correct horse\nmore\n")
    own = {"PLANETSTORE_USER": name, "PLANETSTORE_PASSWORD": "correct horse"}
    assert admin_json(server, "whoami", environment=own)["name"] == name
    key = admin_json(server, "key", "create", name, environment=own)
    assert [entry["access_key"] for entry in admin_json(server, "key", "list", name, environment=own)] == [
        key["access_key"]]
    assert "needs an admin" in admin(server, "user", "list", environment=own, code=1)
    assert "needs an admin" in admin(server, "user", "show", "root", environment=own, code=1)
    assert "only admins may bring" in admin(server, "key", "create", name, "--import", "AKEY", stdin="12345678",
                                            environment=own, code=1)
    admin(server, "user", "password", name, environment={**own, "PLANETSTORE_NEW_PASSWORD": "another horse"})
    assert "does not accept this login" in admin(server, "whoami", environment=own, code=1)
    admin(server, "whoami", environment={**own, "PLANETSTORE_PASSWORD": "another horse"})
    admin(server, "user", "password", name, "--remove")
    assert "does not accept" in admin(server, "whoami", code=1,
                                      environment={**own, "PLANETSTORE_PASSWORD": "another horse"})


def test_what_cannot_be_done_is_said(server):
    assert "no such user" in admin(server, "user", "show", "nobody", code=1)
    assert "exists already" in admin(server, "group", "create", admin_json(
        server, "group", "create", fresh("twice"))["name"], code=1)
    assert "built in" in admin(server, "policy", "delete", "readonly", code=1)
    assert "Statement" in admin(server, "policy", "put", "odd", "-", stdin='{"Version": "2012-10-17"}', code=1)
    assert "no store runs" in admin(server, "user", "list", "--data", str(server.data / "nowhere"), code=1)
    assert "--password" in admin(server, "user", "create", "x", "--password", "on-the-command-line", code=2)


def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(server, root):
    name = fresh("refresh")
    root.create(name, password="correct horse")
    first = patiently(lambda: call(server, "POST", "/login", {"user": name, "password": "correct horse"})).json()
    assert set(first) == {"access_token", "expires", "refresh_token", "refresh_expires", "session", "user", "role"}
    second = call(server, "POST", "/refresh", {"refresh_token": first["refresh_token"]})
    assert second.status == 200, second.body
    second = second.json()
    assert call(server, "GET", "/whoami", token=second["access_token"]).status == 200
    assert call(server, "POST", "/refresh", {"refresh_token": first["refresh_token"]}).status == 401
    for tokens in (first, second):
        assert call(server, "GET", "/whoami", token=tokens["access_token"]).status == 401
        assert call(server, "POST", "/refresh", {"refresh_token": tokens["refresh_token"]}).status == 401


def test_a_token_is_what_it_should_be_and_no_other_is_taken(server, root):
    name = fresh("token")
    root.create(name, password="correct horse")
    token = login(server, name, "correct horse")
    header, payload, signature = token.split(".")
    decode = lambda part: json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))  # noqa: E731
    encode = lambda document: base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")  # noqa: E731
    claims = decode(payload)
    assert decode(header)["alg"] == "HS256"
    assert {"iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"} <= set(claims)
    assert 0 < claims["exp"] - claims["iat"] <= 15 * 60
    assert call(server, "GET", "/whoami", token=token).status == 200
    for wrong in (
        f"{encode({**decode(header), 'alg': 'none'})}.{payload}.",
        f"{encode({'alg': 'none', 'typ': 'JWT'})}.{payload}.{signature}",
        f"{encode({**decode(header), 'alg': 'RS256'})}.{payload}.{signature}",
        f"{header}.{encode({**claims, 'role': 'admin'})}.{signature}",
        f"{header}.{encode({**claims, 'exp': claims['exp'] + 3600})}.{signature}",
        f"{header}.{payload}.", f"{header}.{payload}", "", "x" * 5_000,
    ):
        assert call(server, "GET", "/whoami", token=wrong).status == 401, wrong[:100]


def test_a_revocation_counts_at_once(server, root):
    name = fresh("revoked")
    root.create(name, password="correct horse")
    token = login(server, name, "correct horse")
    assert call(server, "GET", "/whoami", token=token).status == 200
    began = time.monotonic()
    admin(server, "user", "logout", name)
    assert call(server, "GET", "/whoami", token=token).status == 401
    assert time.monotonic() - began < 10
    other = login(server, name, "correct horse")
    assert call(server, "POST", "/logout", token=other).status == 204
    assert call(server, "GET", "/whoami", token=other).status == 401


def test_unknown_users_and_wrong_passwords_look_and_last_the_same(make_server):
    server = make_server().start()
    Users(server).create("ada", password="correct horse")
    took: dict[str, list[float]] = {"ada": [], "nobody": [], "root": []}
    bodies = set()
    for _ in range(8):
        for user, times in took.items():
            began = time.perf_counter()
            told = call(server, "POST", "/login", {"user": user, "password": "wrong password"})
            times.append(time.perf_counter() - began)
            assert told.status == 401
            bodies.add(told.body)
    assert len(bodies) == 1, bodies
    # The fastest of each, because other work on the machine only makes them slower.
    fastest = [min(times) for times in took.values()]
    assert max(fastest) < 2 * min(fastest), took


def test_guessing_is_slowed_down_but_locks_nobody_out(make_server):
    server = make_server().start()
    users = Users(server)
    users.create("ada", password="correct horse")
    users.create("bob", password="correct horse")
    told = [call(server, "POST", "/login", {"user": "ada", "password": "wrong password"}) for _ in range(15)]
    statuses = [answer.status for answer in told]
    assert statuses[0] == 401 and statuses[-1] == 429, statuses
    assert 0 < int(told[-1].headers["retry-after"]) < 60
    # Others can still log in here, and she can from another address of the loopback network.
    login(server, "bob", "correct horse")
    done = subprocess.run(
        ["curl", "-sS", "--interface", "127.0.0.77", "-o", "/dev/null", "-w", "%{http_code}",
         "-H", "content-type: application/json", "--data", '{"user": "ada", "password": "correct horse"}',
         f"http://{server.console}/api/v1/login"], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "200", done
    # An open session is not affected.
    users.ask("GET", "/whoami")
    # A script that sends many requests is not affected either: it waits as long as the response says.
    for _ in range(3):
        admin(server, "user", "list")


def test_nothing_secret_is_told_kept_or_logged(make_server, tmp_path):
    password, hidden = f"pass-{secrets.token_hex(8)}", []
    server = make_server()
    server.environment = {"PLANETSTORE_LOG": "trace"}
    server.start()
    users = Users(server)
    users.create("ada", password=password)
    hidden += [password, server.credentials.secret]
    key = users.create_key("ada")
    hidden.append(key.secret)
    opened = call(server, "POST", "/login", {"user": "ada", "password": password}).json()
    hidden += [opened["access_token"], opened["refresh_token"], opened["refresh_token"].split(".")[1]]
    boto_client(server, credentials=key)
    call(server, "GET", "/users", token=opened["access_token"])
    call(server, "POST", "/refresh", {"refresh_token": opened["refresh_token"]})
    call(server, "POST", "/login", {"user": "ada", "password": password, "odd": 1})
    master = (server.data / "master.key")
    assert master.stat().st_mode & 0o777 == 0o600
    hidden.append(re.search(r"PLANETSTORE_MASTER_KEY=(\S+)", master.read_text())[1])
    metrics = server.get_console("/metrics")[1].decode()
    server.stop()
    places = {"the log of the process": server.log.read_bytes(), "the metrics": metrics.encode()}
    # The event stream and the projection are in the data folder.
    for path in server.data.rglob("*"):
        if path.is_file() and path.name not in ("credentials", "master.key"):
            places[str(path)] = path.read_bytes()
    assert any(b"io.planetstore.user.created" in content for content in places.values())
    for place, content in places.items():
        assert b"$argon2" not in content, place
        for secret in hidden:
            assert secret.encode() not in content, f"{secret} in {place}"


def test_everything_is_found_again_under_the_same_master_key_only(make_server):
    server = make_server().start()
    users = Users(server)
    ada = users.create("ada", policies=["readonly"], password="correct horse")
    token = login(server, "ada", "correct horse")
    server.restart()
    boto_client(server, credentials=ada.credentials).list_buckets()
    login(server, "ada", "correct horse")
    assert call(server, "GET", "/whoami", token=token).status == 200
    server.stop()
    server.environment = {"PLANETSTORE_MASTER_KEY": secrets.token_hex(32)}
    with pytest.raises(NotStarted) as refused:
        server.start()
    assert "master key" in refused.value.said and "cannot be opened" in refused.value.said
    server.environment = {}
    server.start()
    boto_client(server, credentials=ada.credentials).list_buckets()
    server.stop()


def test_a_gateway_without_a_master_key_refuses_to_start(tmp_path):
    environment = {**os.environ, "PLANETSTORE_ROOT_USER": "root-user", "PLANETSTORE_ROOT_PASSWORD": "root-password",
                   "PLANETSTORE_NATS_USER": "u", "PLANETSTORE_NATS_PASSWORD": "p"}
    done = subprocess.run(
        [BINARY, "run", "gateway", "--data", str(tmp_path / "g"), "--nats-url", "nats://127.0.0.1:1",
         "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"],
        env=environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    assert done.returncode == 1
    assert "master key" in done.stderr and "PLANETSTORE_MASTER_KEY" in done.stderr, done.stderr


def test_the_api_describes_itself(server):
    told = call(server, "GET", "/openapi.json")
    assert told.status == 200
    document = told.json()
    assert document["openapi"].startswith("3.1")
    strangers = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation.get("security") == []:
                continue
            path_asked = re.sub(r"\{\w+\}", "nothing", path).removeprefix("/api/v1")
            told = call(server, method.upper(), path_asked, {})
            assert (told.status, told.json()["code"]) == (401, "unauthenticated"), (method, path)
            strangers += 1
    assert strangers > 30


def test_the_status_is_for_root_and_admins(server, root):
    assert call(server, "GET", "/status").status == 401
    assert call(server, "GET", "/status", token=root.token).status == 200
    name = fresh("status")
    root.create(name, password="correct horse")
    token = login(server, name, "correct horse")
    assert call(server, "GET", "/status", token=token).status == 403
    basic = base64.b64encode(f"{server.credentials.access}:{server.credentials.secret}".encode()).decode()
    assert call(server, "GET", "/status", headers={"authorization": f"Basic {basic}"}).status == 200


def test_every_change_is_an_event_in_the_name_of_who_made_it(make_server):
    server = make_server().start()
    users = Users(server)
    told = call(server, "POST", "/users", {"name": "ada"}, token=users.token)
    assert int(told.headers["x-planetstore-sequence"]) > 0
    request = told.headers["x-request-id"]
    server.stop()
    stream = b"".join(path.read_bytes() for path in (server.data / "nats").rglob("*.blk"))
    event = next(event for event in re.findall(rb'\{"specversion".*?\}\}', stream) if b"user.created" in event)
    assert b'"authid":"root"' in event and b'"authtype":"user"' in event, event
    assert request.encode() in event, event
