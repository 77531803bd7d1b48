"""Users, keys, groups and policies that two regions of one operator share (ADR 57)."""

import http.client
import json
import os
import signal

import pytest
from botocore.exceptions import ClientError

from harness import wait
from harness.clients import boto_client
from harness.regions import two_regions
from harness.server import Server
from harness.users import Users, call, login, patiently
from harness.wire import Credentials, Wire, presigned
from harness.world import document

# The regions, by their names.
FIRST, SECOND = "us-east-1", "us-west-2"
RIGHT = {"Effect": "Allow", "Action": "planetstore:ReplicateIdentities", "Resource": "arn:aws:admin:::region"}
LISTS = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
PASSWORD = "a password that both regions take"


class Pair:
    """Two regions, and root in both."""

    def __init__(self, make_server) -> None:
        self.first, self.second = two_regions(make_server)
        self.one, self.other = Users(self.first), Users(self.second)
        # `dev` links them itself, for objects alone.
        wait.until(lambda: self.one.ask("GET", "/links")["links"], "the first link")
        wait.until(lambda: self.other.ask("GET", "/links")["links"], "the second link")

    def link(self, source: Users, target: Users, name: str, *, has_right: bool = True) -> None:
        """Has a region share its identities with the other one."""
        link = f"link-to-{name}"
        target.store_policy(link, document(RIGHT if has_right else LISTS))
        user = target.create(link, policies=[link])
        source.ask("DELETE", f"/links/{name}")
        source.ask("POST", "/links", {
            "name": name, "url": target.server.endpoint, "access_key": user.credentials.access,
            "secret_key": user.credentials.secret, "shares_identities": True})

    def share(self, *, both: bool = False) -> None:
        self.link(self.one, self.other, SECOND)
        if both:
            self.link(self.other, self.one, FIRST)

    def stop(self) -> None:
        self.first.stop()


@pytest.fixture
def pair(make_server):
    pair = Pair(make_server)
    yield pair
    pair.stop()


def buckets(server: Server, credentials: Credentials) -> str:
    """What a user gets who lists buckets: an empty text, or the code of an error."""
    try:
        boto_client(server, credentials=credentials).list_buckets()
        return ""
    except ClientError as error:
        return error.response["Error"]["Code"]


def works(server: Server, credentials: Credentials) -> bool:
    return buckets(server, credentials) == ""


def fetch(server: Server, method: str, target: str, body: bytes) -> int:
    """The status of a request whose target alone says who asks."""
    connection = http.client.HTTPConnection(server.address, timeout=60)
    try:
        connection.request(method, target, body)
        return connection.getresponse().status
    finally:
        connection.close()


def logs_in(server: Server, user: str, password: str) -> bool:
    return patiently(lambda: call(server, "POST", "/login", {"user": user, "password": password})).status == 200


def shown(users: Users) -> dict:
    """All of a region that both are to have alike."""
    listed = {name: users.ask("GET", f"/{name}?limit=1000")[name] for name in ("users", "groups", "policies")}
    own = ("id", "created", "stored")
    alike = {name: [{key: value for key, value in row.items() if key not in own} for row in rows]
             for name, rows in listed.items()}
    for user in alike["users"]:
        told = call(users.server, "GET", f"/users/{user['name']}/keys", token=users.token)
        assert told.status in (200, 404), told.body  # 404: the other region's deletion came after the list.
        keys = told.json()["keys"] if told.status == 200 else []
        user["keys"] = sorted((key["access_key"], key["enabled"], key.get("expires")) for key in keys)
    return alike


def events(users: Users, kind: str) -> list[dict]:
    told = call(users.server, "GET", f"/events?type={kind}&limit=1000", token=users.token)
    assert told.status == 200, told.body
    return told.json()


def test_what_there_was_and_what_changes_is_in_the_other_region(pair):
    one, (first, second) = pair.one, (pair.first, pair.second)
    one.store_policy("lists", document(LISTS))
    ada = one.create("ada", policies=["lists"])
    one.ask("PUT", "/users/ada/password", {"password": PASSWORD})
    one.ask("POST", "/groups", {"name": "crew"})
    one.ask("PUT", "/groups/crew/members/ada")
    one.ask("PUT", "/policies/readonly/groups/crew")
    pair.share()
    wait.until(lambda: works(second, ada.credentials), "the key of before the link")
    wait.until(lambda: logs_in(second, "ada", PASSWORD), "the password")
    theirs = pair.other.ask("GET", "/users/ada")
    assert (theirs["id"], theirs["groups"], theirs["policies"]) == (ada.id, ["crew"], ["lists"])
    bea = one.create("bea", policies=["lists"])
    wait.until(lambda: works(second, bea.credentials), "a key of after the link")
    one.disable_key(bea)
    wait.until(lambda: buckets(second, bea.credentials) == "InvalidAccessKeyId", "the disabled key")
    one.ask("DELETE", "/groups/crew/members/ada")
    one.detach("lists", ada)
    wait.until(lambda: buckets(second, ada.credentials) == "AccessDenied", "the withdrawn right")
    one.ask("DELETE", "/users/ada")
    wait.until(lambda: buckets(second, ada.credentials) == "InvalidAccessKeyId", "the end of the user")
    created = [event["data"] for event in events(pair.other, "user.created") if event["data"]["user"] == "ada"]
    assert [event["replica"]["made"]["region"] for event in created] == [FIRST]
    said = first.said(1 << 20) + second.said(1 << 20) + json.dumps(events(pair.other, "key.created"))
    for secret in (ada.credentials.secret, bea.credentials.secret, PASSWORD, "$argon2"):
        assert secret not in said

    def is_noted() -> bool:
        (link,) = one.ask("GET", "/links")["links"]
        return link["shares_identities"] and link.get("identities_sent", 0) > 0
    wait.until(is_noted, "the place in the log")


def test_both_directions_converge_after_the_regions_were_apart(pair):
    one, other = pair.one, pair.other
    ada = [region.create("ada", policies=["readonly"]) for region in (one, other)]
    pair.share(both=True)
    wait.until(lambda: shown(one) == shown(other), "the same at the beginning")
    for credentials in (user.credentials for user in ada):
        assert works(pair.first, credentials) and works(pair.second, credentials)
    assert [region.ask("GET", "/users/ada")["id"] for region in (one, other)] == [user.id for user in ada]
    os.kill(pair.second.second_pid, signal.SIGSTOP)
    try:
        one.create("bea")
        one.ask("PATCH", "/users/ada", {"display_name": "Ada of the first"})
        one.ask("POST", "/groups", {"name": "crew"})
        one.ask("PUT", "/groups/crew/members/bea")
    finally:
        os.kill(pair.second.second_pid, signal.SIGCONT)
    other.ask("PATCH", "/users/ada", {"enabled": False})
    other.create("cyd")
    wait.until(lambda: shown(one) == shown(other), "the same after that")
    names = [user["name"] for user in shown(one)["users"]]
    assert {"ada", "bea", "cyd"} <= set(names)
    other.ask("DELETE", "/users/ada")
    one.create_key("bea")
    wait.until(lambda: shown(one) == shown(other), "the same at the end")
    assert "ada" not in [user["name"] for user in shown(one)["users"]]
    # What a region made itself does not come back to it.
    for region, name in ((one, FIRST), (other, SECOND)):
        made = [event["data"]["replica"]["made"]["region"] for event in events(region, "user.created")
                if "replica" in event["data"]]
        assert made and name not in made


def test_once_regions_share_only_admins_make_new_names(pair):
    one = pair.one
    may = {"Effect": "Allow", "Action": ["admin:CreateUser", "admin:CreateGroup", "admin:PutPolicy"], "Resource": "*"}
    one.store_policy("delegate", document(may))
    one.create("delegate", policies=["delegate"])
    one.ask("PUT", "/users/delegate/password", {"password": PASSWORD})
    token = login(pair.first, "delegate", PASSWORD)

    def made(name: str):
        return call(pair.first, "POST", "/groups", {"name": name}, token=token)
    assert made("before").status < 300
    pair.share()
    refused = made("after")
    assert refused.status == 403 and "other regions share" in refused.body.decode(), refused.body


def test_a_region_that_was_killed_gets_the_rest(pair):
    one = pair.one
    pair.share()
    before = one.create("before", policies=["readonly"])
    wait.until(lambda: works(pair.second, before.credentials), "the first user")
    os.kill(pair.second.second_pid, signal.SIGKILL)
    users = [one.create(f"user-{n}", policies=["readonly"]) for n in range(20)]
    one.ask("DELETE", "/users/before")
    pair.second.found()
    # A region that began anew may have another address, to which `dev` makes a new link that shares what the old one did.
    pair.other.server = pair.second
    missing = lambda: [user.name for user in users if not works(pair.second, user.credentials)]
    wait.until(lambda: not missing(), "all that was made meanwhile")
    wait.until(lambda: buckets(pair.second, before.credentials) == "InvalidAccessKeyId", "the deletion")


def test_a_link_without_the_right_waits_and_says_why(pair):
    one, other = pair.one, pair.other
    ada = one.create("ada", policies=["readonly"])
    pair.link(one, other, SECOND, has_right=False)

    def why() -> str:
        workers = one.ask("GET", "/workers")["workers"]
        return json.dumps([worker for worker in workers if worker["worker"] == "replicate"])
    wait.until(lambda: "AccessDenied" in why() and "planetstore:ReplicateIdentities" in why(), "the reason")
    assert buckets(pair.second, ada.credentials) == "InvalidAccessKeyId"
    other.store_policy(f"link-to-{SECOND}", document(RIGHT))
    wait.until(lambda: works(pair.second, ada.credentials), "the key, now that it may come")


def test_what_is_refused_holds_up_nothing_else(pair):
    one, other = pair.one, pair.other
    one.create("yan")
    other.create("zoe")
    # An access key id is one user's: there it is that of somebody else.
    for region, user in ((one, "yan"), (other, "zoe")):
        region.ask("POST", f"/users/{user}/keys", {"access_key": "KEYOFTWO", "secret_key": f"secret-of-{user}"})
    pair.share()
    ada = one.create("ada", policies=["readonly"])
    wait.until(lambda: works(pair.second, ada.credentials), "a key of after what is refused")

    def keys(user: str) -> list[str]:
        return [key["access_key"] for key in other.ask("GET", f"/users/{user}/keys")["keys"]]
    assert "KEYOFTWO" in keys("zoe") and "KEYOFTWO" not in keys("yan")


def test_only_whoever_has_the_right_may_send_and_no_answer_repeats_a_secret(pair):
    other, server = pair.other, pair.second
    plain = other.create("plain", policies=["readwrite"])
    other.store_policy("all-of-s3", document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    wide = other.create("wide", policies=["all-of-s3"])
    other.store_policy("sends", document(RIGHT))
    sender = other.create("sender", policies=["sends"])
    nothing = json.dumps({"form": 1, "changes": []}).encode()

    def send(user, body: bytes):
        return Wire(server.address, user.credentials).request("POST", "/", "replicate=", {}, body)
    assert [send(user, nothing).status for user in (plain, wide, sender)] == [403, 403, 200]
    made = {"at": "2026-11-30T12:00:00Z", "region": "far-1"}
    user = {"user": "eve", "id": "eve-id", "made": made, "role": "user", "display_name": "Eve", "enabled": True,
            "limits": {}, "write": {"of": [made], "stamp": made}, "password": "$argon2id$hunter2",
            "password_write": {"of": [made], "stamp": made}}
    for wrong in ({**user, "role": "$argon2id$hunter2"}, {**user, "display_name": "x" * 1_000}):
        answer = send(sender, json.dumps({"form": 1, "changes": [{"user": wrong}]}).encode())
        assert answer.status == 400 and b"hunter2" not in answer.body, answer.body
    root = json.dumps({"form": 1, "changes": [{"user": {**user, "user": "root"}}]}).encode()
    assert send(sender, root).status == 409
    # Of a signature that covers no body anybody could make another use.
    wire = Wire(server.address, sender.credentials)
    for payload in ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"):
        assert wire.request("POST", "/", "replicate=", {}, nothing, payload).status in (400, 403), payload
    assert fetch(server, "POST", presigned(wire, "POST", "/", "replicate="), nothing) == 403
    # What denies something that only a later release knows is taken, and denies everything.
    unknown = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:NotYetKnown", "Resource": "*"}]}
    policy = {"policy": "of-a-later-release", "document": json.dumps(unknown), "write": {"of": [made], "stamp": made}}
    assert send(sender, json.dumps({"form": 1, "changes": [{"policy": policy}]}).encode()).status == 200
    assert works(server, plain.credentials)
    other.ask("PUT", "/policies/of-a-later-release/users/plain")
    assert buckets(server, plain.credentials) == "AccessDenied"
    late = send(sender, json.dumps({"form": 2, "more": []}).encode())
    assert late.status == 501 and b"known are 1" in late.body
    assert send(sender, json.dumps({"form": 1, "changes": [{"user": user}]}).encode()).status == 200
    assert other.ask("GET", "/users/eve")["display_name"] == "Eve"
