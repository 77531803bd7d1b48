"""`planetstore sync` between folders and buckets, `planetstore share`, and what a terminal shows meanwhile."""

import io
import json
import os
import pty
import signal
import subprocess
import threading
import urllib.request
from pathlib import Path

from harness import wait
from harness.content import MIB, content, etag
from harness.server import BINARY
from harness.syncing import Syncing

# Names that a folder can have and a key as well.
NAMES = ["plain.txt", "with space +&=.txt", "ü/☃ 🌧.txt", "a-b", "a/x", "a.b", "new\nline", "%41", "'\"`$", "x.part"]


def plant(folder: Path) -> dict[str, bytes]:
    files = {name: content(name, 50 + len(name)) for name in NAMES}
    files["large.bin"] = content("large", 20 * MIB)
    files["empty.txt"] = b""
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return files


def found(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_goes_to_a_bucket_and_comes_back(server, s3, bucket, tmp_path):
    person = Syncing(tmp_path / "home")
    person.add_server("here", server)
    folder, back = tmp_path / "folder", tmp_path / "back"
    files = plant(folder)
    (folder / "hollow").mkdir()
    (folder / "link").symlink_to("plain.txt")
    (folder / "linked").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    (folder / os.fsdecode(b"not-\xff-utf8")).write_bytes(b"")
    rows, summary = person.sync(folder, f"s3://{bucket}/kept", code=5)
    others = {row["key"]: row["reason"] for row in rows if row["action"] != "send"}
    assert others.pop("not-\ufffd-utf8") == "its name is not UTF-8, and keys are"
    assert others == {"hollow/": "it is an empty folder", "link": "it is a link", "linked": "it is a link",
                      "pipe": "it is no file"}
    assert (summary["sent"], summary["failed"], summary["skipped"]) == (len(files), 1, 4)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="kept/")["Contents"]
    assert {one["Key"].removeprefix("kept/"): one["Size"] for one in listed} == {
        name: len(body) for name, body in files.items()}
    assert s3.head_object(Bucket=bucket, Key="kept/plain.txt")["ContentType"] == "text/plain"
    os.unlink(os.fsencode(folder) + b"/not-\xff-utf8")

    rows, summary = person.sync(folder, f"s3://{bucket}/kept/")
    assert ([row for row in rows if row["action"] != "skip"], summary["same"]) == ([], len(files))
    _, summary = person.sync(f"s3://{bucket}/kept", back)
    assert summary["sent"] == len(files) and found(back) == files
    rows, summary = person.sync(f"s3://{bucket}/kept", back)
    assert (rows, summary["same"]) == ([], len(files))

    # The same size and an older time: only reading it shows that it is something else.
    (folder / "plain.txt").write_bytes(bytes(len(files["plain.txt"])))
    os.utime(folder / "plain.txt", (1, 1))
    (folder / "a.b").unlink()
    _, summary = person.sync(folder, f"s3://{bucket}/kept", "--trust-times")
    assert summary["sent"] == 0
    rows, _ = person.sync(folder, f"s3://{bucket}/kept", "--delete")
    done = sorted((row["action"], row["key"]) for row in rows if row["action"] != "skip")
    assert done == [("remove", "a.b"), ("send", "plain.txt")]
    (back / "own").write_bytes(b"")
    rows, _ = person.sync(f"s3://{bucket}/kept", back, "--delete", "--exclude", "own")
    assert sorted((row["action"], row["key"]) for row in rows) == [("remove", "a.b"), ("send", "plain.txt")]
    assert found(back)["plain.txt"] == bytes(len(files["plain.txt"])) and "own" in found(back)


def test_keys_that_no_file_can_have_are_named_and_the_others_come(server, s3, bucket, tmp_path):
    person = Syncing(tmp_path / "home")
    person.add_server("here", server)
    wrong = ["a//b", "../out", "/etc/x", "./y", ".planetstore-draft-1", "n" * 300]
    for key in [*wrong, "good", "folder/"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"" if key == "folder/" else b"body")
    rows, summary = person.sync(f"s3://{bucket}", tmp_path / "to" / "folder", code=5)
    assert {row["key"] for row in rows if row["action"] == "fail"} == set(wrong)
    assert (summary["sent"], summary["failed"]) == (1, len(wrong))
    assert found(tmp_path / "to") == {"folder/good": b"body"} and (tmp_path / "to/folder/folder").is_dir()


def test_a_file_that_changes_while_it_is_read_is_not_sent(server, s3, bucket, tmp_path):
    person = Syncing(tmp_path / "home")
    person.add_server("here", server)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "busy").write_bytes(bytes(48 * MIB))
    (folder / "calm").write_bytes(b"calm")
    is_over = threading.Event()

    def touch() -> None:
        times = 0
        while not is_over.wait(0.002):
            times += 1
            os.utime(folder / "busy", (times, times))

    toucher = threading.Thread(target=touch)
    toucher.start()
    try:
        rows, _ = person.sync(folder, f"s3://{bucket}", code=5)
    finally:
        is_over.set()
        toucher.join()
    [failed] = [row for row in rows if row["action"] == "fail"]
    assert (failed["key"], "changed while it was read" in failed["reason"]) == ("busy", True), rows
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["calm"]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket), "parts are left"
    _, summary = person.sync(folder, f"s3://{bucket}")
    assert (summary["sent"], summary["same"]) == (1, 1)


def test_a_killed_download_goes_on(server, s3, bucket, tmp_path):
    person = Syncing(tmp_path / "home")
    person.add_server("here", server)
    body = content("download", 192 * MIB)
    s3.upload_fileobj(io.BytesIO(body), bucket, "long")
    to = tmp_path / "to"
    process = person.spawn("sync", f"s3://{bucket}", to)

    def draft() -> int:
        return sum(path.stat().st_size for path in to.glob(".planetstore-draft-*")) if to.exists() else 0

    wait.until(lambda: draft() > 4 * MIB, "the beginning of a draft")
    process.send_signal(signal.SIGKILL)
    process.wait()
    had = draft()
    assert 0 < had < len(body), "it was killed too late to show anything"
    # What it has is kept: damage to it is found, and the object is fetched whole.
    [part] = to.glob(".planetstore-draft-*")
    with part.open("r+b") as file:
        file.write(b"damaged")
    person.sync(f"s3://{bucket}", to)
    assert found(to) == {"long": body}


def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(server, s3, bucket, tmp_path):
    person = Syncing(tmp_path / "home")
    person.add_server("here", server)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "large").write_bytes(content("bar", 40 * MIB))

    def shown(*words: str | Path) -> bytes:
        master, slave = pty.openpty()
        process = subprocess.Popen([BINARY, *map(str, words)], env={**person.environment, "TERM": "xterm"},
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave)
        os.close(slave)
        said = b""
        try:
            while chunk := os.read(master, 1 << 16):
                said += chunk
        except OSError:
            pass  # Linux says EIO when the last one closes the other side.
        os.close(master)
        assert process.wait() == 0 and process.stdout.read()
        process.stdout.close()
        return said

    assert b"/40.00 MiB" in shown("sync", folder, f"s3://{bucket}")
    assert b"/40.00 MiB" in shown("cp", folder / "large", f"s3://{bucket}/second")
    assert b"removing" in shown("rm", "-r", f"s3://{bucket}/second")
    for words in (("sync", folder, f"s3://{bucket}"), ("cp", folder / "large", f"s3://{bucket}/third"),
                  ("rm", "-r", f"s3://{bucket}/third")):
        assert person.run(*words).stderr == b""


def test_a_link_is_shared_as_in_the_console(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="a b/ü", Body=b"shared")
    place = f"s3://{bucket}/a b/ü"
    url = server.run("share", place, "--expires", "10m").stdout.strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"shared"
    told = json.loads(server.run("share", place, "-o", "json").stdout)
    assert told["access_key"] == server.credentials.access and "X-Amz-Expires=3600" in told["url"]
    assert server.run("share", place, "--expires", "8d").returncode == 1
    assert s3.head_object(Bucket=bucket, Key="a b/ü")["ETag"] == etag(b"shared")
