"""The replication configuration of a bucket. What it does is in `tests/operations/test_replication.py`."""

import json
import subprocess

import pytest
from harness.server import BINARY, COMMAND_SECONDS
from harness.users import Users, call

LINK = {"name": "us-west-2", "url": "http://127.0.0.1:1", "access_key": "AKIAREPLICATION00001", "secret_key": "s" * 40}


def rule(**more) -> dict:
    return {
        "ID": "all", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": "photos/"},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::there"}, **more,
    }


@pytest.fixture
def linked(server):
    """Root's session, and a link to a region that does not answer."""
    users = Users(server)
    users.ask("POST", "/links", LINK)
    yield users
    users.ask("DELETE", "/links/us-west-2")
    users.close()


def put(s3, bucket: str, rules: list[dict]) -> None:
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration={"Role": "arn:aws:iam::1:role/r",
                                                                       "Rules": rules})


def test_what_is_set_is_read_and_goes_again(s3, bucket, linked, refused):
    refused("InvalidRequest", 400, put, s3=s3, bucket=bucket, rules=[rule()])
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rules = [
        rule(ExistingObjectReplication={"Status": "Disabled"}),
        rule(ID="tagged", Priority=2, Filter={"And": {"Prefix": "a", "Tags": [{"Key": "k", "Value": "v"}]}},
             Destination={"Bucket": "arn:aws:s3:us-west-2::other", "StorageClass": "GLACIER"}),
    ]
    put(s3, bucket, rules)
    read = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    assert (read["Role"], read["Rules"]) == ("arn:aws:iam::1:role/r", rules)
    old = {"ID": "old", "Prefix": "x", "Status": "Disabled", "Destination": {"Bucket": "arn:aws:s3:::there"}}
    put(s3, bucket, [old])
    assert s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"] == [old]
    s3.delete_bucket_replication(Bucket=bucket)
    refused("ReplicationConfigurationNotFoundError", 404, s3.get_bucket_replication, Bucket=bucket)


def test_a_rule_that_leads_nowhere_is_refused(s3, bucket, linked, refused):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    of = {"s3": s3, "bucket": bucket}
    nowhere = rule(Destination={"Bucket": "arn:aws:s3:eu-1::there"})
    said = refused("InvalidRequest", 400, put, **of, rules=[nowhere])
    assert "no link to the region eu-1" in said["Error"]["Message"]
    refused("InvalidArgument", 400, put, **of, rules=[rule(Destination={"Bucket": "there"})])
    refused("InvalidRequest", 400, put, **of, rules=[rule(), rule(ID="two")])
    account = {"Bucket": "arn:aws:s3:::there", "Account": "123456789012"}
    refused("NotImplemented", 501, put, **of, rules=[rule(Destination=account)])


def test_links_are_listed_without_their_keys(server, linked):
    said = linked.ask("GET", "/links")
    assert [(link["name"], link["url"]) for link in said["links"]] == [("us-west-2", LINK["url"])]
    assert LINK["secret_key"] not in json.dumps(said)
    again = call(server, "POST", "/links", LINK, token=linked.token)
    assert again.status == 409, again.body
    plain = call(server, "POST", "/links", {**LINK, "name": "eu-1", "url": "http://s3.example.com"}, token=linked.token)
    assert plain.status == 400, plain.body


def test_links_are_added_and_removed_by_commands_which_ask_this_store_alone(server, tmp_path):
    def link(*words: str) -> str:
        done = subprocess.run([BINARY, "admin", "--data", str(server.data), "link", *words], capture_output=True,
                              text=True, env=server.surroundings(), timeout=COMMAND_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    (tmp_path / "key").write_text("s" * 40 + "\n")
    # Nobody listens there: whoever asked this address would fail.
    link("add", "eu-9", "http://127.0.0.1:1", "--access-key", "AKIAREPLICATION00009", "--secret-key-file",
         str(tmp_path / "key"))
    assert "http://127.0.0.1:1" in link("list")
    link("remove", "eu-9")
    assert "eu-9" not in link("list")
