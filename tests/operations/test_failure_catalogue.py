"""docs/failures.md names tests: each of them is there."""

import re
from pathlib import Path

from harness import failpoints

ROOT = Path(__file__).resolve().parents[2]


def test_every_failure_names_tests_that_exist():
    rows = [line.split("|")[3] for line in (ROOT / "docs/failures.md").read_text().splitlines() if line.startswith("| ")]
    named = [re.findall(r"`(\w+)`", row) for row in rows[1:]]
    assert len(named) > 20 and all(named), "each failure has a test"
    sources = [path.read_text() for folder in ("services", "tests") for kind in ("*.rs", "test_*.py")
               for path in (ROOT / folder).rglob(kind)]
    defined = set(re.findall(r"^\s*(?:async fn|fn|def) (\w+)\(", "\n".join(sources), re.MULTILINE))
    assert [name for row in named for name in row if name not in defined] == []


def test_every_service_with_failpoints_is_killed_at_each_of_them():
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    killed = set(re.findall(r"\bof_service\(\"(\w+)\"\)", tests))
    assert failpoints.services() == killed
