"""One client's deletes do not hold up another's writes: the ledger's batches are bounded, and requests take turns."""

import base64
import hashlib
import threading
import time

import pytest

from harness.content import KIB, content
from harness.history import in_parallel
from harness.server import Server

PUTTERS = 4
# How long is measured, each time.
SECONDS = 4.0

# The most that one DeleteObjects takes, and how many of these requests there are at any moment.
KEYS = 1000
DELETERS = 3

# The bar is twice. The clients, the nodes and a debug build share the machine's cores with what is measured, and none of
# that is the ledger's: a queue in which the deletes stand as a block before each write makes this more than ten times.
SLOWER_MAX = 5.0


def p99(server: Server, bucket: str, seconds: float) -> float:
    """The time in seconds within which 99 of 100 small writes are answered, by several clients at once."""
    def put(worker: int) -> list[float]:
        wire, took, end = server.wire(), [], time.monotonic() + seconds
        while (begun := time.monotonic()) < end:
            body = content(f"{bucket}-{worker}-{len(took)}", 4 * KIB)
            assert wire.put(bucket, f"{worker}-{len(took)}", body).status == 200
            took.append(time.monotonic() - begun)
        wire.close()
        return took

    took = sorted(one for of_worker in in_parallel(PUTTERS, put) for one in of_worker)
    return took[int(len(took) * 0.99)]


@pytest.mark.slow
def test_writes_are_answered_beside_a_flood_of_deletes(make_server):
    server = make_server().start()
    wire = server.wire()
    for bucket in ("written", "beside", "deleted"):
        wire.make_bucket(bucket)
    # Where versions are kept every delete is one, of a key that was never there too.
    versioning = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    assert wire.request("PUT", "/deleted", "versioning", body=versioning).status == 200
    keys = b"".join(b"<Object><Key>key-%d</Key></Object>" % n for n in range(KEYS))
    document = b"<Delete><Quiet>true</Quiet>%s</Delete>" % keys
    md5 = base64.b64encode(hashlib.md5(document).digest()).decode()
    stop, rounds = threading.Event(), []

    def flood() -> None:
        wire = server.wire()
        while not stop.is_set():
            answer = wire.request("POST", "/deleted", "delete", {"content-md5": md5}, document)
            assert (answer.status, b"<Error>" in answer.body) == (200, False), answer.body[:300]
            rounds.append(time.monotonic())
        wire.close()

    p99(server, "written", 1.0)
    alone = p99(server, "written", SECONDS)
    flooders = [threading.Thread(target=flood, daemon=True) for _ in range(DELETERS)]
    for flooder in flooders:
        flooder.start()
    beside = p99(server, "beside", SECONDS)
    stop.set()
    for flooder in flooders:
        flooder.join(60)
    print(f"p99 of PUT: {alone * 1000:.1f} ms alone, {beside * 1000:.1f} ms beside {len(rounds)} DeleteObjects of {KEYS} keys")
    # They come to an end too: all of them at once, and in turns.
    assert len(rounds) >= DELETERS
    assert beside <= alone * SLOWER_MAX
    assert wire.get("beside", "0-0").status == 200
