"""Roles do not trust each other: what a thief of one role's login can send, and its effect."""

import json
import os
import re
import uuid
from pathlib import Path

import pytest

from harness import wait
from harness.composition import NODES
from harness.content import KIB, MIB, content

pytestmark = pytest.mark.waits

INVENTED = 1_100


def heartbeat(node: str, **more: object) -> bytes:
    said = {"node": node, "zone": node, "boot_id": str(uuid.uuid4()), "free_bytes": 1 << 40, "total_bytes": 1 << 41,
            "stored_bytes": 0, "shards": 0, "state": "up", "incarnation": str(uuid.uuid4()),
            "folder": str(uuid.uuid4())}
    return json.dumps({**said, **more}).encode()


def nodes(gateway) -> dict[str, str]:
    """The state of each node by its name, as the gateway sees it."""
    shown = gateway.run("status", "-o", "json")
    return {node["node"]: node["state"] for node in json.loads(shown.stdout)["nodes"]}


def refused(gateway) -> dict[str, int]:
    """The number of heartbeats that the gateway did not believe, by reason."""
    metrics = gateway.get_console("/metrics")[1].decode()
    found = re.findall(r'^planetstore_shards_heartbeats_refused_total\{reason="(\w+)"\} (\d+)$', metrics, re.MULTILINE)
    return {reason: int(count) for reason, count in found}


def test_a_node_says_nothing_of_others_and_invents_none(composition):
    gateway = composition.gateway
    wait.until(lambda: nodes(gateway) == dict.fromkeys(NODES, "online"), "all nodes")
    own = "ps.us-east-1.telemetry.node.node-1"
    with composition.connect("node-1") as stolen:
        # On its own subject it may publish anything.
        for other in NODES[1:]:
            stolen.publish(own, heartbeat(other, state="failed"))
        for number in range(INVENTED):
            stolen.publish(own, heartbeat(f"invented-{number}"))
        assert "Violation" not in stolen.ping()
        told = wait.until(lambda: refused(gateway), "a refusal that is counted")
        assert set(told) <= {"other_node", "too_many"} and told["other_node"] >= 5, told
        # On another node's subject it may publish nothing.
        for subject in ("ps.us-east-1.telemetry.node.node-2", "ps.us-east-1.telemetry.node.invented",
                        "ps.us-east-1.telemetry.rollcall", "ps.us-east-1.control.node-2",
                        "ps.us-east-1.shards.node-2", "_INBOX_gateway.gateway-data-1.x"):
            stolen.publish(subject, heartbeat("node-2", state="failed"))
            assert "Permissions Violation for Publish" in stolen.ping(), subject
    assert nodes(gateway) == dict.fromkeys(NODES, "online")
    wire = gateway.wire()
    wire.make_bucket("shared")
    assert wire.put("shared", "k", b"x" * (200 * KIB)).status == 200
    wire.close()


def bytes_from_files(gateway) -> int:
    metrics = gateway.get_console("/metrics")[1].decode()
    found = re.search(r'^planetstore_shards_received_bytes_total\{how="file"\} (\d+)$', metrics, re.MULTILINE)
    return int(found[1]) if found else 0


def test_a_gateway_opens_files_of_nodes_only_where_it_was_told_to(composition):
    gateway, data = composition.gateway, content("files", 3 * MIB)
    wire = gateway.wire()
    wire.make_bucket("shared")
    assert wire.put("shared", "k", data).status == 200
    assert wire.get("shared", "k").body == data
    wire.close()
    assert bytes_from_files(gateway) == 0
    gateway.stop()
    folders = [str(composition.folder / node) for node in NODES]
    gateway.environment["PLANETSTORE_LOCAL_SHARDS"] = ":".join(folders)
    gateway.start()
    wire = gateway.wire()
    assert wire.get("shared", "k").body == data
    wire.close()
    assert bytes_from_files(gateway) > 0


def test_nats_server_inherits_no_secret(server):
    seen = Path(f"/proc/{server.nats_pid()}/environ").read_bytes().split(b"\0")
    names = {entry.split(b"=", 1)[0].decode() for entry in seen if entry}
    assert not [name for name in names if name.startswith("PLANETSTORE")], names
    secrets = [server.credentials.secret.encode(), *(value.encode() for name, value in os.environ.items()
                                                      if name.startswith("PLANETSTORE") and "PASSWORD" in name)]
    assert not [secret for secret in secrets if any(secret in entry for entry in seen)]
