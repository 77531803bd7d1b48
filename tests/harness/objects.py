"""What clients stored, which must always read back, and whether all of it has all its shards."""

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from . import wait
from .content import KIB, MIB, content
from .history import in_parallel
from .server import STOP_SECONDS, Server

BUCKET = "kept"
CLIENTS = 4
# The exit code of an audit that finds something short.
UNHEALTHY = 5


def size(number: int) -> int:
    """Mixed: most are small, some have a stripe, a few have several."""
    if number % 50 == 7:
        return 3 * MIB + number
    if number % 10 == 3:
        return 300 * KIB + number
    return 1 + number * 37 % (48 * KIB)


def body(name: str, number: int) -> bytes:
    return content((name, number), size(number))


class Objects:
    """What clients stored, which must always read back."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.kept: dict[str, tuple[str, int]] = {}
        self.bytes = 0

    def put(self, name: str, numbers: range) -> None:
        def store(worker: int) -> None:
            wire = self.server.wire()
            for number in numbers[worker::CLIENTS]:
                key, data = f"{name}/{number}", body(name, number)
                wait.until(lambda key=key, data=data: wire.put(BUCKET, key, data).status == 200, f"{key} to be stored")
                self.kept[key] = (name, number)
            wire.close()

        in_parallel(CLIENTS, store)
        self.bytes += sum(size(number) for number in numbers)

    def delete(self, name: str, numbers: range) -> None:
        def delete(worker: int) -> None:
            wire = self.server.wire()
            for number in numbers[worker::CLIENTS]:
                self.kept.pop(f"{name}/{number}")
                assert wire.delete(BUCKET, f"{name}/{number}").status == 204
            wire.close()

        in_parallel(CLIENTS, delete)

    def check(self, keys: list[str]) -> None:
        wire = self.server.wire()
        for key in keys:
            of = self.kept.get(key)
            answer = wire.get(BUCKET, key)
            # A key may have been deleted meanwhile.
            if of is not None and key in self.kept:
                assert (answer.status, answer.body == body(*of)) == (200, True), (key, answer.status, answer.body[:300])
        wire.close()

    def check_all(self) -> None:
        keys = sorted(self.kept)
        in_parallel(CLIENTS, lambda worker: self.check(keys[worker::CLIENTS]))


@contextmanager
def reading(objects: Objects, seed: int) -> Iterator[None]:
    """Somebody reads all the time, and finds what was stored."""
    stop, failures, reads, drawn = threading.Event(), [], [0], random.Random(seed)

    def read() -> None:
        while not stop.is_set():
            keys = list(objects.kept)
            try:
                objects.check(drawn.sample(keys, min(20, len(keys))))
                reads[0] += 20
            except BaseException as failure:  # noqa: BLE001 - shown at the end
                failures.append(failure)
                return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield
    finally:
        stop.set()
        reader.join(STOP_SECONDS)
    assert not failures, failures
    print(f"{reads[0]} reads meanwhile")


def audit(server: Server, *, deep: bool = False) -> tuple[int, dict[str, object]]:
    done = server.run("audit", "shards", "--json", *(["--deep"] if deep else []), seconds=600)
    assert done.returncode in (0, UNHEALTHY), done.stderr
    return done.returncode, json.loads(done.stdout)


def until_whole(server: Server, seconds: float) -> dict[str, object]:
    """Waits until an audit finds every content whole."""
    last: list[dict[str, object]] = [{}]

    def is_whole() -> bool:
        code, last[0] = audit(server)
        return code == 0

    try:
        wait.until(is_whole, "an audit without a short content", seconds)
    except AssertionError:
        print(json.dumps(last[0], indent=1))
        raise
    return last[0]
