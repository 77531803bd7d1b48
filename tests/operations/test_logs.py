"""Log lines of all processes: followed by a command, and errors of a node that survive its restart."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import wait
from harness.cluster import Cluster
from harness.server import BINARY, Server
from harness.users import Users, call, login

SECONDS = 30
PASSWORD = "correct horse"

# What a node says that finds it.
BROKEN_SCRUB = "the state of the scrub cannot be read: the scrub starts over"


def lines(server: Server, *arguments: str) -> list[dict]:
    done = server.run(*arguments, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def cluster(nothing_left: None, tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path / "cluster")
    cluster.folder.mkdir()
    try:
        yield cluster.start(1)
    finally:
        cluster.close()


def test_errors_of_a_node_are_known_after_its_restart_and_that_of_the_gateway(cluster: Cluster):
    gateway = cluster.gateways[0]
    gateway.wait_for_nodes()
    cluster.kill_node(3)
    (cluster.folder / "node-3" / "scrub.json").write_text("broken")
    cluster.restart_node(3)

    def errors() -> list[dict]:
        found = lines(gateway, "errors", "--role", "node-3")
        return [line for line in found if line["message"] == BROKEN_SCRUB]

    told = wait.until(errors, "the warning of the node", SECONDS)
    assert len(told) == 1 and told[0]["level"] == "warn" and told[0]["role"] == "node-3"
    assert "node-3" in {line["role"] for line in lines(gateway, "logs", "--role", "node-3")}
    gateway.restart()
    assert wait.until(errors, "the warning after a restart of the gateway", SECONDS) == told
    cluster.kill_node(3)
    gateway.restart()
    cluster.restart_node(3)
    # The node warns once more if it was killed before it saved a new state.
    wait.until(lambda: told[0] in errors(), "the warning that the node remembers", SECONDS)


def test_lines_are_followed_by_level_and_role(make_server):
    server: Server = make_server(environment={"PLANETSTORE_LOG": "info,gateway=debug"}).start()
    server.wait_for_nodes()
    command = [BINARY, "logs", "--follow", "--role", "gateway", "--level", "debug", "--text", "answered", "-o", "ndjson",
               "--data", str(server.data)]
    with subprocess.Popen(command, env=server.surroundings(), stdout=subprocess.PIPE, text=True) as following:
        try:
            server.wire().make_bucket("seen")
            assert following.stdout is not None
            line = json.loads(following.stdout.readline())
            assert line["message"] == "answered" and line["level"] == "debug" and line["target"].startswith("gateway")
            while line["fields"].get("path") != "/seen":
                line = json.loads(following.stdout.readline())
            assert line["fields"]["status"] == 200
        finally:
            following.kill()
    pretty = server.run("logs", "--limit", "5")
    assert pretty.returncode == 0 and 1 <= len(pretty.stdout.splitlines()) <= 5, pretty.stderr


def test_only_admins_and_auditors_read_log_lines(make_server):
    server: Server = make_server().start()
    users = Users(server)
    auditor = json.loads((Path(__file__).parents[2] / "docs" / "policies" / "auditor.json").read_text())
    users.ask("PUT", "/policies/auditing", auditor)
    users.create("ada", password=PASSWORD)
    users.create("bea", password=PASSWORD, policies=["auditing"])
    for name, status in (("ada", 403), ("bea", 200)):
        token = login(server, name, PASSWORD)
        for path in ("/logs", "/errors"):
            assert call(server, "GET", path, token=token).status == status, (name, path)
