"""The AWS command line: `aws s3` and `aws s3api`."""

import json
import urllib.error
import urllib.request

import pytest

from harness.content import MIB, content, etag, etag_of_parts
from harness.tree import FILES, files


def test_aws_copies_lists_and_removes(command, tmp_path, tree):
    aws = lambda *words, expect=0: command.run("aws", "s3", *words, expect=expect)  # noqa: E731
    aws("mb", "s3://aws-basic")
    assert "aws-basic" in aws("ls")
    aws("cp", tree / "small.txt", "s3://aws-basic/a b/small.txt", "--metadata", "colour=blue")
    aws("cp", tree / "dir/deep/large", "s3://aws-basic/large")
    aws("cp", "s3://aws-basic/large", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == FILES["dir/deep/large"]
    assert aws("cp", "s3://aws-basic/a b/small.txt", "-") == "a few words\n"
    aws("cp", "s3://aws-basic/large", "s3://aws-basic/copied/large")
    listed = aws("ls", "s3://aws-basic", "--recursive")
    assert [line.split(None, 3)[2:] for line in listed.splitlines()] == [
        ["12", "a b/small.txt"], [str(17 * MIB + 3), "copied/large"], [str(17 * MIB + 3), "large"]]
    assert "PRE copied/" in aws("ls", "s3://aws-basic/")
    aws("mv", "s3://aws-basic/large", "s3://aws-basic/moved")
    aws("rm", "s3://aws-basic/copied/", "--recursive")
    assert "BucketNotEmpty" in aws("rb", "s3://aws-basic", expect=1)
    aws("rb", "s3://aws-basic", "--force")
    assert "aws-basic" not in aws("ls")


def test_aws_sync_sends_what_changed_and_no_more(command, tmp_path, tree):
    aws = lambda *words: command.run("aws", "s3", *words)  # noqa: E731
    aws("mb", "s3://aws-sync")
    assert aws("sync", tree, "s3://aws-sync/t").count("upload:") == len(FILES)
    assert aws("sync", tree, "s3://aws-sync/t") == ""
    (tree / "small.txt").write_bytes(b"changed to something longer")
    (tree / "empty").unlink()
    said = aws("sync", tree, "s3://aws-sync/t", "--delete")
    assert (said.count("upload:"), said.count("delete:")) == (1, 1)
    aws("sync", "s3://aws-sync/t", tmp_path / "back")
    assert files(tmp_path / "back") == files(tree)


def test_aws_s3api(command, tree):
    def api(*words, expect=0):
        said = command.run("aws", "s3api", *words, expect=expect)
        return json.loads(said) if expect == 0 and said.strip() else said

    bucket = ("--bucket", "aws-api")
    api("create-bucket", *bucket)
    api("put-bucket-versioning", *bucket, "--versioning-configuration", "Status=Enabled")
    assert api("get-bucket-versioning", *bucket) == {"Status": "Enabled"}
    put = api("put-object", *bucket, "--key", "k", "--body", tree / "small.txt", "--checksum-algorithm", "SHA256")
    assert put["ETag"] == etag(FILES["small.txt"]) and put["VersionId"] and put["ChecksumSHA256"]
    assert api("head-object", *bucket, "--key", "k")["ContentLength"] == 12
    assert "PreconditionFailed" in api(
        "put-object", *bucket, "--key", "k", "--body", tree / "empty", "--if-none-match", "*", expect=None)
    assert api("delete-object", *bucket, "--key", "k")["DeleteMarker"] is True
    assert len(api("list-object-versions", *bucket)["DeleteMarkers"]) == 1
    assert "Not Found" in api("head-object", *bucket, "--key", "k", expect=None)


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def test_aws_moves_whole_folders(command, tmp_path, tree):
    aws = lambda *words: command.run("aws", "s3", *words)  # noqa: E731
    sent = files(tree)
    aws("mb", "s3://aws-moves")
    aws("mv", tree, "s3://aws-moves/a", "--recursive")
    assert files(tree) == {}
    aws("mv", "s3://aws-moves/a", "s3://aws-moves/b", "--recursive")
    assert "a/" not in aws("ls", "s3://aws-moves").split()
    aws("rm", "s3://aws-moves/b", "--recursive", "--exclude", "*", "--include", "dir/*")
    aws("mv", "s3://aws-moves/b", tmp_path / "back", "--recursive")
    assert files(tmp_path / "back") == {name: data for name, data in sent.items() if not name.startswith("dir/")}
    assert aws("ls", "s3://aws-moves") == ""


def test_aws_streams_from_and_to_pipes(command, tmp_path, tree):
    command.run("aws", "s3", "mb", "s3://aws-pipes")
    command.run("sh", "-c", "aws s3 cp - s3://aws-pipes/k < tree/dir/deep/large")
    command.run("sh", "-c", "aws s3 cp s3://aws-pipes/k - > back")
    assert (tmp_path / "back").read_bytes() == FILES["dir/deep/large"]


def test_aws_presigns(command, tree):
    aws = lambda *words: command.run("aws", "s3", *words)  # noqa: E731
    aws("mb", "s3://aws-presigned")
    aws("cp", tree / "small.txt", "s3://aws-presigned/a b+c.txt")
    # Version 1 of the command line signs with SigV2 by default; the refusal says how to configure it.
    old = aws("presign", "s3://aws-presigned/a b+c.txt").strip()
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(old)
    assert b"s3v4" in caught.value.read()
    command.run("aws", "configure", "set", "default.s3.signature_version", "s3v4")
    assert fetch(aws("presign", "s3://aws-presigned/a b+c.txt", "--expires-in", "60").strip()) == FILES["small.txt"]


def test_aws_s3api_multipart_by_hand(command, tmp_path):
    def api(*words):
        said = command.run("aws", "s3api", *words)
        return json.loads(said) if said.strip() else {}

    pieces = [content(number, size) for number, size in enumerate((5 * MIB, 5 * MIB, 7))]
    place = ("--bucket", "aws-parts", "--key", "k")
    api("create-bucket", *place[:2])
    upload = api("create-multipart-upload", *place, "--metadata", "colour=blue")["UploadId"]
    parts = []
    for number, data in reversed(list(enumerate(pieces, 1))):
        (tmp_path / "piece").write_bytes(data)
        put = api("upload-part", *place, "--upload-id", upload, "--part-number", str(number), "--body", "piece")
        parts.insert(0, {"PartNumber": number, "ETag": put["ETag"]})
    listed = api("list-parts", *place, "--upload-id", upload)["Parts"]
    assert [part["Size"] for part in listed] == list(map(len, pieces))
    (tmp_path / "parts.json").write_text(json.dumps({"Parts": parts}))
    done = api("complete-multipart-upload", *place, "--upload-id", upload, "--multipart-upload", "file://parts.json")
    assert done["ETag"] == etag_of_parts(pieces)
    got = api("get-object", *place, "--range", f"bytes={5 * MIB - 3}-{5 * MIB + 2}", "back")
    assert (tmp_path / "back").read_bytes() == b"".join(pieces)[5 * MIB - 3:5 * MIB + 3]
    assert (got["Metadata"], got["ContentRange"]) == (
        {"colour": "blue"}, f"bytes {5 * MIB - 3}-{5 * MIB + 2}/{10 * MIB + 7}")
    assert api("head-object", *place, "--part-number", "3")["PartsCount"] == 3


def test_aws_s3api_pages_by_tokens(command, s3, bucket):
    keys = [f"k{number:02}" for number in range(7)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    found, token = [], ()
    for _ in range(len(keys)):
        page = json.loads(command.run(
            "aws", "s3api", "list-objects-v2", "--bucket", bucket, "--max-items", "3", "--page-size", "2", *token))
        found += [entry["Key"] for entry in page["Contents"]]
        if "NextToken" not in page:
            break
        token = ("--starting-token", page["NextToken"])
    assert found == keys


def test_aws_encrypts_with_a_key_of_the_customer(command, s3, tmp_path, tree):
    aws = lambda *words: command.run("aws", "s3", *words)  # noqa: E731
    key = tmp_path / "key"
    key.write_bytes(bytes(range(32)))
    own = ("--sse-c", "AES256", "--sse-c-key", f"fileb://{key}")
    s3.create_bucket(Bucket="aws-encrypted")
    aws("cp", tree / "dir/deep/large", "s3://aws-encrypted/large", *own)
    aws("cp", "s3://aws-encrypted/large", tmp_path / "back", *own)
    assert (tmp_path / "back").read_bytes() == FILES["dir/deep/large"]
    aws("cp", "s3://aws-encrypted/large", "s3://aws-encrypted/store", "--sse", "aws:kms",
        "--sse-c-copy-source", "AES256", "--sse-c-copy-source-key", f"fileb://{key}")
    assert s3.get_object(Bucket="aws-encrypted", Key="store")["Body"].read() == FILES["dir/deep/large"]


def test_aws_s3api_locks_objects(command, s3, tree):
    def api(*words, expect=0):
        return command.run("aws", "s3api", *words, expect=expect)

    bucket = {"Bucket": "aws-locking"}
    s3.create_bucket(**bucket, ObjectLockEnabledForBucket=True)
    s3.put_object_lock_configuration(**bucket, ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}})
    said = api("put-object", "--bucket", "aws-locking", "--key", "k", "--body", tree / "small.txt",
               "--object-lock-legal-hold-status", "ON")
    version = json.loads(said)["VersionId"]
    named = ("--bucket", "aws-locking", "--key", "k", "--version-id", version)
    assert json.loads(api("get-object-retention", *named))["Retention"]["Mode"] == "GOVERNANCE"
    bypass = ("delete-object", *named, "--bypass-governance-retention")
    assert "AccessDenied" in api(*bypass, expect=None)
    api("put-object-legal-hold", *named, "--legal-hold", "Status=OFF")
    api(*bypass)
    assert "Versions" not in s3.list_object_versions(**bucket)
