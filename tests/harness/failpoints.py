"""The points between two steps of a service at which tests kill it."""

import re
from pathlib import Path

VARIABLE = "PLANETSTORE_FAILPOINT"

_LIST = Path(__file__).parents[2] / "services" / "worker" / "src" / "failpoint.rs"


def of_service(name: str) -> list[str]:
    """All points of a service, in the order of the list. There are some, or the list is not where it was."""
    points = re.findall(rf'^    \w+ = "({name}\.[a-z-]+)";$', _LIST.read_text(), re.MULTILINE)
    assert points, f"no points of {name} in {_LIST}"
    return points


def services() -> set[str]:
    """All services that have points."""
    return set(re.findall(r'^    \w+ = "(\w+)\.[a-z-]+";$', _LIST.read_text(), re.MULTILINE))
