"""rclone, as its provider `Other` with only defaults."""

import json
from datetime import datetime

import pytest

from harness.content import md5
from harness.tree import FILES, files


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


def test_rclone_with_nothing_but_defaults(command, tmp_path, tree):
    """No flags and no provider quirks: a newcomer's configuration."""
    rclone = lambda *words, expect=0: command.run("rclone", *words, expect=expect)  # noqa: E731
    rclone("sync", tree, "ps:rclone-defaults/t")
    rclone("check", tree, "ps:rclone-defaults/t")
    assert "There was nothing to transfer" in rclone("sync", "-v", tree, "ps:rclone-defaults/t", expect=None)
    rclone("sync", "ps:rclone-defaults/t", "ps:rclone-defaults/u")
    rclone("check", "ps:rclone-defaults/t", "ps:rclone-defaults/u")
    rclone("move", "ps:rclone-defaults/u/dir", "ps:rclone-defaults/v")
    assert "dir/" not in rclone("lsf", "ps:rclone-defaults/u").split()
    rclone("copyto", "ps:rclone-defaults/v/deep/large", tmp_path / "large")
    assert (tmp_path / "large").read_bytes() == FILES["dir/deep/large"]
    listed = json.loads(rclone("lsjson", "--stat", "--hash", "ps:rclone-defaults/t/small.txt"))
    assert (listed["Size"], listed["Hashes"]["md5"]) == (12, md5(FILES["small.txt"]))
    # The modification time of the file, which rclone stores in metadata, not that of the upload.
    kept = datetime.fromisoformat(listed["ModTime"].replace("Z", "+00:00")[:19] + "+00:00")
    assert abs(kept.timestamp() - (tree / "small.txt").stat().st_mtime) < 2


def test_rclone_touches_a_time_by_copying_onto_itself(command, tree):
    rclone = lambda *words: command.run("rclone", *words)  # noqa: E731
    rclone("copyto", tree / "small.txt", "ps:rclone-times/k")
    rclone("touch", "-t", "2001-02-03T04:05:06", "ps:rclone-times/k")
    assert "2001-02-03 04:05:06" in rclone("lsl", "ps:rclone-times")
    assert rclone("cat", "ps:rclone-times/k") == "a few words\n"


def test_rclone_sends_what_it_does_not_know_the_length_of(command, tmp_path, tree):
    command.run("rclone", "mkdir", "ps:rclone-pipes")
    command.run("sh", "-c", "rclone rcat ps:rclone-pipes/large < tree/dir/deep/large")
    command.run("sh", "-c", "printf tiny | rclone rcat ps:rclone-pipes/tiny")
    command.run("rclone", "copy", "ps:rclone-pipes", tmp_path / "back")
    assert files(tmp_path / "back") == {"large": FILES["dir/deep/large"], "tiny": b"tiny"}
    command.run("sh", "-c", "rclone cat --offset 9000000 --count 9 ps:rclone-pipes/large > some")
    assert (tmp_path / "some").read_bytes() == FILES["dir/deep/large"][9_000_000:9_000_009]


def test_rclone_shows_versions(command, tmp_path):
    rclone = lambda *words: command.run("rclone", *words)  # noqa: E731
    rclone("mkdir", "ps:rclone-versions")
    command.run("aws", "s3api", "put-bucket-versioning", "--bucket", "rclone-versions",
                "--versioning-configuration", "Status=Enabled")
    for text in ("one", "three"):
        (tmp_path / "k.txt").write_text(text)
        rclone("copy", tmp_path / "k.txt", "ps:rclone-versions", "--ignore-times")
    rclone("deletefile", "ps:rclone-versions/k.txt")
    assert rclone("lsf", "ps:rclone-versions") == ""
    versions = rclone("lsf", "--s3-versions", "ps:rclone-versions").split()
    assert len(versions) == 2, versions
    assert {rclone("cat", "--s3-versions", f"ps:rclone-versions/{name}") for name in versions} == {"one", "three"}


@pytest.mark.parametrize("name", ["tab\tkey", "back\\slash", "quote\"key", "a&b<c>", "percent%41", "line\nkey"])
def test_rclone_names_that_need_encoding(command, tmp_path, name):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / name).write_text(name)
    command.run("rclone", "copy", tmp_path / "odd", "ps:rclone-names")
    command.run("rclone", "check", "--download", tmp_path / "odd", "ps:rclone-names", "--one-way")
    command.run("rclone", "copy", "ps:rclone-names", tmp_path / "back")
    assert (tmp_path / "back" / name).read_text() == name


def test_rclone_encrypts_and_checks_what_it_sent(command, s3, tmp_path, tree):
    """With a customer's key it requires TLS."""
    rclone = lambda *words: command.run("rclone", *words, "--s3-server-side-encryption", "aws:kms")  # noqa: E731
    bucket = "ps:rclone-encrypted"
    rclone("mkdir", bucket)
    rclone("copy", tree, f"{bucket}/t", "--s3-upload-cutoff", "6M", "--s3-chunk-size", "5M")
    rclone("check", "--download", tree, f"{bucket}/t")
    rclone("copyto", f"{bucket}/t/dir/deep/large", f"{bucket}/t/copy")
    for key in ("small.txt", "dir/deep/large", "copy"):
        assert s3.head_object(Bucket="rclone-encrypted", Key=f"t/{key}")["ServerSideEncryption"] == "aws:kms"
    rclone("copy", f"{bucket}/t", tmp_path / "back")
    assert files(tmp_path / "back") == {**files(tree), "copy": FILES["dir/deep/large"]}
