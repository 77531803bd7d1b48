"""A checkout of ceph/s3-tests, run over lists of its cases."""

import hashlib
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

from store import DAY_SECONDS, KMS_KEYS, Account

HERE = Path(__file__).parent
TIERS = {1: HERE / "tier1.txt", 2: HERE / "tier2.txt", 3: HERE / "tier3.txt"}

# Packages that the suite's requirements omit.
EXTRA = ["pytest-xdist==3.8.0", "pytest-timeout==2.4.0"]

CASE_SECONDS = 180
TIER_SECONDS = 3_600

# Cases that read everything a user owns: they run alone, after the others.
ALONE = ("test_list_buckets", "test_buckets_list")

API_NAME = "us-east-1"


def cases(tier: int) -> list[str]:
    """The node ids of a tier."""
    return TIERS[tier].read_text().split()


def short(node: str) -> str:
    """The short form of `s3tests/functional/test_s3.py::test_x[a]`: `test_s3::test_x[a]`."""
    file, _, case = node.partition("::")
    return f"{Path(file).stem}::{case}"


@dataclass
class Outcome:
    """The results of the cases of a tier, by their short names."""

    passed: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return len(self.passed) + len(self.failed)


class Suite:
    """The checkout, an interpreter that can run it, and a folder for its output."""

    def __init__(self, checkout: Path, python: Path | None, out: Path, jobs: int) -> None:
        self.checkout = checkout
        self.python = python or make_environment(checkout)
        self.out = out
        self.jobs = jobs
        self.configuration = out / "s3tests.conf"
        self.environment = {"S3TEST_CONF": str(self.configuration)}

    def configure(self, address: str, accounts: list[Account], certificate: Path | None) -> None:
        """Writes the suite's configuration: the store's address, its certificate, and its users."""
        if certificate is not None:
            # Some of its cases use TLS directly, and trust the authorities of the system or of `requests`.
            self.environment |= {"SSL_CERT_FILE": str(certificate), "REQUESTS_CA_BUNDLE": str(certificate)}
        host, _, port = address.rpartition(":")
        by_name = {account.name: account for account in accounts}
        lines = ["[DEFAULT]", f"host = {host}", f"port = {port}", f"is_secure = {certificate is not None}", "ssl_verify = False",
                 "[fixtures]", "bucket prefix = ps-{random}-", "iam name prefix = s3-tests-",
                 "iam path prefix = /s3-tests/"]
        sections = [("s3 main", "main"), ("s3 alt", "alt"), ("s3 tenant", "tenant"), ("iam", "main"),
                    ("iam root", "main"), ("iam alt root", "alt")]
        for section, name in sections:
            account = by_name[name]
            lines += [f"[{section}]", f"display_name = {name}", f"user_id = {account.id}",
                      f"email = {name}@test.local", f"access_key = {account.access}", f"secret_key = {account.secret}"]
            if section == "s3 main":
                lines += [f"api_name = {API_NAME}", f"lc_debug_interval = {DAY_SECONDS}", f"kms_keyid = {KMS_KEYS[0]}",
                          f"kms_keyid2 = {KMS_KEYS[1]}"]
            if section == "s3 tenant":
                lines.append("tenant =")
        self.configuration.write_text("\n".join(lines) + "\n")

    def run(self, name: str, nodes: list[str]) -> Outcome:
        """Runs cases; those without a result count as failed."""
        alone = [node for node in nodes if any(word in node for word in ALONE)]
        outcome = Outcome()
        self._run(f"{name}", [node for node in nodes if node not in alone], self.jobs, outcome)
        self._run(f"{name}-alone", alone, 0, outcome)
        heard = {case.partition("[")[0] for case in [*outcome.passed, *outcome.failed]}
        for node in nodes:
            if short(node) not in heard:
                outcome.failed[short(node)] = "it did not run"
        return outcome

    def _run(self, name: str, nodes: list[str], jobs: int, outcome: Outcome) -> None:
        if not nodes:
            return
        report, log = self.out / f"{name}.xml", self.out / f"{name}.log"
        report.unlink(missing_ok=True)
        command = [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", f"--timeout={CASE_SECONDS}",
                   f"--junitxml={report}", *(["-n", str(jobs)] if jobs else []), *nodes]
        with log.open("wb") as output:
            try:
                subprocess.run(command, cwd=self.checkout, stdout=output, stderr=subprocess.STDOUT, check=False,
                               timeout=TIER_SECONDS, env={**os.environ, **self.environment})
            except subprocess.TimeoutExpired:
                print(f"{name}: not done after {TIER_SECONDS} s; see {log}", file=sys.stderr)
        if not report.exists():
            print(f"{name}: no report; see {log}", file=sys.stderr)
            return
        for case in ElementTree.parse(report).iter("testcase"):
            read(case, outcome)


def read(case: ElementTree.Element, outcome: Outcome) -> None:
    """Counts a case; one whose clean-up failed is listed twice, and counts as failed."""
    name = f"{(case.get('classname') or '').rpartition('.')[2]}::{case.get('name')}"
    bad = [found for kind in ("failure", "error", "skipped") for found in case.findall(kind)]
    if bad:
        outcome.passed.discard(name)
        outcome.failed[name] = (bad[0].get("message") or bad[0].tag).splitlines()[0][:200]
    elif name not in outcome.failed:
        outcome.passed.add(name)


def make_environment(checkout: Path) -> Path:
    """An interpreter with the suite's requirements, created once for each version of them."""
    requirements = checkout / "requirements.txt"
    stamp = hashlib.sha256(requirements.read_bytes() + " ".join(EXTRA).encode()).hexdigest()[:12]
    folder = HERE.parents[1] / ".tools" / f"s3-tests-{stamp}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        "-r", requirements, *EXTRA], check=True)
        (folder / "ready").touch()
    return python
