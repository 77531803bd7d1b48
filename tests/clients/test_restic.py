"""restic: backups, with its deduplication and its locks in the bucket."""

import json
import shutil

import pytest

from harness.clients import CommandLine
from harness.content import MIB, content
from harness.tree import files


@pytest.fixture
def restic(command: CommandLine, server, bucket):
    """Runs restic on its own repository."""
    command.environment.update(RESTIC_PASSWORD="open",
                               RESTIC_REPOSITORY=f"s3:{server.endpoint}/{bucket}/of/this",
                               RESTIC_CACHE_DIR=str(command.home / "cache"))
    return lambda *words, expect=0: command.run("restic", *words, expect=expect)


def test_restic_backs_up_restores_checks_and_prunes(restic, s3, bucket, tmp_path, tree):
    restic("init")
    restic("backup", "tree")
    first = files(tree)
    (tree / "dir/deep/large").write_bytes(first["dir/deep/large"] + b"and more")
    (tree / "unique").write_bytes(content("unique", 5 * MIB))
    (tree / "small.txt").unlink()
    restic("backup", "tree")
    shots = json.loads(restic("snapshots", "--json"))
    assert len(shots) == 2
    for shot, expected in zip(shots, (first, files(tree)), strict=True):
        restic("restore", shot["id"], "--target", tmp_path / shot["id"])
        # Depending on restic's version, paths are stored whole or as given.
        restored = next((tmp_path / shot["id"]).rglob("tree"))
        assert files(restored) == expected
    restic("check", "--read-data")

    sizes = lambda: sum(entry["Size"] for page in s3.get_paginator("list_objects_v2").paginate(  # noqa: E731
        Bucket=bucket) for entry in page["Contents"])
    before = sizes()
    shutil.rmtree(tree)
    tree.mkdir()
    (tree / "only").write_bytes(b"this")
    restic("backup", "tree")
    restic("forget", "--keep-last", "1", "--prune")
    assert len(json.loads(restic("snapshots", "--json"))) == 1
    restic("check", "--read-data")
    assert sizes() < before / 10, "what no snapshot needs is gone"


def test_restic_takes_no_wrong_password_and_leaves_no_lock(restic, command, s3, bucket, tree):
    restic("init")
    restic("backup", "tree/small.txt")
    command.environment["RESTIC_PASSWORD"] = "guessed"
    assert "wrong password" in restic("snapshots", expect=1)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="of/this/locks/")
    assert listed["KeyCount"] == 0, listed
