"""The store under test: one or more gateways on one log, with the users that the suite needs."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.cluster import Cluster
from harness.server import Server
from proxy import RoundRobin

USERS = ["main", "alt", "tenant"]

# The ownership of buckets that are created without one: the suite is about ACLs, which need this setting.
OWNERSHIP = {"PLANETSTORE_DEFAULT_OBJECT_OWNERSHIP": "object-writer"}

# The length of a day of the suite's lifecycle rules, in seconds.
DAY_SECONDS = 2
DAY_VARIABLE = "PLANETSTORE_LIFECYCLE_DAY"

# The keys that the suite encrypts with, where it names one.
KMS_KEYS = ["testkey-1", "testkey-2"]

CERTIFICATE_SECONDS = 60


@dataclass(frozen=True)
class Account:
    """A user in the suite's configuration."""

    name: str
    id: str
    access: str
    secret: str


class Store:
    """A store in one folder, until it is closed."""

    def __init__(self, folder: Path, *, gateways: int, https: bool) -> None:
        self.folder = folder
        self.gateways = gateways
        self.https = https
        self.certificate = folder / "certificate.pem"
        self.address = ""
        self.cluster: Cluster | None = None
        self.proxy: RoundRobin | None = None
        self.first: Server | None = None

    def start(self) -> list[Account]:
        """Starts the store; returns its users."""
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {**OWNERSHIP, DAY_VARIABLE: str(DAY_SECONDS), **(self._certificate() if self.https else {})}
        if self.gateways == 1:
            self.first = Server(self.folder, environment=environment)
            self.first.start()
            self.address = self.first.address
        else:
            self.cluster = Cluster(self.folder)
            self.cluster.environment.update(environment)
            self.cluster.start(self.gateways).start_lifecycle()
            self.first = self.cluster.gateways[0]
            self.proxy = RoundRobin([gateway.address for gateway in self.cluster.gateways]).start()
            self.address = self.proxy.address
        for key in KMS_KEYS:
            self.admin("kms", "create", key)
        return [self._user(name) for name in USERS]

    def _certificate(self) -> dict[str, str]:
        certificate, key = self.certificate, self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=CERTIFICATE_SECONDS)
        return {"PLANETSTORE_TLS_CERTIFICATE": str(certificate), "PLANETSTORE_TLS_KEY": str(key)}

    def admin(self, *words: str) -> dict:
        """Runs an admin command; returns its output."""
        trust = ("--ca", str(self.certificate)) if self.https else ()
        told = self.first.run("admin", "-o", "json", *trust, *words)
        if told.returncode != 0:
            raise RuntimeError(f"planetstore admin {' '.join(words)}: {told.stderr}")
        return json.loads(told.stdout) if told.stdout.strip() else {}

    def _user(self, name: str) -> Account:
        user = self.admin("user", "create", name, "--display-name", name, "--email", f"{name}@test.local")
        self.admin("policy", "attach", "bucketowner", "--user", name)
        key = self.admin("key", "create", name)
        return Account(name, user["id"], key["access_key"], key["secret_key"])

    def close(self) -> None:
        """Ends all processes of the store."""
        if self.proxy is not None:
            self.proxy.close()
        if self.cluster is not None:
            self.cluster.close()
        elif self.first is not None:
            self.first.close()
