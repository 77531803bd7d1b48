"""The cases that are known not to pass, with their reasons, as docs/s3-compatibility.md lists them."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "s3-compatibility.md"

# A row of the table: the case, its tier, the reason.
ROW = re.compile(r"^\| `(test_\w+::[^`]+)` \| ([123]) \| (.+) \|$")


def known_failures(text: str | None = None) -> dict[int, dict[str, str]]:
    """The reason for each case, by tier."""
    found: dict[int, dict[str, str]] = {1: {}, 2: {}, 3: {}}
    for line in (DOCUMENT.read_text() if text is None else text).splitlines():
        row = ROW.match(line)
        if row is not None:
            case, tier, reason = row.groups()
            if case in found[int(tier)]:
                raise ValueError(f"{DOCUMENT.name} lists {case} twice")
            found[int(tier)][case] = reason
    return found
