"""s3cmd."""

import json
import os

from harness.content import MIB
from harness.tree import FILES, files


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


def test_s3cmd_syncs_what_changed_and_no_more(command, tmp_path, tree):
    s3cmd = lambda *words: command.run("s3cmd", "--no-progress", *words)  # noqa: E731
    s3cmd("mb", "s3://s3cmd-sync")
    upload = ("sync", "--delete-removed", "--multipart-chunk-size-mb=5", f"{tree}{os.sep}", "s3://s3cmd-sync/")
    assert s3cmd(*upload).count("upload:") == len(FILES)
    assert "upload:" not in s3cmd(*upload)
    (tree / "small.txt").write_bytes(b"other words")
    (tree / "empty").unlink()
    said = s3cmd(*upload)
    assert (said.count("upload:"), said.count("delete:")) == (1, 1), said
    s3cmd("sync", "s3://s3cmd-sync/", f"{tmp_path / 'back'}{os.sep}")
    assert files(tmp_path / "back") == files(tree)
    s3cmd("sync", "s3://s3cmd-sync/dir/", "s3://s3cmd-sync/copied/")
    assert "s3://s3cmd-sync/copied/deep/large" in s3cmd("ls", "-r", "s3://s3cmd-sync")


def test_s3cmd_keeps_headers_and_takes_ranges(command, s3, tmp_path, tree):
    s3cmd = lambda *words: command.run("s3cmd", "--no-progress", *words)  # noqa: E731
    s3cmd("mb", "s3://s3cmd-more")
    s3cmd("put", "--mime-type=text/csv", "--add-header=x-amz-meta-colour:blue", "--storage-class=STANDARD_IA",
          tree / "small.txt", "s3://s3cmd-more/k")
    info = s3cmd("info", "s3://s3cmd-more/k")
    assert "MIME type: text/csv" in info and "blue" in info and "STANDARD_IA" in info, info
    s3cmd("modify", "--add-header=cache-control:no-cache", "s3://s3cmd-more/k")
    assert s3.head_object(Bucket="s3cmd-more", Key="k")["CacheControl"] == "no-cache"
    (tmp_path / "part").write_bytes(FILES["small.txt"][:5])
    s3cmd("get", "--continue", "s3://s3cmd-more/k", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == FILES["small.txt"]
    s3cmd("mv", "s3://s3cmd-more/k", "s3://s3cmd-more/moved")
    upload = s3.create_multipart_upload(Bucket="s3cmd-more", Key="abandoned")["UploadId"]
    assert upload in s3cmd("multipart", "s3://s3cmd-more")
    s3cmd("abortmp", "s3://s3cmd-more/abandoned", upload)
    assert upload not in s3cmd("multipart", "s3://s3cmd-more")
    assert [line.split()[-1] for line in s3cmd("ls", "s3://s3cmd-more").splitlines()] == ["s3://s3cmd-more/moved"]


def test_s3cmd_sets_policies_and_cors(command, tmp_path):
    s3cmd = lambda *words: command.run("s3cmd", "--no-progress", *words)  # noqa: E731
    s3cmd("mb", "s3://s3cmd-settings")
    rule = ("<AllowedOrigin>https://example.com</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"
            "<AllowedHeader>*</AllowedHeader>")
    (tmp_path / "cors.xml").write_text(f"<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>")
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::s3cmd-settings/*"}]}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    s3cmd("setcors", "cors.xml", "s3://s3cmd-settings")
    s3cmd("setpolicy", "policy.json", "s3://s3cmd-settings")
    info = s3cmd("info", "s3://s3cmd-settings")
    assert "https://example.com" in info and "s3:DeleteObject" in info, info
    s3cmd("delcors", "s3://s3cmd-settings")
    s3cmd("delpolicy", "s3://s3cmd-settings")
    info = s3cmd("info", "s3://s3cmd-settings")
    assert "https://example.com" not in info and "s3:DeleteObject" not in info, info


def test_s3cmd_encrypts(command, s3, tmp_path, tree):
    s3cmd = lambda *words: command.run("s3cmd", "--no-progress", *words)  # noqa: E731
    s3cmd("mb", "s3://s3cmd-encrypted")
    words = ("--server-side-encryption", "--server-side-encryption-kms-id=aws/s3")
    for key, path in {"small": "small.txt", "large": "dir/deep/large"}.items():
        said = s3cmd("put", "--multipart-chunk-size-mb=5", *words, tree / path, f"s3://s3cmd-encrypted/{key}")
        assert "WARNING" not in said, said
        assert s3.head_object(Bucket="s3cmd-encrypted", Key=key)["ServerSideEncryption"] == "aws:kms"
        s3cmd("get", "--force", f"s3://s3cmd-encrypted/{key}", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == FILES[path]
