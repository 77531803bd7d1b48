"""Contents come back to all their shards, wherever these went, and nothing is unreadable meanwhile. Whether they did is
counted on the nodes."""

import random
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from harness import failpoints, wait
from harness.cluster import Cluster
from harness.content import MIB, content
from harness.filling import put_disk
from harness.objects import BUCKET, UNHEALTHY, Objects, audit, reading, until_whole
from harness.server import Server
from harness.states import presence

# The long cases bound themselves, by SECONDS for each wait.
pytestmark = [pytest.mark.waits, pytest.mark.timeout(12_000)]

# What nodes of which nothing is heard are waited for here.
QUICK = {"PLANETSTORE_REPAIR_AFTER": "3s", "PLANETSTORE_CACHE_BYTES": "0"}

# Objects of a short run and of a long one, and how long all of them may take to be whole again.
SHORT, LONG = 300, 10_000
SECONDS = {SHORT: 240.0, LONG: 3_600.0}
of_all = pytest.mark.parametrize("count", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])


def say_pace(what: str, begun: float, held: int) -> None:
    seconds = time.monotonic() - begun
    print(f"{what}: {held / MIB:.0f} MiB of shards in {seconds:.1f} s, {seconds / max(held, 1) * 1e9:.0f} s a GB")


def held_bytes(folder: Path) -> int:
    """Bytes of the files with shards in a node's data folder."""
    total = 0
    for file in (path for part in ("segments", "buckets") for path in (folder / part).rglob("*")):
        try:
            total += file.stat().st_blocks * 512 if file.is_file() else 0
        except FileNotFoundError:
            continue
    return total


@of_all
def test_a_folder_is_deleted_while_clients_write(make_server, seed, count):
    server = make_server(environment=QUICK).start()
    server.wire().make_bucket(BUCKET)
    objects = Objects(server)
    objects.put("before", range(count))
    folder = server.node_folder(3)
    held = held_bytes(folder)
    with reading(objects, seed):
        failures: list[BaseException] = []

        def write() -> None:
            try:
                objects.put("while", range(count // 2))
            except BaseException as failure:  # noqa: BLE001 - shown at the end
                failures.append(failure)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        shutil.rmtree(folder, ignore_errors=True)
        stopped = server.run("node", "stop", "node-3")
        assert stopped.returncode == 0, stopped.stderr
        begun = time.monotonic()
        writer.join(SECONDS[count])
        assert not writer.is_alive() and not failures, failures
        until_whole(server, SECONDS[count])
        say_pace("onto other nodes", begun, held)
    objects.check_all()
    # An empty folder in its place is filled. While the first one was being deleted, the node may have written to it.
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)
    server.start()
    wait.until(lambda: server.run("node", "init", "node-3").returncode == 0, "the empty folder to be let in")
    begun = time.monotonic()
    with reading(objects, seed):
        whole = until_whole(server, SECONDS[count])
    say_pace("onto the empty node", begun, held_bytes(folder))
    assert whole["nodes"]["node-3"]["healthy"] > 0
    objects.check_all()


@of_all
def test_a_node_is_away_for_writes_and_deletes(nothing_left, tmp_path, seed, count):
    cluster = Cluster(tmp_path / "cluster")
    cluster.folder.mkdir()
    try:
        server = cluster.start(1).gateways[0]
        # It comes back before anything is written elsewhere in its place.
        cluster.start_maintenance("repair", {"PLANETSTORE_REPAIR_AFTER": "1h"})
        cluster.start_maintenance("health", {})
        server.wire().make_bucket(BUCKET)
        objects = Objects(server)
        objects.put("before", range(count))
        cluster.kill_node(4)
        with reading(objects, seed):
            objects.put("while", range(count // 5))
            objects.delete("before", range(0, count, 5))
            # What shares a node because one was away for less than it takes to notice is spread minutes later.
            wait.until(lambda: presence(server, "node-4") == "offline", "node-4 to be missed", 20)
            before = held_bytes(cluster.folder / "node-4")
            cluster.restart_node(4)
            begun = time.monotonic()
            whole = until_whole(server, SECONDS[count])
            say_pace("onto a node that was away", begun, max(held_bytes(cluster.folder / "node-4") - before, 0))
        assert all(node["answered"] for node in whole["nodes"].values())
        objects.check_all()
    finally:
        cluster.close()


@of_all
def test_two_nodes_are_lost_one_while_the_other_is_rebuilt(make_server, seed, count):
    server = make_server(environment=QUICK).start()
    server.wire().make_bucket(BUCKET)
    objects = Objects(server)
    objects.put("before", range(count))
    held = held_bytes(server.node_folder(2)) + held_bytes(server.node_folder(5))
    # So slow that an audit sees it under way, which takes seconds itself.
    assert server.run("worker", "rate", "repair", str(max(held // 2 // 150, 1))).returncode == 0
    with reading(objects, seed):
        assert server.run("node", "stop", "node-2").returncode == 0
        begun = time.monotonic()
        # An audit that began before the node was gone counts too few.
        counts = [0]

        def is_under_way() -> bool:
            _, counted = audit(server)
            counts.append(counted["short"])
            return 0 < counts[-1] < max(counts)

        wait.until(is_under_way, "some contents to be whole again and some not", SECONDS[count])
        assert server.run("worker", "rate", "repair").returncode == 0
        assert server.run("node", "stop", "node-5").returncode == 0
        until_whole(server, SECONDS[count])
        say_pace("two nodes", begun, held)
    objects.check_all()
    # A third one may go now.
    assert server.run("node", "stop", "node-1").returncode == 0
    objects.check_all()
    until_whole(server, SECONDS[count])


def test_a_file_that_is_deleted_behind_a_running_node_is_missed_and_repaired(make_server):
    server = make_server(environment=QUICK).start()
    wire = server.wire()
    wire.make_bucket(BUCKET)
    bodies = {f"large/{number}": content(number, 3 * MIB) for number in range(3)}
    for key, data in bodies.items():
        assert wire.put(BUCKET, key, data).status == 200
    code, counted = audit(server)
    assert code == 0 and counted["of_six"][6] == 3, counted
    told = server.run("audit", "shards")
    assert told.returncode == 0 and told.stdout.startswith("Every content has all its shards.\n"), told.stdout
    gone = next(path for path in (server.node_folder(2) / "buckets" / BUCKET).iterdir() if path.suffix != ".staged")
    gone.unlink()
    code, counted = audit(server)
    assert (code, counted["short"], counted["of_six"][5]) == (UNHEALTHY, 1, 1), counted
    assert counted["nodes"]["node-2"]["missing"] == 1
    lacks = counted["examples"][0]["lacks"]
    assert [(shard["node"], shard["fault"]) for shard in lacks] == [("node-2", "missing")]
    until_whole(server, 60)
    assert not gone.exists(), "a shard is not written again under its name"
    for key, data in bodies.items():
        assert wire.get(BUCKET, key).body == data


def test_bits_that_rotted_are_found_by_a_deep_audit_and_repaired(make_server):
    server = make_server(environment=QUICK).start()
    wire = server.wire()
    wire.make_bucket(BUCKET)
    data = content("rots", 3 * MIB)
    assert wire.put(BUCKET, "rots", data).status == 200
    path = next(path for path in (server.node_folder(6) / "buckets" / BUCKET).iterdir() if path.suffix != ".staged")
    with path.open("r+b") as file:
        file.seek(300_000)
        rotten = bytes([file.read(1)[0] ^ 1])
        file.seek(300_000)
        file.write(rotten)
    assert audit(server)[0] == 0, "the file is as long as it has to be"
    code, counted = audit(server, deep=True)
    assert (code, counted["nodes"]["node-6"]["damaged"]) == (UNHEALTHY, 1), counted
    wait.until(lambda: audit(server, deep=True)[0] == 0, "the shard to be written anew")
    assert wire.get(BUCKET, "rots").body == data


ROUNDS, ROUNDS_LONG = 1, 12


@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(ROUNDS_LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize("point", failpoints.of_service("repair"))
def test_killed_at_each_step_it_ends_clean(make_server, seed, point, rounds):
    drawn = random.Random(f"{seed} {point}")
    for number in range(rounds):
        server = make_server(f"round-{number}", environment=QUICK)
        server.start()
        server.wire().make_bucket(BUCKET)
        objects = Objects(server)
        objects.put("before", range(20))
        objects.put("large", range(7, 507, 50))
        server.stop()
        lose_files(server, drawn)
        server.environment = {**QUICK, failpoints.VARIABLE: point}
        process = start_to_be_killed(server)
        assert process == -signal.SIGKILL, f"it never came to {point}: {server.said()}"
        server.environment = QUICK
        server.start()
        until_whole(server, SECONDS[SHORT])
        # Bits that rotted in no shard that was read meanwhile are found by an audit that reads all of them.
        wait.until(lambda: audit(server, deep=True)[0] == 0, "a deep audit without a short content", SECONDS[SHORT])
        objects.check_all()
        server.stop()


def lose_files(server: Server, drawn: random.Random) -> None:
    """Deletes a shard of each content in files, and damages another one."""
    of_content: dict[str, list[Path]] = {}
    for number in range(1, server.nodes + 1):
        for path in (server.node_folder(number) / "buckets" / BUCKET).iterdir():
            of_content.setdefault(path.name[:-1], []).append(path)
    assert of_content
    for shards in of_content.values():
        gone, rotten = drawn.sample(shards, 2)
        gone.unlink()
        rotten.write_bytes(bytes(byte ^ 0xFF for byte in rotten.read_bytes()[:100]) + rotten.read_bytes()[100:])


def start_to_be_killed(server: Server) -> int:
    """Starts a server that kills itself; its exit code."""
    server.spawn()
    process = server.process
    assert process is not None
    code = wait.until(lambda: process.poll() is not None and (process.returncode,), "the end of the server", 180)
    server.process = None
    return code[0]


# A node keeps this much of its disk, and this one has room for little more.
RESERVE_MIB, NEARLY_FULL_MIB = 256, {SHORT: 768, LONG: 1_536}


@of_all
def test_a_disk_that_is_nearly_full_takes_what_it_can(make_server, seed, mount, count):
    server: Server = make_server(environment=QUICK)
    server.start()
    server.stop()
    small = server.node_folder(1)
    put_disk(server, small, mount, NEARLY_FULL_MIB[count])
    server.start()
    server.wire().make_bucket(BUCKET)
    objects = Objects(server)
    objects.put("before", range(count))
    held = held_bytes(server.node_folder(6))
    fill(small, leave=(RESERVE_MIB + 8) * MIB)
    with reading(objects, seed):
        assert server.run("node", "stop", "node-6").returncode == 0
        begun = time.monotonic()
        until_whole(server, SECONDS[count])
        say_pace("beside a disk that is nearly full", begun, held)
    objects.check_all()


def fill(folder: Path, *, leave: int) -> None:
    free = shutil.disk_usage(folder).free
    with (folder / "filler").open("wb") as file:
        for _ in range(max(0, free - leave) // MIB):
            file.write(bytes(MIB))
