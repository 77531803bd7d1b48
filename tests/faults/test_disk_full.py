"""Full disks under the nodes, the log and the projection: clear refusals, nothing lost, and recovery once there is
room.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import wait
from harness.cluster import Cluster
from harness.content import MIB, content
from harness.filling import (
    ANSWER_SECONDS_MAX, RECOVERY_SECONDS_MAX, REFUSALS, SIZES, Filler, Loads, assert_rebuild_is_equal, assert_there,
    check, fill, fill_up, free_bytes, put_all, put_disk, stop_in_time,
)
from harness.history import in_parallel
from harness.server import Server

UNCACHED = {"PLANETSTORE_CACHE_BYTES": "0"}
# A node stops writing with 256 MiB left, and allocates 64 MiB at a time.
NODE_DISK_MIB = 420
NODE_BALLAST_MIB = 150
NODE_DISKS_MIB = 1_100
NODE_DISKS_BALLAST_MIB = 600
# The log accepts no events with less than 32 MiB left.
LOG_DISK_MIB = 96
LITTLE_ROOM_MIB = 20
# The projection accepts only deletes with less than 24 MiB left, for which it keeps a reserve of 32 MiB; without the
# reserve, none with less than 12 MiB.
PROJECTION_DISK_MIB = 128
# Parts of an upload that is aborted: events of 128 parts each free them.
PARTS = 1_000
# How much one gateway writes while the other has no room: more than the other can fold in memory.
BEHIND_WRITES = 2_500

# The disk is filled under load until nats-server met it this many times; usually each filling does so.
FAILURES_WANTED = 2
FILLINGS_MAX = 8
LOAD_THREADS = 16
ACKS_BEFORE_FULL = 200


@pytest.fixture
def own(make_server, mount) -> Server:
    """A server after its first start, stopped, so that its folders can be put on small disks; unmounted at the end."""
    server = make_server(environment=UNCACHED).start()
    server.stop()
    return server


@pytest.fixture
def own_image(make_server, mount_image) -> Server:
    """The same, for disks with real file systems."""
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
    # Each node reports by itself that it has room again.
    wait.until(lambda: all(filler.accepts(10) for _ in range(12)), "room again")
    stored |= put_all(own, "after") | filler.stored
    check(own, stored)
    own.stop()


def test_the_log_has_little_room(own, mount):
    """Writes are refused before anything fails: nats-server continues, and so do reads, and deletes, which make room.
    """
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
    """The last byte is taken under load: a write of nats-server fails, after which it accepts no more."""
    store = own.data / "nats" / "store"
    put_disk(own, store, mount, LOG_DISK_MIB)
    own.start().wire().make_bucket("full")
    stored, refused = put_all(own, "before"), {}
    failures = 0
    for number in range(FILLINGS_MAX):
        nats, goal = own.nats_pid(), ACKS_BEFORE_FULL
        load = Loads(own, LOAD_THREADS)
        wait.until(lambda: load.acked() >= goal, f"{goal} acks", 60)  # noqa: B023 - used within the round
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
    # It starts on a full disk too, and serves what is stored.
    own.start()
    check(own, stored | filler.stored, refused)
    assert not filler.accepts(10)
    (store / "lost+found" / "ballast").unlink()
    wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)
    stop_in_time(own)
    assert_rebuild_is_equal(own)


# The projection


def put_projection_on_a_disk(server: Server, mount: Callable[[Path, int], None], *beside: str) -> None:
    """Puts the projection on a small disk of its own_image, and these parts of the data folder elsewhere."""
    kept = {name: (server.data / name).rename(server.data.with_name(name)) for name in beside}
    put_disk(server, server.data, mount, PROJECTION_DISK_MIB)
    for name, aside in kept.items():
        (server.data / name).symlink_to(aside)


def fill_but(folder: Path, left: int) -> None:
    """Fills the disk until this much room is left."""
    ballast = folder / "lost+found" / f"ballast-{secrets.token_hex(4)}"
    ballast.parent.mkdir(exist_ok=True)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free_bytes(folder) - left)


def make_room(folder: Path) -> None:
    for ballast in (folder / "lost+found").iterdir():
        ballast.unlink()


def begin_upload(server: Server, parts: int) -> str:
    """An upload of many small parts."""
    wire = server.wire()
    upload = wire.request("POST", "/full/many", "uploads").text("UploadId")
    wire.close()

    def put(worker: int) -> None:
        wire = server.wire()
        for number in range(worker + 1, parts + 1, LOAD_THREADS):
            query = f"partNumber={number}&uploadId={upload}"
            assert wire.request("PUT", "/full/many", query, body=content(("part", number), 100)).status == 200
        wire.close()

    in_parallel(LOAD_THREADS, put)
    return upload


def delete_in_time(server: Server, key: str, query: str = "", seconds: float = ANSWER_SECONDS_MAX) -> None:
    """A delete succeeds, possibly after one "slow down" response."""
    wire = server.wire()
    wait.until(lambda: wire.delete("full", key, query).status == 204, f"a delete of {key}", seconds)
    wire.close()


def test_the_projection_has_little_room(own_image, mount_image):
    """Commands that need room are refused before the projection fails. Reads continue, deletes continue until the
    reserve is used up, and everything works again when there is room.
    """
    put_projection_on_a_disk(own_image, mount_image, "nats", "nodes")
    own_image.start().wire().make_bucket("full")
    stored = put_all(own_image, "before")
    upload = begin_upload(own_image, PARTS)
    own_image.restart()
    filler = Filler(own_image)
    fill_but(own_image.data, LITTLE_ROOM_MIB * MIB)
    filler.until_refused(10, ANSWER_SECONDS_MAX)
    assert not filler.refused or filler.codes == {"SlowDown"}, "every refusal is a definite one"
    # A command that ends many parts leaves rows that are freed only when the disk has room.
    delete_in_time(own_image, "many", f"uploadId={upload}")
    for size in SIZES[:2]:
        delete_in_time(own_image, f"before/{size}")
        del stored[f"before/{size}"]
    check(own_image, stored | filler.stored)
    own_image.assert_alive()
    make_room(own_image.data)
    wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)
    stored |= put_all(own_image, "after") | filler.stored
    check(own_image, stored)
    stop_in_time(own_image)
    assert_rebuild_is_equal(own_image)


def test_the_projection_is_full(own_image, mount_image):
    """The last byte is taken under load, again and again: the process never ends, and it starts on the full disk too.
    """
    put_projection_on_a_disk(own_image, mount_image, "nats", "nodes")
    own_image.start().wire().make_bucket("full")
    stored = put_all(own_image, "before")
    load = Loads(own_image, LOAD_THREADS)
    wait.until(lambda: load.acked() >= ACKS_BEFORE_FULL, f"{ACKS_BEFORE_FULL} acks", 60)
    fill_up(own_image.data)
    filler = Filler(own_image)
    filler.until_refused(10, ANSWER_SECONDS_MAX)
    acked, refused, seconds = load.end()
    assert seconds < ANSWER_SECONDS_MAX
    stored |= acked | filler.stored
    own_image.assert_alive()
    # The reserve lets deletes continue.
    for key in sorted(acked)[:50]:
        delete_in_time(own_image, key)
        del stored[key]
    check(own_image, stored, refused)
    fill_up(own_image.data)
    wire, key = own_image.wire(), sorted(acked)[50]
    answer = wire.delete("full", key)
    if answer.status == 204:  # it fits in memory
        del stored[key]
    else:
        assert (answer.status, answer.code) in REFUSALS
    wire.close()
    check(own_image, stored, refused)
    own_image.assert_alive()
    own_image.kill()
    fill_up(own_image.data)
    own_image.start()
    check(own_image, stored, refused)
    assert not filler.accepts(10)
    make_room(own_image.data)
    wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)
    stored |= put_all(own_image, "after") | filler.stored
    check(own_image, stored, refused)
    stop_in_time(own_image)
    assert_rebuild_is_equal(own_image)


def test_the_disk_of_the_log_and_the_projection_is_full(own_image, mount_image):
    """The projection's reserve is room for the log too, so deletes continue where both are on one disk."""
    put_projection_on_a_disk(own_image, mount_image, "nodes")
    own_image.start().wire().make_bucket("full")
    stored = put_all(own_image, "before")
    fill_up(own_image.data)
    filler = Filler(own_image)
    filler.until_refused(10, ANSWER_SECONDS_MAX)
    for size in SIZES[:2]:
        delete_in_time(own_image, f"before/{size}", seconds=RECOVERY_SECONDS_MAX)
        del stored[f"before/{size}"]
    check(own_image, stored | filler.stored)
    make_room(own_image.data)
    wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)
    stored |= put_all(own_image, "after") | filler.stored
    check(own_image, stored, filler.refused)
    stop_in_time(own_image)
    assert_rebuild_is_equal(own_image)


@pytest.mark.timeout(300)
def test_the_projection_of_one_of_two_gateways_is_full(nothing_left, tmp_path, mount_image):
    """It follows the other gateway in memory as long as possible, and completely once there is room."""
    cluster = Cluster(tmp_path / "cluster")
    try:
        mount_image(cluster.folder / "gateway-1" / "data", PROJECTION_DISK_MIB)
        full, other = cluster.start(2).gateways
        wait.until(full.is_ready, "readiness")
        wait.until(other.is_ready, "readiness")
        full.wire().make_bucket("full")
        stored = put_all(full, "before")
        fill_up(full.data)
        Filler(full).until_refused(10, ANSWER_SECONDS_MAX)
        stored |= put_all(other, "meanwhile")
        assert_there(full, stored)

        def put(worker: int) -> dict[str, bytes]:
            wire, data = other.wire(), {}
            for number in range(worker, BEHIND_WRITES, LOAD_THREADS):
                data[f"behind/{number}"] = content(("behind", number), 100)
                assert wire.put("full", f"behind/{number}", data[f"behind/{number}"]).status == 200
            wire.close()
            return data

        behind = {key: data for written in in_parallel(LOAD_THREADS, put) for key, data in written.items()}
        full.assert_alive()
        wire, last = full.wire(), max(behind)
        answer = wire.get("full", last)
        assert answer.body == behind[last] or (answer.status, answer.code) in REFUSALS, "never what it was before"
        wire.close()
        # The reserve makes room for the events that a start must fold.
        full.kill()
        full.start()
        assert_there(full, stored)
        make_room(full.data)
        filler = Filler(full)
        wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)
        check(full, stored | behind | filler.stored)
        full.stop()
        other.stop()
    finally:
        cluster.close()
