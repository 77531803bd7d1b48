"""Fills disks under a server, and checks its responses meanwhile."""

import errno
import itertools
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from . import wait
from .content import KIB, MIB, content
from .server import Server

# The promises about a full disk, and about the time after.
ANSWER_SECONDS_MAX = 5
RECOVERY_SECONDS_MAX = 10
STOP_SECONDS_MAX = 10

REFUSALS = [(503, "SlowDown"), (503, "ServiceUnavailable")]

SIZES = (10, 10 * KIB, 200 * KIB, 3 * MIB)


def put_disk(server: Server, folder: Path, mount: Callable[[Path, int], None], mebibytes: int) -> None:
    """Puts a small file system in place of a folder, with the folder's contents."""
    aside = folder.with_name(f"{folder.name}-aside")
    folder.rename(aside)
    mount(folder, mebibytes)
    shutil.copytree(aside, folder, dirs_exist_ok=True)
    shutil.rmtree(aside)


def fill(folder: Path, size: int) -> Path:
    """Takes disk space away."""
    ballast = folder / "lost+found" / "ballast"  # a name that file systems use themselves
    ballast.parent.mkdir(exist_ok=True)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    return ballast


def free_bytes(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def put_all(server: Server, shelf: str) -> dict[str, bytes]:
    wire = server.wire()
    stored = {f"{shelf}/{size}": content((shelf, size), size) for size in SIZES}
    for key, data in stored.items():
        answer = wire.put("full", key, data)
        assert answer.status == 200, (key, answer.body)
    wire.close()
    return stored


def assert_there(server: Server, stored: dict[str, bytes]) -> None:
    """Checks that every acked object is stored."""
    wire = server.wire()
    for key, data in stored.items():
        assert wire.get("full", key).body == data, key
    wire.close()


def check(server: Server, stored: dict[str, bytes], refused: dict[str, bytes] | None = None) -> None:
    """Checks that every acked object is stored, and that a refused one is either absent or, if the refusal allowed
    that, complete.
    """
    assert_there(server, stored)
    wire = server.wire()
    for key in set(wire.listing("full")) - set(stored):
        assert refused and key in refused, key
        assert wire.get("full", key).body == refused[key], key
    assert set(stored) <= set(wire.listing("full"))
    wire.close()


class Filler:
    """Writes new contents until one is refused."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.numbers = itertools.count()
        self.stored: dict[str, bytes] = {}
        self.refused: dict[str, bytes] = {}
        self.codes: set[str] = set()
        self.seconds = 0.0

    def accepts(self, size: int) -> bool:
        """Whether a write succeeds; a refusal must be a correct one."""
        key = f"filling/{next(self.numbers)}"
        data = content(key, size)
        wire = self.server.wire()
        begun = time.monotonic()
        answer = wire.put("full", key, data)
        self.seconds = max(self.seconds, time.monotonic() - begun)
        wire.close()
        if answer.status == 200:
            self.stored[key] = data
            return True
        assert (answer.status, answer.code) in REFUSALS, (key, answer.body)
        self.codes.add(answer.code)
        self.refused[key] = data
        return False

    def until_refused(self, size: int, seconds: float = 20) -> None:
        wait.until(lambda: not self.accepts(size), f"a refusal of {size} bytes", seconds)


class Load(threading.Thread):
    """Small writes one after another, as fast as possible, until stopped; measures how long each response takes."""

    def __init__(self, server: Server, number: int) -> None:
        super().__init__(daemon=True)
        self.server, self.number = server, number
        self.stored: dict[str, bytes] = {}
        self.refused: dict[str, bytes] = {}
        self.seconds = 0.0
        self.unexpected: list[str] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        wire = self.server.wire()
        for step in itertools.count():
            if self.stopping.is_set():
                break
            key, begun = f"load/{self.number}/{step}", time.monotonic()
            data = content(key, 100)
            answer = wire.put("full", key, data)
            self.seconds = max(self.seconds, time.monotonic() - begun)
            if answer.status == 200:
                self.stored[key] = data
            elif (answer.status, answer.code) in REFUSALS:
                # A refusal with an unknown outcome has the other code.
                if answer.code == "ServiceUnavailable":
                    self.refused[key] = data
                self.stopping.wait(0.01)  # like a client that was told to slow down
            else:
                self.unexpected.append(f"{answer.status}: {answer.body[:300]!r}")
        wire.close()


class Loads:
    """Several loads at once, so that the log gets groups of events."""

    def __init__(self, server: Server, threads: int) -> None:
        self.threads = [Load(server, number) for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def acked(self) -> int:
        return sum(len(thread.stored) for thread in self.threads)

    def end(self) -> tuple[dict[str, bytes], dict[str, bytes], float]:
        """The objects that were stored, those that may have been, and the longest response time in seconds."""
        for thread in self.threads:
            thread.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a write hangs"
            assert not thread.unexpected, thread.unexpected[:3]
        stored = {key: data for thread in self.threads for key, data in thread.stored.items()}
        refused = {key: data for thread in self.threads for key, data in thread.refused.items()}
        return stored, refused, max(thread.seconds for thread in self.threads)


def fill_up(folder: Path) -> Path:
    """Takes the last byte of disk space, also while others write."""
    ballast = folder / "lost+found" / "ballast"
    ballast.parent.mkdir(exist_ok=True)
    refused = 0
    with ballast.open("ab", buffering=0) as file:
        # Some file systems reserve a few blocks and do not report them.
        while free_bytes(folder) > 0 and refused < 3:
            try:
                file.write(bytes(4 * KIB if refused else 64 * KIB))
                refused = 0
            except OSError as error:
                assert error.errno == errno.ENOSPC, error
                refused += 1
    return ballast


def stop_in_time(server: Server) -> None:
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < STOP_SECONDS_MAX


def assert_rebuild_is_equal(server: Server) -> None:
    """Checks that the log, folded from its first event, gives the served state."""
    rebuilt = server.run("rebuild")
    assert rebuilt.returncode == 0 and "equal" in rebuilt.stdout, rebuilt.stdout + rebuilt.stderr
