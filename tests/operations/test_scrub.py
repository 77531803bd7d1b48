"""Nodes read all their shards when they are told to, say what they found, and rest when they are told to."""

import json
import random
import time
from pathlib import Path

import pytest

from harness import wait
from harness.content import KIB, MIB, content
from harness.server import Server

pytestmark = pytest.mark.waits

BUCKET = "kept"
UNHEALTHY = 5
SECONDS = 120

# What lies in caches of the gateway is no proof.
UNCACHED = {"PLANETSTORE_CACHE_BYTES": "0"}


def scrub(server: Server, *arguments: str) -> dict[str, dict]:
    """What each node says of its scrub, whether all is well or not."""
    done = server.run("scrub", *arguments, "--output", "json")
    assert done.returncode in (0, UNHEALTHY), done.stderr
    told = {node["node"]: node.get("scrub") for node in json.loads(done.stdout)["nodes"]}
    is_well = all(report and report["damaged"] == 0 for report in told.values())
    if arguments[0] == "status":
        assert done.returncode == (0 if is_well else UNHEALTHY), done.stdout
    return told


def ended(report: dict, begun: str) -> bool:
    """Whether the pass that began then has come to its end."""
    last = report["last"]
    return report["state"] == "waiting" and last is not None and last["begun"] == begun


def pass_over_all(server: Server) -> dict[str, dict]:
    """Starts a pass on all nodes, and waits for its end: what they say then."""
    begun = {node: report["pass"]["begun"] for node, report in scrub(server, "start").items()}
    assert len(begun) == server.nodes
    return wait.until(lambda: all_ended(server, begun), "the end of all passes", SECONDS)


def all_ended(server: Server, begun: dict[str, str]) -> dict[str, dict] | None:
    told = scrub(server, "status")
    return told if all(ended(told[node], begun[node]) for node in begun) else None


def shard_file(server: Server, node: int) -> Path:
    return next(path for path in (server.node_folder(node) / "buckets" / BUCKET).iterdir() if path.suffix != ".staged")


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        rotten = bytes([file.read(1)[0] ^ 1])
        file.seek(at)
        file.write(rotten)


def store(server: Server) -> dict[str, bytes]:
    wire = server.wire()
    wire.make_bucket(BUCKET)
    bodies = {f"small/{number}": content(number, 20 * KIB) for number in range(9)} | {"large": content("large", 3 * MIB)}
    for key, data in bodies.items():
        assert wire.put(BUCKET, key, data).status == 200
    wait.until(lambda: audit(server) == 0, "the last shards of all")
    return bodies


def audit(server: Server) -> int:
    return server.run("audit", "shards", "--deep").returncode


def test_a_started_scrub_finds_what_rotted_and_it_is_repaired(make_server):
    server: Server = make_server(environment=UNCACHED).start()
    server.wait_for_nodes()
    bodies = store(server)
    clean = pass_over_all(server)
    for node, report in clean.items():
        assert report["last"]["shards"] == report["shards"] > 0, node
        assert report["last"]["bytes"] > 0 and report["last"]["damaged"] == report["damaged"] == 0, node
    # Held back, so that what the scrub says can be seen before it is repaired.
    assert server.run("worker", "pause", "repair").returncode == 0
    rotten = shard_file(server, 4)
    flip(rotten, 300_000)
    found = pass_over_all(server)
    assert {node: report["last"]["damaged"] for node, report in found.items() if report["last"]["damaged"]} == {"node-4": 1}
    assert found["node-4"]["damaged"] == 1
    table = server.run("scrub", "status", "node-4")
    assert table.returncode == UNHEALTHY, table.stderr
    assert [line.split()[0] for line in table.stdout.splitlines()] == ["NODE", "node-4"]
    assert " shards read, 1 damaged at " in table.stdout, table.stdout
    assert server.run("worker", "resume", "repair").returncode == 0
    wait.until(lambda: scrub(server, "status")["node-4"]["damaged"] == 0, "the shard to be replaced", SECONDS)
    # No audit was made before: what rotted was known from the scrub alone.
    assert audit(server) == 0
    assert not rotten.exists(), "a shard is not written again under its name"
    for key, data in bodies.items():
        assert server.wire().get(BUCKET, key).body == data


def test_a_scrub_that_is_paused_rests_over_a_restart(make_server):
    server: Server = make_server(environment=UNCACHED).start()
    server.wait_for_nodes()
    store(server)
    pass_over_all(server)
    told = scrub(server, "pause", "node-2")
    assert list(told) == ["node-2"] and told["node-2"]["state"] == "paused"
    server.restart()
    server.wait_for_nodes()
    states = {node: report["state"] for node, report in scrub(server, "status").items()}
    assert states.pop("node-2") == "paused" and "paused" not in states.values(), states
    assert {report["state"] for report in scrub(server, "pause").values()} == {"paused"}
    flip(shard_file(server, 2), 300_000)
    before = scrub(server, "status", "node-2")["node-2"]
    # Another one, which begins now, reads all that it has meanwhile.
    begun = scrub(server, "start", "node-3")["node-3"]["pass"]["begun"]
    wait.until(lambda: ended(scrub(server, "status", "node-3")["node-3"], begun), "the end of another pass", SECONDS)
    assert scrub(server, "status", "node-2")["node-2"] == before, "nothing is read meanwhile"
    assert "paused" not in {report["state"] for report in scrub(server, "resume").values()}
    scrub(server, "pause", "node-2")
    begun = scrub(server, "start", "node-2")["node-2"]["pass"]["begun"]
    wait.until(lambda: ended(scrub(server, "status", "node-2")["node-2"], begun), "the end of the pass", SECONDS)
    assert scrub(server, "status", "node-2")["node-2"]["last"]["damaged"] == 1
    wait.until(lambda: audit(server) == 0, "the shard to be replaced", SECONDS)


def test_a_pause_that_was_answered_outlives_a_kill(make_server):
    server: Server = make_server(environment=UNCACHED).start()
    server.wait_for_nodes()
    for wanted in ("pause", "resume", "pause"):
        assert len(scrub(server, wanted)) == server.nodes
        server.kill()
        server.start()
        server.wait_for_nodes()
        are_paused = {report["state"] == "paused" for report in scrub(server, "status").values()}
        assert are_paused == {wanted == "pause"}, wanted


KILLS, KILLS_LONG = 3, 100


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kills", [KILLS, pytest.param(KILLS_LONG, marks=pytest.mark.long)])
def test_killed_at_random_moments_of_a_pass_it_goes_on_and_finds_everything(make_server, seed, kills):
    drawn = random.Random(f"{seed} scrub")
    server: Server = make_server(environment=UNCACHED).start()
    server.wait_for_nodes()
    bodies = store(server)
    for number in range(kills):
        # What a scrub found and what not is known before repair replaces it.
        assert server.run("worker", "pause", "repair").returncode == 0
        rotten = shard_file(server, 1 + number % server.nodes)
        flip(rotten, drawn.randrange(100, 700_000))
        scrub(server, "start")
        time.sleep(drawn.random() * 0.4)  # the random moment itself
        server.kill()
        server.start()
        server.wait_for_nodes()
        node = f"node-{1 + number % server.nodes}"
        wait.until(lambda node=node: scrub(server, "status")[node]["damaged"] == 1, f"damage {number}, seed {seed}", SECONDS)
        assert server.run("worker", "resume", "repair").returncode == 0
        wait.until(lambda: audit(server) == 0, f"a shard in place of damage {number}, seed {seed}", SECONDS)
    for key, data in bodies.items():
        assert server.wire().get(BUCKET, key).body == data


def test_a_node_that_is_gone_is_named_and_one_that_never_was_is_refused(make_server):
    server: Server = make_server(environment=UNCACHED).start()
    server.wait_for_nodes()
    assert server.run("node", "stop", "node-3").returncode == 0
    done = server.run("scrub", "start")
    assert done.returncode == UNHEALTHY, done.stderr
    assert "\nnode-3 does not say: " in done.stdout, done.stdout
    done = server.run("scrub", "status", "node-7")
    assert (done.returncode, done.stdout) == (1, "") and "no node of this name has joined" in done.stderr
