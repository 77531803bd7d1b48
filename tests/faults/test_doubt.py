"""Bytes that may be gone get no new reference, and the missing shards of an acked write are known after any crash."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from harness import wait
from harness.cluster import NODES, Cluster
from harness.content import KIB, MIB, content
from harness.server import Server
from harness.users import call, login
from harness.wire import Wire

pytestmark = pytest.mark.waits

# Without the cache every read asks the nodes.
UNCACHED = {"PLANETSTORE_CACHE_BYTES": "0"}
SIZES = [3 * KIB, 300 * KIB, 5 * MIB]
BUCKET = "doubt"
# The size of a piece in its file, with its header.
PIECE_STRIDE_BYTES = 256 * KIB + 16
# A missing shard is recorded only after some seconds, and a machine under load is slow.
KNOWN_SECONDS = 60


# The console accepts a few logins in a second, and is asked repeatedly here.
PAUSE_SECONDS = 0.5


def status(server: Server) -> dict:
    told = server.run("status", "--output", "json")
    while "too many logins" in told.stderr:
        time.sleep(PAUSE_SECONDS)
        told = server.run("status", "--output", "json")
    assert told.stdout, told.stderr
    return json.loads(told.stdout)


def owed(server: Server) -> dict:
    return status(server)["health"]["owed"]


def wait_until_settled(server: Server) -> None:
    """Acks come one shard early: waits until the last shards are stored too, and the mark covers them."""
    def is_settled() -> bool:
        told = status(server)
        return told["health"]["settled_sequence"] >= told["log"]["last_sequence"]

    wait.until(is_settled, "all shards", KNOWN_SECONDS)
    assert status(server)["health"]["settling"] == 0


def wait_until_scanned(server: Server) -> None:
    """Waits until the writes that were acked before the start have been checked."""
    wait.until(lambda: not status(server)["health"]["scanning"], "the look at the last writes", KNOWN_SECONDS)


def online(server: Server) -> list[str]:
    return [node["node"] for node in status(server)["nodes"] if node["state"] == "online"]


def put(wire: Wire, key: str, data: bytes) -> None:
    answer = wire.put(BUCKET, key, data)
    assert answer.status == 200, (key, answer.status, answer.body)


def assert_reads(wire: Wire, key: str, data: bytes) -> None:
    answer = wire.get(BUCKET, key)
    assert answer.status == 200, (key, answer.status, answer.body[:300])
    assert answer.body == data, f"{key} has wrong bytes"


def delete_shards(server: Server, nodes: range | list[int]) -> None:
    """Removes every shard from nodes, but not their identity."""
    for number in nodes:
        for part in ("segments", "buckets"):
            folder = server.node_folder(number) / part
            shutil.rmtree(folder)
            folder.mkdir()


@pytest.fixture
def server(make_server) -> Server:
    server = make_server(environment=UNCACHED).start()
    server.wire().make_bucket(BUCKET)
    # What is owed stays owed, so that it can be looked at.
    for worker in ("repair", "scan"):
        paused = server.run("worker", "pause", worker)
        assert paused.returncode == 0, paused.stderr
    return server


def test_bytes_whose_shards_are_gone_are_stored_again(server):
    wire = server.wire()
    stored = {size: content(("gone", size), size) for size in SIZES}
    for size, data in stored.items():
        put(wire, f"first/{size}", data)
    wait_until_settled(server)
    server.stop()
    delete_shards(server, range(1, NODES + 1))
    server.start()
    wire = server.wire()
    before = status(server)["stored"]["contents"]
    for size, data in stored.items():
        put(wire, f"second/{size}", data)
        assert_reads(wire, f"second/{size}", data)
    assert status(server)["stored"]["contents"] == before + len(SIZES)
    for size, data in stored.items():
        put(wire, f"third/{size}", data)
    assert status(server)["stored"]["contents"] == before + len(SIZES), "what was stored again is known"


def test_copies_of_bytes_that_are_gone_are_refused(server):
    wire = server.wire()
    data = content("copied", 300 * KIB)
    put(wire, "first", data)
    wait_until_settled(server)
    server.stop()
    delete_shards(server, range(1, NODES + 1))
    server.start()
    wire = server.wire()
    copy = wire.put(BUCKET, "copy", b"", headers={"x-amz-copy-source": f"/{BUCKET}/first"})
    assert copy.status == 503, (copy.status, copy.body)
    assert wire.get(BUCKET, "copy").status == 404
    put(wire, "first", data)
    copy = wire.put(BUCKET, "copy", b"", headers={"x-amz-copy-source": f"/{BUCKET}/first"})
    assert copy.status == 200, (copy.status, copy.body)
    assert_reads(wire, "copy", data)


def test_a_node_that_is_down_is_no_reason_to_store_again(server):
    wire = server.wire()
    stored = {size: content(("down", size), size) for size in SIZES}
    for size, data in stored.items():
        put(wire, f"first/{size}", data)
    wait_until_settled(server)
    before = status(server)["stored"]["contents"]
    assert server.run("node", "stop", "node-3").returncode == 0
    for size, data in stored.items():
        put(wire, f"second/{size}", data)
        assert_reads(wire, f"second/{size}", data)
    assert status(server)["stored"]["contents"] == before
    assert owed(server)["shards"] == 0, "a node that is down owes nothing"


def test_two_nodes_that_lost_their_shards_are_owed_them_and_what_is_read_says_so(server):
    wire = server.wire()
    data = content("two lost", 300 * KIB)
    put(wire, "object", data)
    wait_until_settled(server)
    assert owed(server) == {"contents": 0, "unsafe_contents": 0, "shards": 0, "nodes": [], "listed": []}
    server.stop()
    delete_shards(server, [2, 5])
    server.start()
    wire = server.wire()
    assert_reads(wire, "object", data)
    put(wire, "again", data)
    assert_reads(wire, "again", data)
    wait.until(lambda: owed(server)["shards"] == 2, "the two shards in the status", KNOWN_SECONDS)
    told = owed(server)
    assert (told["contents"], told["unsafe_contents"]) == (1, 1)
    assert [(node["node"], node["missing"]) for node in told["nodes"]] == [("node-2", 1), ("node-5", 1)]
    # They are in order of the shards, whose nodes are random.
    assert sorted((fault["node"], fault["fault"]) for fault in told["listed"][0]["faults"]) == [
        ("node-2", "missing"), ("node-5", "missing")]
    table = server.run("status").stdout
    assert "2 shards of 1 content, 1 of which would not survive the loss of a node" in table, table
    server.restart()
    assert owed(server) == told, "what is owed is on the log"
    rebuilt = (server.stop(), server.run("rebuild"))[1]
    assert rebuilt.returncode == 0 and "equal" in rebuilt.stdout, rebuilt.stdout + rebuilt.stderr


def data_files(server: Server) -> list[Path]:
    """The files of the four data shards of the only content that has files."""
    found = [file for number in range(1, NODES + 1) for file in (server.node_folder(number) / "buckets").glob("*/*")]
    assert len(found) == NODES
    # The last bits of a shard's name are its index.
    index = {int(file.name[-1], 16) & 7: file for file in found}
    return [index[shard] for shard in range(4)]


def damage(file: Path, piece: int) -> None:
    """Flips a bit of one piece."""
    with file.open("r+b") as shard:
        shard.seek(piece * PIECE_STRIDE_BYTES + 1000)
        byte = shard.read(1)
        shard.seek(-1, os.SEEK_CUR)
        shard.write(bytes([byte[0] ^ 1]))


def make_unreadable(file: Path) -> None:
    """Makes a file unreadable: a folder in its place fails every read, and affects no other files."""
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("fault", ["damaged", "unreadable"])
def test_bytes_that_a_read_found_bad_are_stored_again_after_a_restart_too(server, fault):
    wire = server.wire()
    data = content(fault, 5 * MIB)
    put(wire, "first", data)
    wait_until_settled(server)
    before = status(server)["stored"]["contents"]
    server.stop()
    for piece, file in enumerate(data_files(server)[1:3]):
        if fault == "damaged":
            damage(file, piece)
        else:
            make_unreadable(file)
    server.start()
    wire = server.wire()
    assert_reads(wire, "first", data)
    wait.until(lambda: owed(server)["unsafe_contents"] == 1, "the faults in the status", KNOWN_SECONDS)
    told = owed(server)
    assert sum(node[fault] for node in told["nodes"]) == told["shards"] == 2, told
    assert status(server)["stored"]["contents"] == before
    server.restart()
    wire = server.wire()
    put(wire, "second", data)
    assert_reads(wire, "second", data)
    assert status(server)["stored"]["contents"] == before + 1
    put(wire, "third", data)
    assert status(server)["stored"]["contents"] == before + 1, "what was stored again is known"
    assert owed(server) == told, "nothing was forgotten"


def test_bytes_are_referred_to_beside_one_new_node_and_stored_again_beside_two(server):
    wire = server.wire()
    stored = {size: content(("init", size), size) for size in SIZES}
    for size, data in stored.items():
        put(wire, f"first/{size}", data)
    wait_until_settled(server)
    before = status(server)["stored"]["contents"]
    for count, number in enumerate([2, 5]):
        server.stop()
        shutil.rmtree(server.node_folder(number))
        server.node_folder(number).mkdir()
        server.start()
        let_in = server.run("node", "init", f"node-{number}")
        assert let_in.returncode == 0, let_in.stderr
        wait.until(lambda number=number: f"node-{number}" in online(server), "the node to be let in")
        wire = server.wire()
        for size, data in stored.items():
            put(wire, f"again/{number}/{size}", data)
            assert_reads(wire, f"again/{number}/{size}", data)
            assert_reads(wire, f"first/{size}", data)
        if count == 0:
            assert status(server)["stored"]["contents"] == before, "any one node may be lost"
    # Both nodes may have had none of the three shards of the small one.
    assert before + 2 <= status(server)["stored"]["contents"] <= before + len(SIZES)


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    try:
        yield cluster.start(gateways=1)
    finally:
        cluster.close()


# The last body is a stream of so few stripes that it does not wait for the node, which is tried before others are.
@pytest.mark.parametrize("size", [3 * KIB, 300 * KIB, 3 * MIB])
def test_a_shard_that_an_ack_did_not_wait_for_is_owed_after_a_kill(cluster, size):
    gateway = cluster.gateways[0]
    wire = gateway.wire()
    wire.make_bucket(BUCKET)
    wait_until_settled(gateway)
    late = cluster.nodes[-1]
    late.send_signal(signal.SIGSTOP)
    try:
        # Some of the small ones have a shard on the node that does not answer, and so does the first of the others.
        count = 16 if size <= 32 * KIB else 1
        stored = {f"object/{number}": content((size, number), size) for number in range(count)}
        for key, data in stored.items():
            put(wire, key, data)
        gateway.kill()
    finally:
        late.kill()
        late.wait()
    cluster.restart_node(NODES)
    gateway.start()
    wait_until_scanned(gateway)
    told = owed(gateway)
    assert [node["node"] for node in told["nodes"]] == [f"node-{NODES}"]
    assert told["contents"] == told["shards"] > 0 and told["unsafe_contents"] == 0
    wire = gateway.wire()
    for key, data in stored.items():
        assert_reads(wire, key, data)
    gateway.restart()
    wait_until_scanned(gateway)
    assert owed(gateway) == told


def test_a_shard_that_came_after_all_is_owed_no_more(cluster):
    gateway = cluster.gateways[0]
    wire = gateway.wire()
    wire.make_bucket(BUCKET)
    late = cluster.nodes[-1]
    late.send_signal(signal.SIGSTOP)
    try:
        put(wire, "object", content("late", 300 * KIB))
        # The write to the node is abandoned before it resumes.
        wait.until(lambda: owed(gateway)["shards"] == 1, "the debt in the status", KNOWN_SECONDS)
    finally:
        late.send_signal(signal.SIGCONT)
    wait.until(lambda: owed(gateway)["shards"] == 0, "the node's late shards", KNOWN_SECONDS)


def test_a_kill_without_debts_leaves_none(server):
    wire = server.wire()
    for number in range(20):
        put(wire, f"object/{number}", content(("settled", number), 10 * KIB))
    wait_until_settled(server)
    server.kill()
    server.start()
    last = status(server)["log"]["last_sequence"]
    wait.until(lambda: status(server)["health"]["settled_sequence"] >= last, "the check of the last writes", KNOWN_SECONDS)
    assert owed(server)["shards"] == 0
    token = login(server, server.credentials.access, server.credentials.secret)
    told = call(server, "GET", f"/events?after={last}&type=content,object", token=token)
    assert told.json() == [], "what is whole costs no fact about contents"
    assert os.path.exists(server.data / "settled")
