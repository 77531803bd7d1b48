"""The audit of the lock files against advisories, with advisories and lock files made for the test."""

import json
import os
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AUDIT = ROOT / "supply-chain" / "audit"
PIN = ROOT / "supply-chain" / "pin"

ADVISORY = """```toml
[advisory]
id = "RUSTSEC-2020-{number}"
package = "holey"
date = "2020-01-01"
{more}

[versions]
patched = [">= 1.2.3, < 2.0.0-0", "^2.1"]
unaffected = ["< 1.0.0"]
```

# It has a hole

More about it.
"""


def audit(copy: Path, *lock_files: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PLANETSTORE_ADVISORIES": str(copy)}
    return subprocess.run([AUDIT, *lock_files], env=environment, capture_output=True, text=True)


def lock(folder: Path, version: str) -> Path:
    file = folder / "Cargo.lock"
    file.write_text(f'[[package]]\nname = "holey"\nversion = "{version}"\nsource = "registry"\n'
                    '[[package]]\nname = "ours"\nversion = "0.0.0"\n')
    return file


def copy(folder: Path, kind: str = "vulnerability", days: int = 0) -> Path:
    file = folder / "advisories.json"
    not_in = [">= 1.2.3, < 2.0.0-0", "^2.1", "< 1.0.0"]
    advisory = {"id": "RUSTSEC-2020-0001", "crate": "holey", "title": "It has a hole", "kind": kind, "not_in": not_in}
    as_of = date.today() - timedelta(days=days)
    file.write_text(json.dumps({"commit": "0" * 40, "date": as_of.isoformat(), "advisories": [advisory]}))
    return file


@pytest.mark.parametrize("version", ["1.0.0", "1.2.2", "1.2.3-rc.1", "2.0.0", "2.0.5+build"])
def test_a_crate_with_a_known_hole_is_found(tmp_path, version):
    found = audit(copy(tmp_path), lock(tmp_path, version))
    assert found.returncode == 1 and f"holey {version}: RUSTSEC-2020-0001" in found.stdout, found


@pytest.mark.parametrize("version", ["0.9.9", "1.2.3", "1.99.0", "2.1.0", "2.9.1"])
def test_a_crate_without_it_is_not(tmp_path, version):
    found = audit(copy(tmp_path), lock(tmp_path, version))
    assert found.returncode == 0 and "0 bad" in found.stdout and "holey" not in found.stdout, found


def test_what_nobody_looks_after_is_said_only_and_an_old_copy_too(tmp_path):
    found = audit(copy(tmp_path, "unmaintained", days=200), lock(tmp_path, "1.0.0"))
    assert found.returncode == 0 and "(unmaintained)" in found.stdout and "200 days old" in found.stdout, found
    assert "days old" not in audit(copy(tmp_path), lock(tmp_path, "1.0.0")).stdout


def test_without_a_copy_nothing_is_audited_and_that_is_said(tmp_path):
    found = audit(tmp_path / "none", lock(tmp_path, "1.0.0"))
    assert found.returncode == 0 and "no advisories are audited" in found.stdout, found


def test_a_copy_is_made_of_a_checkout_of_the_database(tmp_path):
    database, tree = tmp_path / "database", tmp_path / "tree"
    (database / "crates/holey").mkdir(parents=True)
    (database / "crates/holey/one.md").write_text(ADVISORY.format(number="0001", more='informational = "unsound"'))
    (database / "crates/holey/two.md").write_text(ADVISORY.format(number="0002", more='withdrawn = "2020-02-02"'))
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "t"]):
        subprocess.run(["git", "-C", database, *words], check=True)
    (tree / "supply-chain").mkdir(parents=True)
    (tree / "supply-chain/pin").write_bytes(PIN.read_bytes())
    subprocess.run(["python3", tree / "supply-chain/pin", database], check=True, capture_output=True)
    made = json.loads((tree / ".tools/advisories.json").read_text())
    assert [advisory["id"] for advisory in made["advisories"]] == ["RUSTSEC-2020-0001"]
    found = audit(tree / ".tools/advisories.json", lock(tmp_path, "2.0.0"))
    assert found.returncode == 1 and "(unsound): It has a hole" in found.stdout, found


def test_the_crates_in_use_have_no_known_hole_that_is_not_explained():
    """Skipped without a copy of the advisories."""
    found = subprocess.run([AUDIT], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
