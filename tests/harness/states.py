"""What the log says of storage nodes, as `planetstore node list` shows it."""

import datetime
import json
from typing import Any

from .server import Server


def node_list(server: Server) -> dict[str, dict[str, Any]]:
    """The nodes that joined, by name."""
    listed = server.run("node", "list", "-o", "json")
    assert listed.returncode == 0, listed.stderr
    return {node["name"]: node for node in json.loads(listed.stdout)}


def presence(server: Server, node: str) -> str:
    """Whether the log says that a node is online."""
    return node_list(server)[node]["presence"]["state"]


def condition(server: Server, node: str) -> str:
    """How a node serves, as the log says it."""
    return node_list(server)[node]["condition"]["state"]


def since(server: Server, node: str, what: str) -> float:
    """When a state of a node began, in seconds since 1970: the time of its event."""
    text = node_list(server)[node][what]["since"]
    return datetime.datetime.fromisoformat(text).timestamp()
