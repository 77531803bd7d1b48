"""The roles of compose.yaml as separate processes: one nats-server with its configuration, a gateway, six nodes."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from . import wait
from .nats import Nats
from .server import BINARY, STOP_SECONDS, Server

NATS = Path(__file__).parents[2] / "nats"
CONFIGURATION = NATS / "compose.conf"
NODES = [f"node-{number}" for number in range(1, 7)]


def make_secrets(folder: Path) -> None:
    """Generates the files that compose.yaml mounts, with the tested program."""
    environment = {**os.environ, "PLANETSTORE_BINARY": str(BINARY)}
    subprocess.run([NATS / "compose-secrets", folder], check=True, stdout=subprocess.DEVNULL, env=environment)


class Composition:
    """A composition in one folder; the gateway can be used like any other server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = folder / "secrets"
        self.log = folder / "nats.log"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.url = ""
        self.gateway = Gateway(self, folder / "gateway")

    def login(self, user: str) -> dict[str, str]:
        return {"PLANETSTORE_NATS_URL": self.url, "PLANETSTORE_NATS_CA": str(self.secrets / "nats-ca.pem"),
                "PLANETSTORE_NATS_CREDENTIALS": str(self.secrets / f"nats-{user}")}

    def password(self, user: str) -> str:
        lines = (self.secrets / f"nats-{user}").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)["PLANETSTORE_NATS_PASSWORD"]

    def connect(self, user: str) -> Nats:
        """A connection to the log's server, as a thief of a user's login has it."""
        return Nats(self.url, user, self.password(user))

    def start(self) -> "Composition":
        self.folder.mkdir(parents=True)
        make_secrets(self.secrets)
        self._start_nats()
        for node in NODES:
            self._run([BINARY, "run", "node", "--node", node, "--data", self.folder / node], self.login(node),
                      self.folder / f"{node}.log")
        self.gateway.start()
        return self

    def _start_nats(self) -> None:
        text = CONFIGURATION.read_text()
        for there, here in {'"0.0.0.0:4222"': '"127.0.0.1:-1"', 'http: "127.0.0.1:8222"\n': "",
                            '"/data"': json.dumps(str(self.folder / "store")),
                            '"/etc/nats/certificate.pem"': json.dumps(str(self.secrets / "nats-certificate.pem")),
                            '"/etc/nats/key.pem"': json.dumps(str(self.secrets / "nats-key.pem"))}.items():
            assert there in text, f"{there} in {CONFIGURATION}"
            text = text.replace(there, here)
        configuration = self.folder / "nats.conf"
        configuration.write_text(text + f"\nports_file_dir: {json.dumps(str(self.folder))}\n")
        shutil.copy(self.secrets / "nats-passwords.conf", self.folder / "passwords.conf")
        server = self._run([os.environ["PLANETSTORE_NATS_SERVER"], "-c", configuration], {}, self.log)
        ports = self.folder / f"nats-server_{server.pid}.ports"
        wait.until(lambda: ports.exists() and ports.read_text().strip(), "a nats-server")
        self.url = json.loads(ports.read_text())["nats"][0].replace("nats://", "tls://")

    def run_lifecycle(self, name: str, *, day_seconds: int) -> subprocess.Popen[bytes]:
        """The lifecycle role, with its own data folder and shorter days."""
        command = [BINARY, "run", "lifecycle", "--data", self.folder / name, "--lifecycle-day", day_seconds]
        key = self.secrets / "author-key-lifecycle"
        environment = {**self.login("lifecycle"), "PLANETSTORE_AUTHOR_KEY_FILE": str(key)}
        return self._run(command, environment, self.folder / f"{name}.log")

    def _run(self, command: list[object], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, env={**os.environ, **environment})
        self.processes.append(process)
        return process

    def close(self) -> None:
        self.gateway.close()
        for process in reversed(self.processes):
            process.terminate()
            process.wait(STOP_SECONDS)


class Gateway(Server):
    """`planetstore run gateway` with the gateway's user."""

    def __init__(self, composition: Composition, folder: Path) -> None:
        super().__init__(folder, environment={"PLANETSTORE_MASTER_KEY_FILE": str(composition.secrets / "master-key")})
        self.composition = composition

    def spawn(self) -> None:
        assert self.process is None, "the gateway runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [BINARY, "run", "gateway", "--data", self.data, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"]
        environment = {**self.surroundings(), **self.composition.login("gateway")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
