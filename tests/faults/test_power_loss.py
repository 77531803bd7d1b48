"""Power losses under load: no acked write is lost, no deleted object comes back, and every stored object is complete.

The whole data folder is on its own file system, which is shut down at a random moment without writing anything more;
then everything is killed. The control does the same to a nats-server with its default `sync_interval`, and must lose
acked writes: a test that could not detect the loss would be useless.
"""

import os
import random
import re
import shlex
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import power, wait
from harness.filling import assert_rebuild_is_equal
from harness.history import History, read
from harness.server import NotStarted, Server

# Set PLANETSTORE_POWER_LOSSES for a longer run.
ROUNDS, ROUNDS_LONG = 2, int(os.environ.get("PLANETSTORE_POWER_LOSSES") or 6)
CONTROL_ROUNDS_MAX = 4
WRITERS = 32
KEYS_OF_A_WRITER = 5
# The moment of a power loss: after this many acks, and then at a random time within 50 ms.
ACKS_BEFORE_LOSS = (100, 600)


@pytest.fixture(params=power.kinds() or ["none"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[power.Disk]:
    if request.param == "none":
        pytest.skip("neither mkfs.ext4 nor mkfs.xfs is installed")
    if os.geteuid() != 0:
        pytest.skip("only root can mount an image and shut it down")
    disk = power.Disk(request.param, tmp_path)
    try:
        disk.make()
    except power.CannotMount as error:
        disk.close()
        pytest.skip(f"an image cannot be mounted here (no loop device, or no CAP_SYS_ADMIN?): {error}")
    yield disk
    disk.close()


@pytest.fixture
def server_on(make_server: Callable[..., Server]) -> Callable[..., Server]:
    """A server whose whole data folder is on a disk."""

    def make(disk: power.Disk, **options: object) -> Server:
        server = make_server(**options)
        server.data = disk.place / "data"
        return server

    return make


def lose_power(server: Server, disk: power.Disk, history: History) -> int:
    """Cuts the power, kills everything, and mounts the disk again. Returns the number of operations that were acked
    before.
    """
    disk.cut()
    server.kill()
    for writer in history.writers:
        # Between the power loss and the kill all disks fail, and the server may report that in any way.
        writer.join(60)
        writer.unexpected = [what for what in writer.unexpected if not what.startswith("500: ")]
    history.end()
    disk.assert_is_cut()
    disk.unmount()
    disk.mount()
    return history.acked()


def appends(server: Server) -> tuple[int, int]:
    """The number of appends to the log since the start, and of those with more than 16 events."""
    status, body = server.get_console("/metrics")
    assert status == 200, body
    counted = {limit: int(count) for limit, count in
               re.findall(r'^planetstore_log_append_events_bucket\{le="([^"]+)"\} (\d+)', body.decode(), re.MULTILINE)}
    return counted["+Inf"], counted["+Inf"] - counted["16"]


def random_moment(history: History, rng: random.Random) -> None:
    """Waits for a random moment while the writers write."""
    goal = rng.randint(*ACKS_BEFORE_LOSS)
    wait.until(lambda: history.acked() >= goal, f"{goal} acks", 60)
    time.sleep(rng.random() * 0.05)  # not a wait for a condition: this is the random moment itself


def differences(history: History) -> list[str]:
    """The keys whose contents match neither the last ack nor a write in flight."""
    wire = history.server.wire()
    found = {name: read(wire, history.bucket, name) for keys in history.keys for name in keys}
    wire.close()
    return [f"{name}: {key.trail[-8:]}" for keys in history.keys for name, key in keys.items()
            if not key.settle(found[name])]


@pytest.mark.slow
@pytest.mark.timeout(150 + 40 * ROUNDS_LONG)
@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(ROUNDS_LONG, marks=pytest.mark.long)])
def test_losing_power(disk, server_on, seed, rounds):
    server = server_on(disk).start()
    server.wire().make_bucket("history")
    history = History(server, "history", writers=WRITERS, keys=KEYS_OF_A_WRITER)
    acked = every = batches = 0
    for number in range(rounds):
        rng = random.Random(repr((seed, disk.kind, number)))
        print(f"power loss {number} on {disk.kind}, seed {seed}")
        history.begin((seed, number), goes_on=False)
        random_moment(history, rng)
        counted = appends(server)
        every, batches = every + counted[0], batches + counted[1]
        acked += lose_power(server, disk, history)
        if number % 2:
            # The log alone must have everything; on the other rounds the projection must not be ahead of it.
            (server.data / "ledger.redb").unlink()
        server.start()
        server.wait_for_nodes()
        history.compare((seed, disk.kind, number))
        if number % 3 == 2:
            server.stop()
            assert_rebuild_is_equal(server)
            server.start()
    server.stop()
    assert_rebuild_is_equal(server)
    print(f"{disk.kind}: {rounds} power losses, {acked} acked operations, lost 0; {every} appends, "
          f"{batches} of them atomic batches of more than 16 events")
    assert batches, "no append was an atomic batch"


@pytest.fixture
def lazy_nats_server(tmp_path: Path) -> Path:
    """A nats-server that does not sync each write: with its own default in place of `sync_interval: always`."""
    program = tmp_path / "nats-server"
    real = os.environ.get("PLANETSTORE_NATS_SERVER") or shutil.which("nats-server")
    program.write_text(f"""#!/bin/sh
for word in "$@"; do configuration=$word; done
[ -f "$configuration" ] && sed -i '/^ *sync_interval: always$/d' "$configuration"
exec {shlex.quote(str(real))} "$@"
""")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_control_loses_writes(disk, server_on, lazy_nats_server, seed):
    lazy = {"PLANETSTORE_NATS_SERVER": str(lazy_nats_server)}
    server = server_on(disk, environment=lazy).start()
    server.wire().make_bucket("history")
    history = History(server, "history", writers=WRITERS, keys=KEYS_OF_A_WRITER)
    acked = 0
    for number in range(CONTROL_ROUNDS_MAX):
        rng = random.Random(repr((seed, "control", disk.kind, number)))
        history.begin((seed, "control", number), goes_on=False)
        random_moment(history, rng)
        acked += lose_power(server, disk, history)
        is_noticed = False
        try:
            server.start()
        except NotStarted as refusal:
            is_noticed = "lost its tail" in refusal.said
            (server.data / "ledger.redb").unlink()
            server.start()
        lost = differences(history)
        print(f"{disk.kind}: power loss {number} without syncs, {acked} acked operations so far, {len(lost)} keys of "
              f"{WRITERS * KEYS_OF_A_WRITER} are wrong, noticed at the start: {is_noticed}")
        if lost:
            return
    raise AssertionError("nothing was lost without syncs: this test would not notice a loss")
