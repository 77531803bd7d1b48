"""Full disks under the nodes and under the log: a clear refusal, nothing lost, and on it goes when there is room."""

import pytest

from harness import wait
from harness.content import MIB
from harness.filling import (
    ANSWER_SECONDS_MAX, RECOVERY_SECONDS_MAX, SIZES, Filler, Loads, assert_rebuild_is_equal, assert_there, check, fill,
    fill_up, free_bytes, put_all, put_disk, stop_in_time,
)
from harness.server import Server

UNCACHED = {"PLANETSTORE_CACHE_BYTES": "0"}
# A node stops writing with 256 MiB left, and lays out 64 MiB at a time.
NODE_DISK_MIB = 420
NODE_BALLAST_MIB = 150
NODE_DISKS_MIB = 1_100
NODE_DISKS_BALLAST_MIB = 600
# The log takes no events with less than 32 MiB left.
LOG_DISK_MIB = 96
LITTLE_ROOM_MIB = 20

# The disk is filled under load until nats-server met it so many times; mostly each filling does.
FAILURES_WANTED = 2
FILLINGS_MAX = 8
LOAD_THREADS = 16
ACKS_BEFORE_FULL = 200


@pytest.fixture
def own(make_server, mount) -> Server:
    """A server after its first start, stopped, so that disks can be put under it; unmounted after it has ended."""
    server = make_server(environment=UNCACHED).start()
    server.stop()
    return server


def test_one_node_is_full(own, mount):
    put_disk(own, own.node_folder(3), mount, NODE_DISK_MIB)
    own.start().wire().make_bucket("full")
    stored = put_all(own, "before")
    ballast = fill(own.node_folder(3), NODE_BALLAST_MIB * MIB)
    stored |= put_all(own, "full")
    check(own, stored)
    ballast.unlink()
    stored |= put_all(own, "after")
    check(own, stored)
    own.stop()


def test_every_node_is_full(own, mount):
    put_disk(own, own.data / "nodes", mount, NODE_DISKS_MIB)
    own.start().wire().make_bucket("full")
    stored = put_all(own, "before")
    ballast = fill(own.data / "nodes", NODE_DISKS_BALLAST_MIB * MIB)
    filler = Filler(own)
    for size in SIZES:
        filler.until_refused(size)
    check(own, stored | filler.stored)
    ballast.unlink()
    # Each node says for itself that it has room again.
    wait.until(lambda: all(filler.accepts(10) for _ in range(12)), "room again")
    stored |= put_all(own, "after") | filler.stored
    check(own, stored)
    own.stop()


def test_the_log_has_little_room(own, mount):
    """Writes are refused before anything fails: nats-server goes on, and so do reads, and deletes, which make room."""
    store = own.data / "nats" / "store"
    put_disk(own, store, mount, LOG_DISK_MIB)
    own.start().wire().make_bucket("full")
    stored = put_all(own, "before")
    nats = own.nats_pid()
    filler = Filler(own)
    for _ in range(3):
        ballast = fill(store, free_bytes(store) - LITTLE_ROOM_MIB * MIB)
        filler.until_refused(10, ANSWER_SECONDS_MAX)
        assert not filler.refused or filler.codes == {"SlowDown"}, "every refusal is a definite one"
        check(own, stored | filler.stored)
        assert filler.seconds < ANSWER_SECONDS_MAX
        wire, (deleted, _) = own.wire(), stored.popitem()
        assert wire.delete("full", deleted).status == 204
        wire.close()
        ballast.unlink()
        wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)
    assert own.nats_pid() == nats, "there was no need for another nats-server"
    stored |= put_all(own, "after") | filler.stored
    check(own, stored)
    stop_in_time(own)
    assert_rebuild_is_equal(own)


@pytest.mark.timeout(240)
def test_the_log_is_full(own, mount):
    """The last byte is taken under load: a write of nats-server fails, after which it takes none any more."""
    store = own.data / "nats" / "store"
    put_disk(own, store, mount, LOG_DISK_MIB)
    own.start().wire().make_bucket("full")
    stored, refused = put_all(own, "before"), {}
    failures = 0
    for number in range(FILLINGS_MAX):
        nats, goal = own.nats_pid(), ACKS_BEFORE_FULL
        load = Loads(own, LOAD_THREADS)
        wait.until(lambda: load.acked() >= goal, f"{goal} acks", 60)  # noqa: B023 - used within the turn
        ballast = fill_up(store)
        filler = Filler(own)
        filler.until_refused(10, ANSWER_SECONDS_MAX)
        assert_there(own, stored)
        acked, doubtful, seconds = load.end()
        print(f"filling {number}: {len(acked)} acked, {len(doubtful)} in doubt, slowest answer {seconds:.2f} s")
        assert max(seconds, filler.seconds) < ANSWER_SECONDS_MAX
        stored, refused = stored | acked | filler.stored, refused | doubtful | filler.refused
        failures += own.nats_pid() != nats
        ballast.unlink()
        wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)  # noqa: B023
        stored |= filler.stored
        if failures == FAILURES_WANTED:
            break
    assert failures, "nats-server never met the full disk"
    stored |= put_all(own, "after")
    check(own, stored, refused)
    fill_up(store)
    filler = Filler(own)
    filler.until_refused(10, ANSWER_SECONDS_MAX)
    stop_in_time(own)
    # It starts on a full disk too, and serves what is there.
    own.start()
    check(own, stored | filler.stored, refused)
    assert not filler.accepts(10)
    (store / "lost+found" / "ballast").unlink()
    wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)
    stop_in_time(own)
    assert_rebuild_is_equal(own)
