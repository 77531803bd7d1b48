"""The examples of docs/events/examples: a program in each language reads the events of a durable consumer, with that
language's own NATS client and CloudEvents SDK, and goes on where it was."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import wait
from harness.users import call, login

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs/events/examples"

# A cold build fetches and compiles what the client needs.
BUILD_SECONDS = 900
CREATED = "io.planetstore.object.created.v1"


def copy(language: str) -> Path:
    """A copy of an example among the tools, where it may be built: one for each state of its files."""
    files = sorted(path for path in (EXAMPLES / language).rglob("*") if path.is_file())
    state = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
    folder = ROOT / f".tools/read-events-{language}-{state}"
    if not folder.exists():
        shutil.copytree(EXAMPLES / language, folder)
    return folder


def build(folder: Path, *command: str, **environment: str) -> None:
    if (folder / "ready").exists():
        return
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=BUILD_SECONDS, check=False, env={**os.environ, **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "ready").touch()


def python() -> list[object]:
    return [sys.executable, EXAMPLES / "python/read_events.py"]


def javascript() -> list[object]:
    folder = copy("javascript")
    build(folder, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
    return ["node", folder / "read-events.mjs"]


def rust() -> list[object]:
    folder = copy("rust")
    build(folder, "cargo", "build", "--locked", "--quiet", "--target-dir", str(folder / "target"))
    return [folder / "target/debug/read-events"]


def go() -> list[object]:
    folder = copy("go")
    build(folder, "go", "build", "-mod=readonly", "-o", "read-events", ".")
    return [folder / "read-events"]


def java() -> list[object]:
    folder = copy("java")
    build(folder, "mvn", "--quiet", "--batch-mode", "package", "dependency:build-classpath",
          "-Dmdep.outputFile=classpath")
    return ["java", "-cp", f"{folder / 'target/classes'}:{(folder / 'classpath').read_text().strip()}", "ReadEvents"]


class Reader:
    """A program that prints events: their sequences, types and subjects."""

    def __init__(self, command: list[object], credentials: dict) -> None:
        environment = {"NATS_URL": credentials["url"], "NATS_USER": credentials["user"],
                       "NATS_PASSWORD": credentials["password"], "NATS_STREAM": credentials["stream"]}
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env={**os.environ, **environment})

    def events(self, number: int) -> list[tuple[int, str, str]]:
        """The next events."""
        found = []
        for _ in range(number):
            line = self.process.stdout.readline()
            assert line, f"the reader ended: {self.process.stderr.read()}"
            sequence, event_type, subject = line.rstrip("\n").split(" ", 2)
            found.append((int(sequence), event_type, subject))
        return found

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


def check(server, program: Callable[[], list[object]], name: str) -> None:
    command = program()
    token = login(server, server.credentials.access, server.credentials.secret)
    wire = server.wire()
    bucket = f"events-{name}"
    wire.make_bucket(bucket)
    for key in ("first", "second key", "dritter-schl%C3%BCssel"):
        assert wire.put(bucket, key, b"x").status == 200
    told = call(server, "POST", "/consumers", token=token, document={
        "name": name, "filter": {"bucket": bucket, "type": "object.created"}, "from": "start"})
    assert told.status == 201, told.body
    wanted = call(server, "GET", f"/events?bucket={bucket}&type=object.created", token=token).json()
    wanted = [(int(event["sequence"]), event["type"], event["subject"]) for event in wanted]
    assert len(wanted) == 3

    def is_done() -> bool:
        listed = call(server, "GET", "/consumers", token=token).json()["consumers"]
        return next(consumer["lag"] for consumer in listed if consumer["name"] == name) == 0

    reader = Reader(command, told.json()["credentials"])
    try:
        assert reader.events(3) == wanted
        wait.until(is_done, "the acknowledgements")
    finally:
        reader.stop()
    assert wire.put(bucket, "later", b"x").status == 200
    wire.close()
    reader = Reader(command, told.json()["credentials"])
    try:
        ((sequence, event_type, subject),) = reader.events(1)
        assert (event_type, subject) == (CREATED, "later") and sequence > wanted[-1][0]
    finally:
        reader.stop()


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program}")


def test_python(server):
    check(server, python, "python")


@needs("node")
@pytest.mark.timeout(BUILD_SECONDS)
def test_javascript(server):
    check(server, javascript, "javascript")


@pytest.mark.long
@pytest.mark.timeout(BUILD_SECONDS)
def test_rust(server):
    check(server, rust, "rust")


@pytest.mark.long
@needs("go")
@pytest.mark.timeout(BUILD_SECONDS)
def test_go(server):
    check(server, go, "go")


@pytest.mark.long
@needs("mvn")
@pytest.mark.timeout(BUILD_SECONDS)
def test_java(server):
    check(server, java, "java")
