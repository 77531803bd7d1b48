"""Which data folder is a node: an empty folder in its place is refused, and so is a second process of its name."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import wait
from harness.cluster import Cluster
from harness.server import BINARY, Server
from harness.shelves import check_all, put_all

pytestmark = pytest.mark.waits


def status(server: Server) -> dict[str, list[dict[str, object]]]:
    """The status of each node's processes."""
    shown = server.run("status", "-o", "json")
    found: dict[str, list[dict[str, object]]] = {}
    for node in json.loads(shown.stdout)["nodes"]:
        found.setdefault(node["node"], []).append(node)
    return found


def states(server: Server, node: str) -> list[object]:
    return sorted(process["state"] for process in status(server)[node])


def holds(folder: Path) -> list[Path]:
    """The shard files in a node's data folder."""
    return [file for part in ("segments", "buckets") for file in (folder / part).rglob("*") if file.is_file()]


def test_an_empty_folder_is_refused_until_it_is_told_to_take_the_place(make_server):
    server = make_server().start()
    server.wire().make_bucket("shared")
    put_all(server, "before")
    assert {node["state"] for nodes in status(server).values() for node in nodes} == {"online"}
    server.stop()
    lost = server.node_folder(3)
    assert holds(lost)
    shutil.rmtree(lost)
    lost.mkdir()
    server.start()
    (node,) = status(server)["node-3"]
    assert node["state"] == "refused" and "planetstore node init node-3" in node["why"]
    put_all(server, "five")
    check_all(server, "five")
    check_all(server, "before")
    assert not holds(lost), "nothing is stored in a folder that was refused"
    assert "node-3: refused" in server.run("status").stdout
    examined = server.run("doctor")
    assert "node-3 is refused" in examined.stdout + examined.stderr
    server.restart()
    assert states(server, "node-3") == ["refused"], "a restart does not make it the node"

    let_in = server.run("node", "init", "node-3")
    assert let_in.returncode == 0, let_in.stderr
    wait.until(lambda: states(server, "node-3") == ["online"], "the node to be let in")
    put_all(server, "six")
    wait.until(lambda: holds(lost), "shards on the new folder")
    again = server.run("node", "init", "node-3")
    assert again.returncode != 0 and "has joined" in again.stderr
    server.restart()
    assert states(server, "node-3") == ["online"]
    for shelf in ("before", "five", "six"):
        check_all(server, shelf)


def test_a_folder_that_comes_back_is_the_node_again(make_server):
    server = make_server().start()
    server.wire().make_bucket("shared")
    put_all(server, "before")
    server.stop()
    folder, aside = server.node_folder(2), server.folder / "aside"
    folder.rename(aside)
    server.start()
    assert states(server, "node-2") == ["refused"]
    server.stop()
    shutil.rmtree(folder)
    aside.rename(folder)
    server.start()
    assert states(server, "node-2") == ["online"]
    check_all(server, "before")


@pytest.fixture
def cluster(nothing_left: None, tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "cluster")
    cluster.folder.mkdir()
    try:
        yield cluster.start(2)
    finally:
        cluster.close()


def second(cluster: Cluster, folder: Path, name: str) -> subprocess.Popen[bytes]:
    command = [BINARY, "run", "node", "--node", "node-3", "--data", folder, *cluster.arguments]
    return cluster._spawn(command, name)


def test_of_two_processes_of_one_name_the_stranger_gets_nothing(cluster):
    one, other = cluster.gateways
    one.wire().make_bucket("shared")
    put_all(one, "before")
    stranger = cluster.folder / "stranger"
    second(cluster, stranger, "stranger")
    for gateway in (one, other):
        wait.until(lambda gateway=gateway: states(gateway, "node-3") == ["online", "refused"], "both to be seen")
    for number in range(5):
        put_all(one, f"beside/{number}")
        check_all(other, f"beside/{number}")
    check_all(other, "before")
    assert not holds(stranger)
    wait.until(lambda: "refused" in (cluster.folder / "stranger.log").read_text(), "the stranger to be told")


def test_of_two_processes_on_copies_of_one_folder_the_younger_ends(cluster):
    gateway = cluster.gateways[0]
    gateway.wire().make_bucket("shared")
    put_all(gateway, "before")
    copy = cluster.folder / "copy"
    shutil.copytree(cluster.folder / "node-3", copy)
    process = second(cluster, copy, "copy")
    assert process.wait(30) == 1
    assert "from this folder or a copy of it" in (cluster.folder / "copy.log").read_text()
    cluster.processes.remove(process)
    wait.until(lambda: states(gateway, "node-3") == ["online"], "the elder to be alone again")
    check_all(gateway, "before")
