"""The administration rights that policies grant, over the network: the policies of docs/policies on every route of the
console.
"""

import json
import subprocess
from pathlib import Path

import pytest

from harness.clients import boto_client
from harness.server import BINARY, COMMAND_SECONDS
from harness.users import Users, call, login

POLICIES = Path(__file__).parents[2] / "docs/policies"
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def tokens(server) -> dict[str, str]:
    """A token of a user with each of these policies, and of a user with none."""
    root = Users(server)
    for name in ("auditor", "operator", "user-manager"):
        root.store_policy(name, (POLICIES / f"{name}.json").read_text())
        root.create(f"the-{name}", policies=[name], password=PASSWORD)
    root.create("the-nobody", password=PASSWORD)
    root.close()
    return {name: login(server, f"the-{name}", PASSWORD) for name in ("auditor", "operator", "user-manager", "nobody")}


@pytest.mark.parametrize(("method", "path", "who"), [
    ("GET", "/users", {"auditor", "user-manager"}),
    ("GET", "/policies/readonly", {"auditor", "user-manager"}),
    ("GET", "/kms-keys", {"auditor"}),
    ("GET", "/region", {"auditor", "operator"}),
    # Everybody sees the buckets that they may list.
    ("GET", "/buckets", {"auditor", "operator", "user-manager", "nobody"}),
    ("GET", "/status", {"auditor", "operator"}),
    ("DELETE", "/buckets/no-bucket/quota", {"operator"}),
    ("DELETE", "/users/no-user/sessions", {"user-manager"}),
    ("DELETE", "/users/no-user", {"user-manager"}),
    ("DELETE", "/policies/no-policy", set()),
    ("POST", "/region/keys", set()),
    ("GET", "/region/master-key", {"auditor"}),
    ("POST", "/region/master-key", set()),
    ("GET", "/nodes", {"auditor", "operator"}),
    ("GET", "/nodes/no-node", {"auditor", "operator"}),
    ("POST", "/nodes/no-node/resume", {"operator"}),
    ("POST", "/nodes/no-node/remove", {"operator"}),
    ("POST", "/nodes/no-node/stop", {"operator"}),
    ("POST", "/nodes/no-node/init", {"operator"}),
    ("GET", "/scrubs?node=no-node", {"auditor", "operator"}),
    ("POST", "/scrubs/start?node=no-node", {"operator"}),
])
def test_each_route_is_for_whom_a_policy_names(server, tokens, method, path, who):
    marked = {"x-planetstore-request": "1"}
    found = {name: call(server, method, path, {} if path in ("/region/keys", "/region/master-key") else None, token=token, headers=marked).status
             for name, token in tokens.items()}
    assert {name for name, status in found.items() if status not in (401, 403)} == who, found


def test_who_may_not_list_all_buckets_sees_those_whose_objects_they_may_list(server, tokens):
    root = Users(server)
    reader = root.create("the-reader", password=PASSWORD)
    client = boto_client(server)
    for bucket in ("seen-by-the-reader", "not-seen-by-the-reader"):
        client.create_bucket(Bucket=bucket)
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::seen-by-the-reader"}]}
    root.store_policy("lists-one-bucket", json.dumps(policy))
    root.attach("lists-one-bucket", reader)
    root.close()

    def seen(token: str) -> set[str]:
        return {bucket["name"] for bucket in call(server, "GET", "/buckets?limit=1000", token=token).json()["buckets"]}

    # Buckets that other tests made public are everyone's to list.
    public = seen(tokens["nobody"])
    assert not public & {"seen-by-the-reader", "not-seen-by-the-reader"}
    assert seen(login(server, "the-reader", PASSWORD)) == public | {"seen-by-the-reader"}
    hidden = call(server, "GET", "/buckets/not-seen-by-the-reader", token=tokens["nobody"])
    assert hidden.status == call(server, "GET", "/buckets/not-there", token=tokens["nobody"]).status == 404
    assert {"seen-by-the-reader", "not-seen-by-the-reader"} <= seen(tokens["auditor"])


def test_a_refusal_names_the_right_that_is_missing(server, tokens):
    told = call(server, "POST", "/users", {"name": "more"}, token=tokens["auditor"])
    assert told.status == 403 and "admin:CreateUser on arn:aws:admin:::user/*" in told.json()["message"]


def test_the_command_line_does_what_its_user_may(server, tokens):
    own = {"PLANETSTORE_USER": "the-auditor", "PLANETSTORE_PASSWORD": PASSWORD}

    def admin(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BINARY, "admin", "--data", str(server.data), *words], capture_output=True, text=True,
                              env={**server.surroundings(), **own}, timeout=COMMAND_SECONDS, check=False)

    assert "the-operator" in admin("user", "list").stdout
    refused = admin("user", "create", "more")
    assert refused.returncode == 1 and "admin:CreateUser" in refused.stderr
