"""The command lines people use: aws, rclone and s3cmd."""

import json
import os
from pathlib import Path

import pytest

from harness.content import KIB, MIB, content, etag, md5

FILES = {
    "empty": b"",
    "small.txt": b"a few words\n",
    "with space+plus%.txt": b"odd name",
    "dir/inner": content("inner", 70 * KIB),
    "dir/deep/large": content("large", 17 * MIB + 3),
    "ünïcode": "grüße".encode(),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of files to send."""
    root = tmp_path / "tree"
    for name, data in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


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


def test_rclone_copies_checks_and_syncs(command, tmp_path, tree):
    rclone = lambda *words, expect=0: command.run("rclone", *words, expect=expect)  # noqa: E731
    chunks = ("--s3-upload-cutoff", "6M", "--s3-chunk-size", "5M")
    rclone("mkdir", "ps:rclone-basic")
    assert "rclone-basic" in rclone("lsd", "ps:")
    rclone("copy", tree, "ps:rclone-basic/t", *chunks)
    assert set(rclone("lsf", "-R", "--files-only", "ps:rclone-basic/t").splitlines()) == set(FILES)
    rclone("check", tree, "ps:rclone-basic/t")
    rclone("check", "--download", tree, "ps:rclone-basic/t")
    sums = rclone("md5sum", "ps:rclone-basic/t")
    assert f"{md5(FILES['dir/deep/large'])}  dir/deep/large" in sums
    (tree / "small.txt").write_bytes(b"changed to something longer")
    (tree / "empty").unlink()
    assert "1 differences found" in rclone("check", tree, "ps:rclone-basic/t", "--one-way", expect=1)
    rclone("sync", tree, "ps:rclone-basic/t", *chunks)
    rclone("check", tree, "ps:rclone-basic/t")
    rclone("copy", "ps:rclone-basic/t", tmp_path / "back", "--multi-thread-cutoff", "8M")
    assert files(tmp_path / "back") == files(tree)
    rclone("copyto", "ps:rclone-basic/t/dir/deep/large", "ps:rclone-basic/server side")
    assert rclone("size", "--json", "ps:rclone-basic/server side").startswith('{"count":1')
    rclone("purge", "ps:rclone-basic")
    assert "rclone-basic" not in rclone("lsd", "ps:")


def test_rclone_streams_and_moves(command):
    rclone = lambda *words: command.run("rclone", *words)  # noqa: E731
    rclone("mkdir", "ps:rclone-more")
    rclone("touch", "ps:rclone-more/a")
    rclone("moveto", "ps:rclone-more/a", "ps:rclone-more/b/c")
    assert sorted(rclone("lsf", "-R", "ps:rclone-more").split()) == ["b/", "b/c"]
    assert rclone("cat", "ps:rclone-more/b/c") == ""
    rclone("deletefile", "ps:rclone-more/b/c")
    assert rclone("lsf", "-R", "ps:rclone-more") == ""


def test_s3cmd(command, tmp_path, tree):
    s3cmd = lambda *words, expect=0: command.run("s3cmd", "--no-progress", *words, expect=expect)  # noqa: E731
    s3cmd("mb", "s3://s3cmd-basic")
    assert "s3://s3cmd-basic" in s3cmd("ls")
    s3cmd("put", tree / "small.txt", "s3://s3cmd-basic/a b+c")
    s3cmd("put", "--multipart-chunk-size-mb=5", tree / "dir/deep/large", "s3://s3cmd-basic/large")
    listed = s3cmd("ls", "--recursive", "s3://s3cmd-basic")
    assert "s3://s3cmd-basic/a b+c" in listed and "s3://s3cmd-basic/large" in listed
    s3cmd("get", "s3://s3cmd-basic/large", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == FILES["dir/deep/large"]
    s3cmd("cp", "s3://s3cmd-basic/a b+c", "s3://s3cmd-basic/copy")
    assert str(17 * MIB + 3) in s3cmd("du", "s3://s3cmd-basic/large")
    info = s3cmd("info", "s3://s3cmd-basic/large", expect=None)
    assert "File size: 17825795" in info, info
    bucket_info = s3cmd("info", "s3://s3cmd-basic", expect=None)
    assert "Location:  us-east-1" in bucket_info and "Payer:     BucketOwner" in bucket_info, bucket_info
    s3cmd("sync", f"{tree}{os.sep}", "s3://s3cmd-basic/t/")
    s3cmd("sync", "s3://s3cmd-basic/t/", f"{tmp_path / 'synced'}{os.sep}")
    assert files(tmp_path / "synced") == files(tree)
    s3cmd("del", "s3://s3cmd-basic/copy")
    assert "BucketNotEmpty" in s3cmd("rb", "s3://s3cmd-basic", expect=None)
    s3cmd("rb", "--recursive", "--force", "s3://s3cmd-basic")
    assert "s3cmd-basic" not in s3cmd("ls")
