"""The node monitor: what becomes of a node is on the log within seconds, and operators say what is wanted of one."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import failpoints, wait
from harness.cluster import Cluster
from harness.objects import until_whole
from harness.server import Server
from harness.shelves import check_all, put_all
from harness.states import node_list, presence, since

# From the last sign of a node to the event: a heartbeat is a second old at most when its node ends.
OFFLINE_SECONDS_MAX = 5.0

# A write or a read with a node gone a moment ago waits for nothing.
PROMPT_SECONDS_MAX = 2.0


def placed(server: Server, node: str) -> int:
    return node_list(server)[node]["placed"]["shards"]


def told(server: Server) -> dict[str, object]:
    """What `status` says of redundancy."""
    return json.loads(server.run("status", "-o", "json").stdout)["redundancy"]


@pytest.fixture
def cluster(nothing_left: None, tmp_path: Path) -> Iterator[Cluster]:
    """Six nodes and a gateway, each a process; and two monitors, of which one waits."""
    cluster = Cluster(tmp_path / "cluster")
    cluster.folder.mkdir()
    try:
        cluster.start(1)
        for name in ("health-1", "health-2"):
            cluster.start_health(name)
        gateway = cluster.gateways[0]
        gateway.wait_for_nodes()
        gateway.wire().make_bucket("shared")
        wait.until(lambda: owner(cluster) is not None, "an owner of the lease")
        yield cluster
    finally:
        cluster.close()


def owner(cluster: Cluster) -> str | None:
    """Which of the monitors owns the lease, as their logs say."""
    for name in ("health-1", "health-2"):
        said = (cluster.folder / f"{name}.log").read_text()
        if said.rfind("took the lease") > said.rfind("the lease was lost"):
            return name
    return None


def assert_offline_in_time(server: Server, node: str, ended: float) -> None:
    wait.until(lambda: presence(server, node) == "offline", f"{node} to be offline", 20)
    took = since(server, node, "presence") - ended
    print(f"{node} was offline on the log {took:.1f} s after its end")
    assert took < OFFLINE_SECONDS_MAX


def test_a_stopped_node_of_dev_is_offline_on_the_log_and_online_after_a_restart(make_server):
    server = make_server().start()
    server.wire().make_bucket("shared")
    put_all(server, "before")
    wait.until(lambda: told(server)["is_full"], "full redundancy")
    assert "fully redundant" in told(server)["sentence"]
    stopped = server.run("node", "stop", "node-3")
    assert stopped.returncode == 0, stopped.stderr
    assert_offline_in_time(server, "node-3", time.time())
    assert [name for name, node in node_list(server).items() if node["presence"]["state"] != "online"] == ["node-3"]
    owed = told(server)
    assert not owed["is_full"] and owed["owed_shards"] == placed(server, "node-3") > 0
    assert "node-3, which is offline since" in server.run("status").stdout
    server.restart()
    wait.until(lambda: presence(server, "node-3") == "online", "node-3 to be online", 20)
    assert "offline" not in server.run("node", "list").stdout
    check_all(server, "before")


def test_a_killed_node_is_missed_at_once_and_offline_on_the_log_in_seconds(cluster):
    gateway = cluster.gateways[0]
    put_all(gateway, "before")
    process = cluster.nodes[2]
    process.kill()
    process.wait()
    ended = time.time()
    put_all(gateway, "after")
    check_all(gateway, "before")
    check_all(gateway, "after")
    assert time.time() - ended < PROMPT_SECONDS_MAX * 3, "nobody waits for a node that is gone"
    assert_offline_in_time(gateway, "node-3", ended)
    cluster.restart_node(3)
    wait.until(lambda: presence(gateway, "node-3") == "online", "node-3 to be online", 20)


def test_the_owner_of_the_lease_may_end_together_with_a_node(cluster):
    gateway = cluster.gateways[0]
    put_all(gateway, "before")
    for process in (cluster.named[owner(cluster)], cluster.nodes[4]):
        process.kill()
        process.wait()
    assert_offline_in_time(gateway, "node-5", time.time())


KILLED_SECONDS = 60
ROUNDS, ROUNDS_LONG = 1, 50


@pytest.mark.waits
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(ROUNDS_LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize("point", failpoints.of_service("health"))
def test_killed_at_each_step_the_next_one_says_what_became_of_a_node(make_server, point, rounds):
    server = make_server().start()
    server.wire().make_bucket("shared")
    put_all(server, "before")
    for number in range(rounds):
        node = f"node-{1 + number % server.nodes}"
        server.stop()
        server.environment[failpoints.VARIABLE] = point
        # Its own start may be what it finds first, if a node was offline on the log.
        server.start()
        killed = server.process
        server.run("node", "stop", node)
        wait.until(lambda killed=killed: killed.poll() is not None, f"the end at {point}: {server.said()}", KILLED_SECONDS)
        assert killed.returncode == -signal.SIGKILL, server.said()
        server.kill()
        del server.environment[failpoints.VARIABLE]
        server.start()
        wait.until(lambda: all(shown["presence"]["state"] == "online" for shown in node_list(server).values()),
                   f"all nodes online on the log after {point}", KILLED_SECONDS)
        until_whole(server, KILLED_SECONDS)
        check_all(server, "before")


@pytest.mark.waits
def test_a_monitor_that_was_stopped_for_a_while_calls_no_node_offline(cluster):
    gateway = cluster.gateways[0]
    both = [cluster.named[name] for name in ("health-1", "health-2")]
    for process in both:
        process.send_signal(signal.SIGSTOP)
    time.sleep(8)  # as long as two nodes' silence
    for process in both:
        process.send_signal(signal.SIGCONT)
    joined = {name: node["presence"] for name, node in node_list(gateway).items()}
    # It works again: a node that ends now is missed.
    cluster.nodes[0].kill()
    cluster.nodes[0].wait()
    wait.until(lambda: presence(gateway, "node-1") == "offline", "node-1 to be offline", 30)
    after = {name: node["presence"] for name, node in node_list(gateway).items()}
    assert {name for name in after if after[name] != joined[name]} == {"node-1"}
    assert all(node["state"] == "online" for node in joined.values())


@pytest.mark.waits
def test_a_node_is_drained_resumed_and_removed(make_server):
    server = make_server().start()
    server.wire().make_bucket("shared")
    put_all(server, "before")
    # What is placed on a node changes by writes alone.
    paused = server.run("worker", "pause", "repair")
    assert paused.returncode == 0, paused.stderr
    refused = server.run("node", "remove", "node-1")
    assert refused.returncode == 1 and "planetstore node drain" in refused.stderr, refused.stderr
    drained = server.run("node", "drain", "node-1")
    assert drained.returncode == 0, drained.stderr
    assert node_list(server)["node-1"]["duty"]["state"] == "draining"
    # Gateways follow the log's word within a second or two.
    wait.until(lambda: not gets_shards(server, "node-1"), "no new shards on a node that is drained")
    check_all(server, "before")
    for number in (2, 3):
        assert server.run("node", "drain", f"node-{number}").returncode == 0
    enough = server.run("node", "drain", "node-4")
    assert enough.returncode == 1 and "writes need 3" in enough.stderr, enough.stderr
    for number in (1, 2, 3):
        assert server.run("node", "resume", f"node-{number}").returncode == 0
    wait.until(lambda: gets_shards(server, "node-1"), "shards on a node that takes them again")
    forced = server.run("node", "remove", "node-1", "--force")
    assert forced.returncode == 0, forced.stderr
    assert "removed" in server.run("node", "list").stdout
    check_all(server, "before")
    again = server.run("node", "drain", "node-1")
    assert again.returncode == 1 and "planetstore node resume" in again.stderr
    unknown = server.run("node", "drain", "node-77")
    assert unknown.returncode == 1 and "has joined" in unknown.stderr


def gets_shards(server: Server, node: str) -> bool:
    """Whether writes place anything on a node now."""
    before = placed(server, node)
    put_all(server, f"probe-{time.monotonic_ns()}")
    return placed(server, node) > before


@pytest.mark.waits
def test_a_data_folder_copied_back_from_before_is_refused_and_said(cluster):
    gateway = cluster.gateways[0]
    put_all(gateway, "before")
    folder, copy = cluster.folder / "node-3", cluster.folder / "copy"
    end(cluster.nodes[2])
    wait_unheard(gateway, "node-3")
    shutil.copytree(folder, copy)
    cluster.restart_node(3)
    wait.until(lambda: shown(gateway, "node-3")["state"] == "online", "node-3 to be online")
    for number in range(3):
        put_all(gateway, f"after/{number}")
    wait.until(lambda: position(folder) > position(copy), "its age to be noted")
    # Ages are noted in intervals: at the second one, heartbeats have said the first for long enough to be believed.
    noted = position(folder)
    put_all(gateway, "later")
    wait.until(lambda: position(folder) > noted, "its age to be noted again")
    end(cluster.nodes[2])
    wait_unheard(gateway, "node-3")
    wait.until(lambda: presence(gateway, "node-3") == "offline", "node-3 to be offline", 20)
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
    cluster.restart_node(3)
    wait.until(lambda: shown(gateway, "node-3")["state"] == "refused", "the old copy to be refused")
    assert "older copy" in str(shown(gateway, "node-3")["why"])
    assert presence(gateway, "node-3") == "offline"
    for shelf in ("before", "after/0", "after/2"):
        check_all(gateway, shelf)
    put_all(gateway, "without it")
    refused = gateway.run("node", "init", "node-3")
    assert refused.returncode == 1 and "empty" in refused.stderr, refused.stderr
    wait.until(lambda: "older copy" in (cluster.folder / "node-3.log").read_text(), "the node to be told")
    # Emptied, it may take the place.
    end(cluster.nodes[2])
    wait_unheard(gateway, "node-3")
    shutil.rmtree(folder)
    cluster.restart_node(3)
    wait.until(lambda: shown(gateway, "node-3")["state"] == "refused", "the empty folder to be refused")
    let_in = gateway.run("node", "init", "node-3")
    assert let_in.returncode == 0, let_in.stderr
    wait.until(lambda: shown(gateway, "node-3")["state"] == "online", "node-3 to be let in")
    for shelf in ("before", "after/0", "after/2", "without it"):
        check_all(gateway, shelf)


def position(folder: Path) -> int:
    """How far a node's folder was written, as it notes itself."""
    return json.loads((folder / "age.json").read_text())["position"]


def end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def wait_unheard(server: Server, node: str) -> None:
    """Waits until the gateway does not count on a process that has ended: what it shows is of that one until then."""
    wait.until(lambda: shown(server, node)["state"] == "offline", f"the gateway to miss {node}")


def shown(server: Server, node: str) -> dict[str, object]:
    """What `status` says of a node."""
    nodes = json.loads(server.run("status", "-o", "json").stdout)["nodes"]
    return next(shown for shown in nodes if shown["node"] == node)
