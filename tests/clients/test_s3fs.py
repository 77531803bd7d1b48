"""s3fs: a bucket as a folder, with the requests that FUSE makes from ordinary programs' calls."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import wait
from harness.content import KIB, MIB, content
from harness.server import Server

MOUNT_SECONDS = 30

pytestmark = [
    pytest.mark.skipif(not os.access("/dev/fuse", os.R_OK | os.W_OK), reason="there is no /dev/fuse to use here"),
    pytest.mark.skipif(shutil.which("s3fs") is None, reason="s3fs is not installed"),
]


@pytest.fixture
def mounted(server: Server, bucket: str, tmp_path: Path) -> Iterator[Path]:
    """The bucket as a folder; unmounted afterwards."""
    secret = tmp_path / "secret"
    secret.write_text(f"{server.credentials.access}:{server.credentials.secret}")
    secret.chmod(0o600)
    place = tmp_path / "mounted"
    place.mkdir()
    options = f"passwd_file={secret},url={server.endpoint},use_path_request_style,endpoint=us-east-1,multipart_size=5"
    with (tmp_path / "s3fs.log").open("wb") as log:
        process = subprocess.Popen(["s3fs", bucket, place, "-f", "-o", options], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log)
    try:
        wait.until(lambda: process.poll() is not None or os.path.ismount(place), "the mount", MOUNT_SECONDS)
        said = (tmp_path / "s3fs.log").read_text()
        if process.poll() is not None and ("fusermount" in said or "fuse:" in said):
            pytest.skip(f"FUSE is not allowed here: {said}")
        assert process.poll() is None, said
        yield place
    finally:
        subprocess.run(["fusermount", "-u", place], check=False, capture_output=True)
        try:
            process.wait(MOUNT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def test_s3fs_is_a_folder(mounted: Path, s3, bucket: str):
    large = content("s3fs", 12 * MIB + 5)
    (mounted / "dir/below").mkdir(parents=True)
    (mounted / "dir/below/large").write_bytes(large)
    (mounted / "small").write_bytes(b"one")
    assert (mounted / "dir/below/large").read_bytes() == large
    assert s3.get_object(Bucket=bucket, Key="dir/below/large")["Body"].read() == large
    with (mounted / "small").open("ab") as file:
        file.write(b" and more")
    with (mounted / "dir/below/large").open("r+b") as file:
        file.seek(6 * MIB)
        file.write(b"changed")
    expected = large[:6 * MIB] + b"changed" + large[6 * MIB + 7:]
    assert s3.get_object(Bucket=bucket, Key="dir/below/large")["Body"].read() == expected
    (mounted / "small").rename(mounted / "dir/renamed")
    (mounted / "dir/renamed").chmod(0o640)
    (mounted / "link").symlink_to("dir/renamed")
    assert (mounted / "link").read_bytes() == b"one and more"
    assert (mounted / "dir/renamed").stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(mounted)) == ["dir", "link"]
    (mounted / "dir").rename(mounted / "moved")
    assert sorted(path.name for path in (mounted / "moved").iterdir()) == ["below", "renamed"]
    with pytest.raises(OSError, match="not empty"):
        (mounted / "moved").rmdir()
    shutil.rmtree(mounted / "moved")
    (mounted / "link").unlink()
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_s3fs_shows_what_others_put(mounted: Path, s3, bucket: str):
    for key in ("there/a", "there/b c", "top"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    found = {str(path.relative_to(mounted)): path.read_bytes() for path in mounted.rglob("*") if path.is_file()}
    assert found == {key: key.encode() for key in ("there/a", "there/b c", "top")}
    data = content("overwritten", 300 * KIB)
    (mounted / "top").write_bytes(data)
    assert s3.get_object(Bucket=bucket, Key="top")["Body"].read() == data
