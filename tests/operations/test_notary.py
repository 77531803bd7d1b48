"""The notary: what it signs, and that every change of it is found without the store."""

import json
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from harness import wait
from harness.server import BINARY
from harness.users import call, login

PROOF_BYTES_MAX = 2_000
UNHEALTHY = 5
EVENTS = 25


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A store with some events, all of which are signed."""
    from harness.server import Server
    folder = tmp_path_factory.mktemp("notary")
    server = Server(folder, environment={"PLANETSTORE_NOTARY_INTERVAL": "1s"}).start()
    with closing(server.wire()) as wire:
        wire.make_bucket("photos")
        for number in range(EVENTS):
            wire.put("photos", f"object-{number}", b"x")
    yield server
    server.stop()


def token(server) -> str:
    return login(server, server.credentials.access, server.credentials.secret)


def checkpoints(server) -> dict:
    told = call(server, "GET", "/checkpoints", token=token(server))
    assert told.status == 200, told.body
    return told.json()


def newest_of(server, kind: str) -> int:
    """The sequence of the newest event of a type."""
    got = server.run("events", "get", "--type", kind, "-o", "ndjson")
    return int(json.loads(got.stdout.splitlines()[-1])["sequence"])


def public_key(server) -> str:
    return server.run("notary-key", "--public").stdout.strip()


def export(server, file: Path, *words: str) -> list[bytes]:
    """The lines of an export."""
    done = server.run("events", "export", "-o", str(file), *words)
    assert done.returncode == 0, done.stderr
    return file.read_bytes().splitlines()


def verify(folder: Path, lines: list[bytes], key: str) -> tuple[int, str]:
    """What is found in lines, by a program that knows no store."""
    file = folder / "changed.ndjson"
    file.write_bytes(b"\n".join(lines) + b"\n")
    done = subprocess.run([BINARY, "events", "verify", file, "--pubkey", key], capture_output=True, text=True, cwd=folder)
    return done.returncode, done.stdout


def test_a_file_is_good_until_something_in_it_is_changed(signed, tmp_path):
    last = newest_of(signed, "object.created")
    wait.until(lambda: checkpoints(signed)["covered"] >= last, "a checkpoint of all objects")
    key = public_key(signed)
    lines = export(signed, tmp_path / "log.ndjson")
    code, said = verify(tmp_path, lines, key)
    assert code == 0 and "valid" in said, said
    at = next(place for place, line in enumerate(lines) if b"object-7" in line)
    sequence = int(json.loads(lines[at])["sequence"])
    before, line, after = lines[:at], lines[at], lines[at + 1:]
    for changed, name in [
        ([*before, line.replace(b"object-7", b"object-8"), *after], f"event {sequence} was changed"),
        ([*before, *after], f"event {sequence} was removed"),
        ([*before, line, line, *after], f"it says that it is event {sequence}"),
        ([*before, after[0], line, *after[1:]], "was moved"),
    ]:
        code, said = verify(tmp_path, changed, key)
        assert code == UNHEALTHY and name in said, said
    assert verify(tmp_path, lines[:-1], key)[0] == UNHEALTHY
    code, said = verify(tmp_path, lines, "ab" * 32)
    assert code == UNHEALTHY and "never signed by the given key" in said


def test_no_secret_is_exported(signed, tmp_path):
    server = signed
    assert server.run("admin", "user", "create", "ada", "--generate-password").returncode == 0
    last = newest_of(server, "user.created")
    wait.until(lambda: checkpoints(server)["covered"] >= last, "a checkpoint of the user")
    lines = [json.loads(line) for line in export(server, tmp_path / "log.ndjson")]
    assert not [line for line in lines if line.get("type", "").split(".")[2:3] in (["secret"], ["session"])]
    assert "secret" in [line["withheld"]["why"] for line in lines if "withheld" in line]


def test_a_range_of_a_running_store_is_verified(signed):
    key = public_key(signed)
    good = signed.run("events", "verify", "--from", "5", "--to", "9", "--pubkey", key)
    assert good.returncode == 0, good.stdout + good.stderr
    beyond = signed.run("events", "verify", "--from", "1000000")
    assert beyond.returncode == 1 and "the log ends at" in beyond.stderr


def test_one_event_is_proven_in_less_than_two_kilobytes(signed, tmp_path):
    last = newest_of(signed, "object.created")
    wait.until(lambda: checkpoints(signed)["covered"] >= last, "a checkpoint of all objects")
    lines = export(signed, tmp_path / "log.ndjson")
    line = next(line for line in lines if b"object-3" in line)
    sequence = json.loads(line)["sequence"].lstrip("0")
    printed = signed.run("events", "proof", sequence)
    assert printed.returncode == 0, printed.stderr
    proof, event = tmp_path / "proof.json", tmp_path / "event.json"
    proof.write_text(printed.stdout)
    assert len(printed.stdout) < PROOF_BYTES_MAX
    for content, code in [(line, 0), (line.replace(b"object-3", b"object-4"), UNHEALTHY)]:
        event.write_bytes(content)
        words = ["events", "verify", "--proof", str(proof), "--event", str(event), "--pubkey", public_key(signed)]
        done = subprocess.run([BINARY, *words], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == code, done.stdout + done.stderr


def test_strangers_are_shown_nothing(signed):
    for path in ("/checkpoints", "/events/1/proof", "/events/export"):
        assert call(signed, "GET", path).status == 401


def test_a_key_that_follows_is_signed_by_the_one_before_it(make_server, tmp_path):
    server = make_server()
    first, second = (subprocess.run([BINARY, "notary-key", "--fresh"], capture_output=True, text=True,
                                    check=True).stdout.strip().split("=", 1)[1] for _ in range(2))
    server.environment.update({"PLANETSTORE_NOTARY_INTERVAL": "1s", "PLANETSTORE_NOTARY_KEY": first})
    server.start()
    one = public_key(server)
    wait.until(lambda: checkpoints(server)["covered"] > 0, "a checkpoint")
    server.stop()
    server.environment["PLANETSTORE_NOTARY_KEY"] = f"{first},{second}"
    server.start()
    two = public_key(server).splitlines()[-1]
    wait.until(lambda: checkpoints(server)["checkpoints"][-1]["key"] == two, "a checkpoint with the new key")
    lines = export(server, tmp_path / "log.ndjson")
    for key in (one, two):
        code, said = verify(tmp_path, lines, key)
        assert code == 0, said
