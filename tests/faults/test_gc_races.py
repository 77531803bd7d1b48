"""Contents that are stored, copied, deleted, appended to and reclaimed at full speed, with no grace period, by two
gateways: every version that was accepted has its bytes."""

import http.client
import json
import random
import subprocess
import time

import pytest

from harness import wait
from harness.cluster import Cluster
from harness.content import KIB, MIB, content
from harness.history import PARALLEL_SECONDS_MAX, in_parallel
from harness.server import Server
from harness.wire import Wire, object_path

pytestmark = pytest.mark.waits

BUCKET = "races"
# Small ones, some of a stripe and some of more. So few that steps meet what others do with the same bytes, and several
# times as many as there are keys, so that most are without a reference for some time.
BODIES = [content((size, number), size * KIB) for number in range(40) for size in (5, 300, 1_300)]
KEYS = 4
CLIENTS_OF_EACH_GATEWAY = 3
SECONDS, SECONDS_LONG = 15, 300
# A read, a copy or a write that a reclaim overtakes may be refused.
REFUSED = {404, 412, 503}
CLEAN_SECONDS = 120
# The exit code of an audit that finds something short.
UNHEALTHY = 5


class Client:
    """Changes keys of its own, and reads them back: they are its own, but their bytes are everybody's."""

    def __init__(self, server: Server, number: int, seed: int) -> None:
        self.server, self.number = server, number
        self.wire = server.wire()
        self.random = random.Random(repr((seed, number)))
        self.keys: dict[str, bytes | None] = {f"{number}-{key}": None for key in range(KEYS)}
        self.done: dict[str, int] = {}
        self.refused = 0
        self.wrong: list[str] = []

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            key = self.random.choice(list(self.keys))
            step = self.random.choice([self.put, self.put, self.copy, self.delete, self.delete, self.append, self.read])
            try:
                was_done = step(key)
            except (OSError, http.client.HTTPException) as error:
                # A read that a reclaim overtakes breaks off. Nothing of the other steps may.
                if step != self.read:
                    self.wrong.append(f"{step.__name__}: {error!r}")
                continue
            name = step.__name__
            self.done[name] = self.done.get(name, 0) + was_done
            self.refused += not was_done
        self.wire.close()

    def is_accepted(self, what: str, status: int, answer) -> bool:
        if answer.status == status:
            return True
        if answer.status not in REFUSED:
            self.wrong.append(f"{what}: {answer.status} {answer.body[:300]!r}")
        return False

    def put(self, key: str) -> bool:
        body = self.random.choice(BODIES)
        accepted = self.is_accepted("put", 200, self.wire.put(BUCKET, key, body))
        if accepted:
            self.keys[key] = body
        return accepted

    def copy(self, key: str) -> bool:
        source = self.random.choice([other for other in self.keys if other != key])
        if self.keys[source] is None:
            return False
        headers = {"x-amz-copy-source": f"/{BUCKET}/{source}"}
        answer = self.wire.request("PUT", object_path(BUCKET, key), headers=headers)
        # Some errors come behind the head of a copy.
        accepted = self.is_accepted("copy", 200, answer) and b"<Error>" not in answer.body
        if accepted:
            self.keys[key] = self.keys[source]
        return accepted

    def delete(self, key: str) -> bool:
        accepted = self.is_accepted("delete", 204, self.wire.delete(BUCKET, key))
        if accepted:
            self.keys[key] = None
        return accepted

    def append(self, key: str) -> bool:
        before = self.keys[key]
        if before is None or len(before) > 4_000 * KIB:
            return False
        body = self.random.choice(BODIES)
        headers = {"x-amz-write-offset-bytes": str(len(before))}
        answer = self.wire.request("PUT", object_path(BUCKET, key), headers=headers, body=body)
        accepted = self.is_accepted("append", 200, answer)
        if accepted:
            self.keys[key] = before + body
        return accepted

    def read(self, key: str) -> bool:
        """Reads a key of its own: nobody else changes it, so what was accepted is there."""
        answer = self.wire.get(BUCKET, key)
        expected = self.keys[key]
        if expected is None:
            if answer.status != 404:
                self.wrong.append(f"a deleted key answers {answer.status}")
        elif answer.status != 200 or answer.body != expected:
            self.wrong.append(f"{key}: {answer.status}, {len(answer.body)} bytes in place of {len(expected)}")
        return True

    def assert_reads(self, wire: Wire) -> None:
        for key, body in self.keys.items():
            answer = wire.get(BUCKET, key)
            if body is None:
                assert answer.status == 404, (key, answer.status)
            else:
                assert (answer.status, answer.body == body) == (200, True), (key, answer.status, answer.body[:300])


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path / "cluster")
    cluster.environment["PLANETSTORE_CACHE_BYTES"] = "0"
    try:
        yield cluster.start(2)
    finally:
        cluster.close()


def reports(cluster: Cluster) -> list[dict]:
    """What a gateway heard of the garbage collectors."""
    done = cluster.gateways[0].run("worker", "list", "--output", "json")
    assert done.returncode == 0, done.stderr
    return [report for report in json.loads(done.stdout)["workers"] if report["worker"] == "gc"]


def reclaimed(cluster: Cluster) -> int:
    """How many contents and strays they took away."""
    return sum(report["done"] for report in reports(cluster))


def contents(cluster: Cluster) -> int:
    """How many contents are stored, as the log has it."""
    told = cluster.gateways[0].run("status", "--output", "json")
    return json.loads(told.stdout)["stored"]["contents"] if told.stdout else -1


def unnamed(cluster: Cluster) -> int:
    """Shards on the nodes that the log does not name, of small contents, too."""
    done = cluster.gateways[0].run("audit", "shards", "--json")
    assert done.returncode in (0, UNHEALTHY), done.stderr
    strays = [node["strays"] for node in json.loads(done.stdout)["nodes"].values()]
    return sum(stray["dead"] + stray["young"] for stray in strays)


def owns_the_lease(cluster: Cluster, name: str) -> bool:
    said = (cluster.folder / f"{name}.log").read_text(errors="replace")
    return said.count("took the lease") > said.count("the lease was lost")


def shard_count(cluster: Cluster) -> int:
    """How many shards are in files: those of contents of several stripes."""
    folders = [cluster.folder / f"node-{number}" / "buckets" for number in range(1, 7)]
    return sum(1 for folder in folders for path in folder.rglob("*") if path.is_file())


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seconds", [SECONDS, pytest.param(SECONDS_LONG, marks=pytest.mark.long)])
def test_every_version_that_was_accepted_has_its_bytes(cluster, seed, seconds):
    # Two of them: the one that does not own the lease takes nothing away, and takes over.
    collectors: dict[str, subprocess.Popen[bytes]] = {
        name: cluster.start_gc(name, grace="0s", upload_time_max="10s") for name in ("gc-1", "gc-2")}
    first, second = cluster.gateways
    first.wire().make_bucket(BUCKET)
    # It works before the clients begin, so that it works while they do.
    assert first.wire().put(BUCKET, "first", BODIES[1]).status == 200
    assert first.wire().delete(BUCKET, "first").status == 204
    wait.until(lambda: reclaimed(cluster) > 0, "the first that is taken away", CLEAN_SECONDS)
    before = reclaimed(cluster)
    clients = [Client(gateway, number, seed)
               for number, gateway in enumerate([first, second] * CLIENTS_OF_EACH_GATEWAY)]
    taken_away: list[int] = []

    def run(number: int) -> None:
        if number < len(clients):
            clients[number].run(seconds)
        else:
            end = time.monotonic() + seconds - 1
            while time.monotonic() < end:
                taken_away.append(reclaimed(cluster))
                time.sleep(1)

    in_parallel(len(clients) + 1, run, seconds + PARALLEL_SECONDS_MAX)
    assert taken_away[-1] > before, "nothing was taken away while the clients were at it"
    wrong = [wrong for client in clients for wrong in client.wrong]
    assert not wrong, wrong[:5]
    done = {step: sum(client.done.get(step, 0) for client in clients) for step in ("put", "copy", "delete", "append")}
    print(f"{taken_away[-1]} taken away meanwhile, {done}, {sum(client.refused for client in clients)} refused or without a source, seed {seed}")
    assert all(done.values()), done
    for gateway in cluster.gateways:
        wire = gateway.wire()
        for client in clients:
            client.assert_reads(wire)
        wire.close()
    # The owner of the lease is killed, and the other one gives back what is left.
    [owner] = [name for name in collectors if owns_the_lease(cluster, name)]
    collectors[owner].kill()
    collectors[owner].wait()
    wire = first.wire()
    for client in clients:
        for key in client.keys:
            assert wire.delete(BUCKET, key).status == 204
    wait.until(lambda: shard_count(cluster) == 0 and contents(cluster) == 0, "empty nodes", CLEAN_SECONDS)
    wait.until(lambda: unnamed(cluster) == 0, "empty segments", CLEAN_SECONDS)


# More than sockets and the gateway hold between the nodes and a client that reads slowly.
LARGE_BYTES = 96 * MIB


def test_a_read_that_takes_longer_than_the_grace_period_breaks_off_or_has_the_right_bytes(cluster):
    cluster.start_gc("gc", grace="0s", upload_time_max="10s")
    wire = cluster.gateways[0].wire()
    wire.make_bucket(BUCKET)
    body = content("read", LARGE_BYTES)
    assert wire.put(BUCKET, "read", body).status == 200
    head, _ = wire.head("GET", object_path(BUCKET, "read"))
    with wire.connect() as stream:
        stream.sendall(head.to_bytes())
        response = http.client.HTTPResponse(stream)
        response.begin()
        got = bytearray(response.read(MIB))
        assert response.status == 200 and len(got) == MIB
        assert wire.delete(BUCKET, "read").status == 204
        wait.until(lambda: shard_count(cluster) == 0 and contents(cluster) == 0, "the end of its shards", CLEAN_SECONDS)
        try:
            while piece := response.read(MIB):
                got += piece
        except (OSError, http.client.HTTPException):
            pass
    # `read` of http.client ends quietly where the connection does.
    assert got == body[:len(got)], "bytes of something else"
    assert len(got) < len(body), "the nodes had nothing left to send: is the object too small?"
    assert wire.get(BUCKET, "read").status == 404
