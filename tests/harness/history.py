"""A client's view of its operations, kept outside of the system under test, and the assertions that follow from it.

A key belongs to one writer, so its operations are sequential. After an ack the key has exactly the acked content. An
operation without an ack may have happened or not, but only completely; the next ack of the same key decides.
"""

import hashlib
import http.client
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .content import KIB, MIB, content, etag, etag_of_parts
from .server import Server
from .wire import Answer, Wire, object_path


@dataclass(frozen=True)
class Stored:
    """A content that its reader can recognise."""

    sha256: str
    etag: str
    size: int

    @classmethod
    def of(cls, data: bytes, *, parts: bool = False) -> "Stored":
        return cls(hashlib.sha256(data).hexdigest(), etag_of_parts([data]) if parts else etag(data), len(data))


ABSENT = None


@dataclass
class Key:
    """The contents that may be found under a key."""

    settled: Stored | None = ABSENT
    pending: list[Stored | None] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)

    def begin(self, wanted: Stored | None, what: str) -> None:
        self.pending.append(wanted)
        self.trail.append(what)

    def acked(self) -> None:
        self.settled = self.pending[-1]
        self.pending.clear()
        self.trail.append("acked")

    def not_acked(self, why: str) -> None:
        self.trail.append(f"not acked: {why}")

    def settle(self, found: Stored | None) -> bool:
        """Records the content that was found after all operations in flight have ended. Returns whether it was allowed.
        """
        allowed = found == self.settled or found in self.pending
        self.settled, self.pending = found, []
        self.trail.append(f"found {found}")
        return allowed


# The frequency of each operation, and the sizes of the contents, in bytes.
OPERATIONS = {"small": 40, "medium": 18, "large": 6, "empty": 4, "twin": 10, "delete": 16, "multipart": 6}
SIZES = {"small": (1, 5 * KIB), "medium": (20 * KIB, 700 * KIB), "large": (MIB, 3 * MIB)}


class Writer(threading.Thread):
    """Puts, overwrites and deletes its own keys until it is stopped or, optionally, disconnected."""

    def __init__(self, server: Server, bucket: str, number: int, keys: dict[str, Key], seed: object,
                 *, goes_on: bool) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self.server, self.bucket, self.keys = server, bucket, keys
        self.random = random.Random(repr((seed, number)))
        self.seed = (seed, number)
        self.goes_on = goes_on
        self.acked = 0
        self.turned_away = 0
        self.unexpected: list[str] = []
        self.stopping = threading.Event()
        self.wire = server.wire()

    def run(self) -> None:
        steps = 0
        while not self.stopping.is_set():
            steps += 1
            name = self.random.choice(list(self.keys))
            try:
                answered = self._step(name, steps)
            except (OSError, http.client.HTTPException) as error:
                self.keys[name].not_acked(repr(error))
                self.turned_away += 1
                if not self.goes_on:
                    break
                continue
            if answered:
                self.keys[name].acked()
                self.acked += 1
        self.wire.close()

    def _step(self, name: str, step: int) -> bool:
        """Executes one operation; returns whether it was acked."""
        key = self.keys[name]
        operation = self.random.choices(list(OPERATIONS), list(OPERATIONS.values()))[0]
        if operation == "delete":
            key.begin(ABSENT, "delete")
            return self._is_acked(key, self.wire.delete(self.bucket, name), 204)
        if operation == "twin":
            data = content(("twin", self.random.randrange(5)), 40 * KIB)
        else:
            size = self.random.randint(*SIZES.get(operation, (100 * KIB, 100 * KIB))) if operation != "empty" else 0
            data = content((self.seed, step), size)
        wanted = Stored.of(data, parts=operation == "multipart")
        key.begin(wanted, f"{operation} {wanted}")
        if operation == "multipart":
            return self._multipart(key, name, data)
        answer = self.wire.put(self.bucket, name, data)
        return self._is_acked(key, answer, 200) and self._has(answer, wanted)

    def _multipart(self, key: Key, name: str, data: bytes) -> bool:
        path = object_path(self.bucket, name)
        made = self.wire.request("POST", path, "uploads")
        if not self._is_acked(key, made, 200):
            return False
        upload = made.text("UploadId")
        if not self._is_acked(key, self.wire.request("PUT", path, f"partNumber=1&uploadId={upload}", body=data), 200):
            return False
        part = f"<Part><PartNumber>1</PartNumber><ETag>{etag(data)}</ETag></Part>"
        document = f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()
        return self._is_acked(key, self.wire.request("POST", path, f"uploadId={upload}", body=document), 200)

    def _is_acked(self, key: Key, answer: Answer, status: int) -> bool:
        if answer.status == status:
            return True
        key.not_acked(f"{answer.status} {answer.code}")
        if answer.status == 503 and answer.code in ("SlowDown", "ServiceUnavailable"):
            self.turned_away += 1
        else:
            self.unexpected.append(f"{answer.status}: {answer.body[:500]!r}")
        return False

    def _has(self, answer: Answer, wanted: Stored) -> bool:
        if answer.headers["etag"] != wanted.etag:
            self.unexpected.append(f"acked {answer.headers['etag']} for {wanted.etag}")
        return True


class History:
    """All keys of a bucket, their writers, and the comparison with a server's responses."""

    def __init__(self, server: Server, bucket: str, *, writers: int = 6, keys: int = 10) -> None:
        self.server, self.bucket = server, bucket
        self.keys = [{f"w{writer}/k{number}": Key() for number in range(keys)} for writer in range(writers)]
        self.writers: list[Writer] = []

    def begin(self, seed: object, *, goes_on: bool) -> None:
        """Starts the writers."""
        self.writers = [Writer(self.server, self.bucket, number, keys, seed, goes_on=goes_on)
                        for number, keys in enumerate(self.keys)]
        for writer in self.writers:
            writer.start()

    def acked(self) -> int:
        return sum(writer.acked for writer in self.writers)

    def end(self, seconds: float = 60) -> None:
        """Stops the writers and checks that they got only acks and correct refusals."""
        for writer in self.writers:
            writer.stopping.set()
        for writer in self.writers:
            writer.join(seconds)
            assert not writer.is_alive(), f"{writer.name} hangs"
        unexpected = [what for writer in self.writers for what in writer.unexpected]
        assert not unexpected, unexpected

    def compare(self, seed: object) -> None:
        """Reads everything: acked writes are present, deleted objects are absent, and every object is complete."""
        wire = self.server.wire()
        wrong = []
        found = {name: read(wire, self.bucket, name) for keys in self.keys for name in keys}
        for keys in self.keys:
            for name, key in keys.items():
                if not key.settle(found[name]):
                    wrong.append(f"{name}: {key.trail[-8:]}")
        assert not wrong, f"seed {seed}: {wrong}"
        listed = wire.listing(self.bucket)
        wire.close()
        assert listed == {name: (stored.etag, stored.size) for name, stored in found.items() if stored}, f"seed {seed}"


def read(wire: Wire, bucket: str, name: str) -> Stored | None:
    """The complete contents of a key."""
    answer = wire.get(bucket, name)
    if answer.status == 404:
        return ABSENT
    assert answer.status == 200, (name, answer.status, answer.body[:500])
    return Stored(hashlib.sha256(answer.body).hexdigest(), answer.headers["etag"], len(answer.body))


# How long workers take at most that have no time of their own, and how long others take to come to their end.
PARALLEL_SECONDS_MAX = 240


def in_parallel(threads: int, work: Callable[[int], object], seconds: float = PARALLEL_SECONDS_MAX) -> list[object]:
    """Runs `work(0)` to `work(threads - 1)` all at the same moment; returns their results in order. It fails if they take
    longer than `seconds`."""
    gate = threading.Barrier(threads)
    results: list[object] = [None] * threads

    def run(number: int) -> None:
        try:
            gate.wait(30)
            results[number] = work(number)
        except BaseException as error:  # noqa: BLE001 - raised again for the reader of the results
            results[number] = error

    workers = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(threads)]
    for worker in workers:
        worker.start()
    end = time.monotonic() + seconds
    for worker in workers:
        worker.join(max(0, end - time.monotonic()))
    assert not any(worker.is_alive() for worker in workers), "not all of them came to an end"
    failures = [result for result in results if isinstance(result, BaseException)]
    assert not failures, failures[:3]
    return results
