"""Shards move onto nodes that join a store which is in use."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness import wait
from harness.cluster import NODES, STOP_SECONDS, Cluster
from harness.content import MIB
from harness.objects import BUCKET, Objects, reading, until_whole
from harness.server import Server
from harness.states import node_list

pytestmark = [pytest.mark.waits]

# Enough for each node to hold some ten MiB, and nodes that are added.
OBJECTS, ADDED = 450, range(NODES + 1, NODES + 4)

# So many bytes a second that something is left to move when the process is killed.
SLOW = str(3 * MIB)

SECONDS = 120.0

# What is left as it is: the difference that END in services/domain/src/balance.rs allows, and a large shard more.
GAP, GAP_BYTES, SHARD_BYTES = 0.1, 2 * MIB, MIB


def worker(server: Server, *arguments: str) -> str:
    done = server.run("worker", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(server: Server) -> dict:
    """The worker in the process that works."""
    listed = json.loads(worker(server, "list", "--output", "json"))["workers"]
    return next((one for one in listed if one["worker"] == "rebalance"), {"state": {"name": "not heard"}, "done": 0})


def placed(server: Server) -> dict[str, int]:
    """The bytes that the log places on each node."""
    return {name: node["placed"]["bytes"] for name, node in node_list(server).items()}


def is_even(server: Server) -> bool:
    on = placed(server)
    mean = sum(on.values()) / len(on)
    return max(on.values()) - min(on.values()) <= max(mean * GAP, GAP_BYTES) + SHARD_BYTES


def causes(server: Server) -> list[str]:
    got = server.run("events", "get", "--type", "content.placed", "-o", "ndjson")
    assert got.returncode == 0, got.stderr
    contents = [content for line in got.stdout.splitlines() for content in json.loads(line)["data"]["contents"]]
    return [shard["cause"] for content in contents for shard in content["shards"]]


@contextmanager
def writing(objects: Objects) -> Iterator[None]:
    """Somebody writes all the time."""
    stop, failures = threading.Event(), []

    def write() -> None:
        number = 0
        try:
            while not stop.is_set():
                objects.put("while", range(number, number + 4))
                number += 4
        except BaseException as failure:  # noqa: BLE001 - shown at the end
            failures.append(failure)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join(STOP_SECONDS)
    assert not failures, failures


@pytest.fixture
def cluster(nothing_left: None, tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "cluster")
    cluster.folder.mkdir()
    try:
        yield cluster
    finally:
        cluster.close()


def test_nodes_that_join_take_their_part_of_what_is_stored_while_clients_go_on(cluster, seed):
    server = cluster.start(1).gateways[0]
    repair = cluster.start_maintenance("repair", {"PLANETSTORE_CACHE_BYTES": "0"})
    server.wire().make_bucket(BUCKET)
    objects = Objects(server)
    objects.put("before", range(OBJECTS))
    worker(server, "rate", "rebalance", SLOW)
    worker(server, "pause", "rebalance")
    is_so: Callable[[str], bool] = lambda name: shown(server)["state"]["name"] == name
    wait.until(lambda: is_so("paused"), "the pause")
    with reading(objects, seed), writing(objects):
        for number in ADDED:
            cluster.add_node(number)
        wait.until(lambda: len(placed(server)) == NODES + len(ADDED), "the nodes to join")
        assert not is_even(server) and causes(server) == [], "nothing moves while the worker is paused"
        worker(server, "resume", "rebalance")
        wait.until(lambda: "balance" in causes(server), "the first moves", SECONDS)
        repair.kill()
        repair.wait(STOP_SECONDS)
        cluster.processes.remove(repair)
        assert not is_even(server), "it was killed on its way"
        cluster.start_maintenance("repair", {"PLANETSTORE_CACHE_BYTES": "0"})
        worker(server, "rate", "rebalance")
        wait.until(lambda: is_even(server), "the fills to be even", SECONDS)
    wait.until(lambda: is_so("idle") and shown(server)["left"] == 0, "nothing left to move", SECONDS)
    assert "no shard" in shown(server)["last"]["what"], shown(server)
    whole = until_whole(server, SECONDS)
    assert all(node["answered"] and node["healthy"] > 0 for node in whole["nodes"].values()), whole
    assert set(causes(server)) == {"balance"}
    objects.check_all()
