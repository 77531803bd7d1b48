"""What was in a bucket at an earlier place in the log, and having it back."""

import json
from urllib.parse import quote

import pytest

from harness.users import Users, call, login

PASSWORD = "correct horse"


@pytest.fixture
def root(server) -> str:
    """An access token of root."""
    return login(server, server.credentials.access, server.credentials.secret)


@pytest.fixture
def versioned(s3, bucket) -> str:
    """A bucket with versioning."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def place(server, token: str) -> int:
    """The sequence of the newest event."""
    return int(call(server, "GET", "/events?limit=1", token=token).headers["x-planetstore-sequence"])


def then(server, token: str, bucket: str, at, **query) -> dict:
    words = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in {"at": at, **query}.items())
    told = call(server, "GET", f"/buckets/{bucket}/objects?{words}", token=token)
    assert told.status == 200, told.body
    return told.json()


def states(page: dict) -> dict[str, tuple[int, bool, bool]]:
    return {found["key"]: (found["size"], found["is_readable"], found["is_held"]) for found in page["objects"]}


def restored(server, token: str, bucket: str, at, *, dry_run: bool, prefix: str = "") -> dict[str, str]:
    told = call(server, "POST", f"/buckets/{bucket}/restore", {"at": str(at), "prefix": prefix, "dry_run": dry_run},
                token=token)
    assert told.status == 200, told.body
    return {change["key"]: change["action"] for change in told.json()["changes"]}


def body(s3, bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_versions_that_are_kept_are_read_as_of_then(server, s3, versioned, root):
    s3.put_object(Bucket=versioned, Key="a", Body=b"1")
    first = s3.put_object(Bucket=versioned, Key="b", Body=b"22")["VersionId"]
    s3.put_object(Bucket=versioned, Key="c/d", Body=b"333")
    at = place(server, root)
    s3.put_object(Bucket=versioned, Key="b", Body=b"other")
    s3.delete_object(Bucket=versioned, Key="a")
    s3.put_object(Bucket=versioned, Key="new", Body=b"new")
    page = then(server, root, versioned, at)
    assert states(page) == {"a": (1, True, True), "b": (2, True, True), "c/d": (3, True, True)}
    assert page["at"] == at and page["next"] is None
    assert next(found["version_id"] for found in page["objects"] if found["key"] == "b") == first
    rolled = then(server, root, versioned, at, delimiter="/")
    assert (rolled["prefixes"], list(states(rolled))) == (["c/"], ["a", "b"])
    assert list(states(then(server, root, versioned, at, prefix="c"))) == ["c/d"]
    paged = then(server, root, versioned, at, limit=2)
    assert list(states(paged)) == ["a", "b"]
    assert list(states(then(server, root, versioned, at, after=paged["next"]))) == ["c/d"]


def test_restoring_adds_versions_and_destroys_none(server, s3, versioned, root):
    for key in ("same", "overwritten", "deleted"):
        s3.put_object(Bucket=versioned, Key=key, Body=key.encode(), Metadata={"of": "then"})
    at = place(server, root)
    s3.put_object(Bucket=versioned, Key="overwritten", Body=b"other")
    s3.delete_object(Bucket=versioned, Key="deleted")
    s3.put_object(Bucket=versioned, Key="later", Body=b"later")
    before = s3.list_object_versions(Bucket=versioned)
    wanted = {"deleted": "restore", "later": "hide", "overwritten": "restore"}
    assert restored(server, root, versioned, at, dry_run=True) == wanted
    assert s3.list_object_versions(Bucket=versioned)["Versions"] == before["Versions"]
    assert restored(server, root, versioned, at, dry_run=False) == wanted
    assert body(s3, versioned, "overwritten") == b"overwritten"
    assert s3.get_object(Bucket=versioned, Key="deleted")["Metadata"] == {"of": "then"}
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=versioned)["Contents"]] == [
        "deleted", "overwritten", "same"]
    kept = {found["VersionId"] for found in s3.list_object_versions(Bucket=versioned)["Versions"]}
    assert kept >= {found["VersionId"] for found in before["Versions"]}
    assert restored(server, root, versioned, at, dry_run=False) == {}, "the second time there is nothing to do"


def test_a_version_that_was_deleted_for_good_is_held_or_gone(server, s3, versioned, root):
    version = s3.put_object(Bucket=versioned, Key="a", Body=b"bytes of a version")["VersionId"]
    at = place(server, root)
    s3.delete_object(Bucket=versioned, Key="a", VersionId=version)
    page = then(server, root, versioned, at)
    assert states(page) == {"a": (18, False, True)}
    assert page["objects"][0]["etag"] and page["objects"][0]["version_id"] == version
    assert restored(server, root, versioned, at, dry_run=False) == {"a": "restore"}
    assert body(s3, versioned, "a") == b"bytes of a version"


def test_a_bucket_without_versions_says_what_was_there_and_nothing_of_now_is_destroyed(server, s3, bucket, root):
    s3.put_object(Bucket=bucket, Key="deleted", Body=b"deleted")
    s3.put_object(Bucket=bucket, Key="overwritten", Body=b"of then")
    at = place(server, root)
    s3.delete_object(Bucket=bucket, Key="deleted")
    s3.put_object(Bucket=bucket, Key="overwritten", Body=b"of now, and longer")
    s3.put_object(Bucket=bucket, Key="later", Body=b"later")
    page = then(server, root, bucket, at)
    assert states(page) == {"deleted": (7, False, True), "overwritten": (7, False, True)}
    assert {found["version_id"] for found in page["objects"]} == {"null"}
    done = restored(server, root, bucket, at, dry_run=False)
    assert done == {"deleted": "restore", "later": "would_destroy", "overwritten": "would_destroy"}
    assert body(s3, bucket, "deleted") == b"deleted"
    assert body(s3, bucket, "overwritten") == b"of now, and longer"
    assert body(s3, bucket, "later") == b"later"


def test_a_place_that_is_none_is_refused(server, s3, bucket, root):
    for at, status in [("yesterday", 400), (10**9, 400), ("1970-01-01T00:00:00Z", 404), (1, 404)]:
        told = call(server, "GET", f"/buckets/{bucket}/objects?at={at}", token=root)
        assert told.status == status, (at, told.body)
    assert call(server, "GET", "/buckets/nosuchbucket/objects?at=1", token=root).status == 404
    assert call(server, "GET", f"/buckets/{bucket}/objects?at=1").status == 401


def test_rights_are_those_of_the_keys(server, s3, versioned, root):
    for key in ("mine/a", "other/a"):
        s3.put_object(Bucket=versioned, Key=key, Body=b"1")
    at = place(server, root)
    for key in ("mine/a", "other/a"):
        s3.put_object(Bucket=versioned, Key=key, Body=b"2")
    arn = f"arn:aws:s3:::{versioned}"
    users = Users(server)
    users.store_policy("rewinds", json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListBucketVersions", "Resource": arn},
        {"Effect": "Allow", "Action": ["s3:GetObjectVersion", "s3:PutObject"], "Resource": f"{arn}/mine/*"}]}))
    users.create("rewinder", policies=["rewinds"], password=PASSWORD)
    users.create("stranger", policies=[], password=PASSWORD)
    users.close()
    token = login(server, "rewinder", PASSWORD)
    assert restored(server, token, versioned, at, dry_run=False) == {"mine/a": "restore", "other/a": "denied"}
    assert (body(s3, versioned, "mine/a"), body(s3, versioned, "other/a")) == (b"1", b"2")
    stranger = login(server, "stranger", PASSWORD)
    assert call(server, "GET", f"/buckets/{versioned}/objects?at={at}", token=stranger).status == 403


def test_the_command_line_lists_and_restores(server, s3, versioned, root):
    s3.put_object(Bucket=versioned, Key="a/b", Body=b"then")
    at = place(server, root)
    s3.delete_object(Bucket=versioned, Key="a/b")
    listed = server.run("ls", "--at", str(at), f"s3://{versioned}/a/", "-o", "json")
    assert listed.returncode == 0, listed.stderr
    assert [found["key"] for found in json.loads(listed.stdout)] == ["a/b"]
    dry = server.run("restore", "--at", str(at), f"s3://{versioned}/a/")
    assert dry.returncode == 0 and "restore" in dry.stdout and "nothing was changed" in dry.stderr
    assert "Contents" not in s3.list_objects_v2(Bucket=versioned)
    assert server.run("restore", "--at", str(at), "--really", f"s3://{versioned}/a/").returncode == 0
    assert body(s3, versioned, "a/b") == b"then"
