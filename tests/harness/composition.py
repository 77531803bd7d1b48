"""The roles of compose.yaml as separate processes: nats-servers with their configuration, a gateway, six nodes."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from . import wait
from .nats import Nats
from .server import BINARY, START_SECONDS, STOP_SECONDS, Server

NATS = Path(__file__).parents[2] / "nats"
NODES = [f"node-{number}" for number in range(1, 7)]


def make_secrets(folder: Path) -> None:
    """Generates the files that compose.yaml mounts, with the tested program."""
    environment = {**os.environ, "PLANETSTORE_BINARY": str(BINARY)}
    subprocess.run([NATS / "compose-secrets", folder], check=True, stdout=subprocess.DEVNULL, env=environment)


def free_port() -> int:
    """A port of the loopback interface that nobody listens to at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class NatsServer:
    """A nats-server with the configuration of compose.yaml, in a folder of its own; it keeps its ports."""

    def __init__(self, composition: "Composition", number: int, routes: list[int]) -> None:
        self.name = f"nats-{number}"
        self.folder = composition.folder / self.name
        self.store = self.folder / "store"
        self.log = self.folder / "nats.log"
        self.port, self.monitor = free_port(), free_port()
        self.url = f"tls://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.folder.mkdir(parents=True)
        secrets = composition.secrets
        changes = {'"0.0.0.0:4222"': f'"127.0.0.1:{self.port}"', '"127.0.0.1:8222"': f'"127.0.0.1:{self.monitor}"',
                   '"/data"': json.dumps(str(self.store)), '"0.0.0.0:6222"': f'"127.0.0.1:{routes[number - 1]}"',
                   "/etc/nats/ca.pem": str(secrets / "nats-ca.pem"),
                   "/etc/nats/certificate.pem": str(secrets / f"{self.name}-certificate.pem"),
                   "/etc/nats/key.pem": str(secrets / f"{self.name}-key.pem"),
                   **{f"nats-{other}:6222": f"127.0.0.1:{port}" for other, port in enumerate(routes, 1)}}
        for file in ("compose.conf", "cluster.conf"):
            text = (NATS / file).read_text()
            for there, here in changes.items():
                text = text.replace(there, here)
            if len(routes) == 1:
                text = text.replace('include "cluster.conf"\n', "")
            (self.folder / file).write_text(text)
            left = re.findall(r'"(?:0\.0\.0\.0|/etc|/data)[^"]*"', text)
            assert not left, f"{left} in {file}"
        shutil.copy(secrets / "nats-passwords.conf", self.folder / "passwords.conf")

    def start(self) -> None:
        """Starts the process, and waits until it accepts connections."""
        assert self.process is None, f"{self.name} runs already"
        environment = {**os.environ, "PLANETSTORE_NATS_SERVER_NAME": self.name}
        with self.log.open("ab") as output:
            self.process = subprocess.Popen([os.environ["PLANETSTORE_NATS_SERVER"], "-c", self.folder / "compose.conf"],
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
        wait.until(self._accepts, f"{self.name}: {self.log}", START_SECONDS)

    def _accepts(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-2_000:]
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def ask(self, path: str) -> dict:
        """What the monitoring port says."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.monitor}{path}", timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def is_healthy(self) -> bool:
        """Whether it is a member of its cluster, and its copies are current: the health check of compose.yaml."""
        return self.ask("/healthz").get("status") == "ok"

    def wait_for_cluster(self) -> None:
        wait.until(self.is_healthy, f"{self.name} in its cluster", START_SECONDS)

    def leader(self, stream: str) -> str | None:
        """The name of the server that leads a stream, as this server knows it."""
        for account in self.ask("/jsz?streams=true&accounts=true").get("account_details", []):
            for detail in account.get("stream_detail", []):
                if detail["name"] == stream:
                    return detail.get("cluster", {}).get("leader")
        return None

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            self.process = None


class Composition:
    """A composition in one folder; the gateway can be used like any other server."""

    def __init__(self, folder: Path, *, servers: int = 1) -> None:
        """With one server, its configuration is that of compose.yaml without the cluster."""
        self.folder = folder
        self.secrets = folder / "secrets"
        self.servers = servers
        self.nats: list[NatsServer] = []
        self.processes: list[subprocess.Popen[bytes]] = []
        self.url = ""
        self.gateway = Gateway(self, folder / "gateway")

    @property
    def log(self) -> Path:
        """The log of the first nats-server."""
        return self.nats[0].log

    def login(self, user: str) -> dict[str, str]:
        return {"PLANETSTORE_NATS_URL": self.url, "PLANETSTORE_NATS_CA": str(self.secrets / "nats-ca.pem"),
                "PLANETSTORE_NATS_CREDENTIALS": str(self.secrets / f"nats-{user}"),
                "PLANETSTORE_LOG_REPLICAS": str(self.servers)}

    def password(self, user: str) -> str:
        lines = (self.secrets / f"nats-{user}").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)["PLANETSTORE_NATS_PASSWORD"]

    def connect(self, user: str) -> Nats:
        """A connection to the log's server, as a thief of a user's login has it."""
        return Nats(self.nats[0].url, user, self.password(user))

    def start(self) -> "Composition":
        self.folder.mkdir(parents=True)
        make_secrets(self.secrets)
        self._start_nats()
        for node in NODES:
            environment = {name: value for name, value in self.login(node).items() if name != "PLANETSTORE_LOG_REPLICAS"}
            self.run([BINARY, "run", "node", "--node", node, "--data", self.folder / node], environment,
                     self.folder / f"{node}.log")
        self.gateway.start()
        return self

    def _start_nats(self) -> None:
        routes = [free_port() for _ in range(self.servers)]
        for number in range(1, self.servers + 1):
            server = NatsServer(self, number, routes)
            self.nats.append(server)
            server.start()
        self.url = ",".join(server.url for server in self.nats)
        if self.servers > 1:
            for server in self.nats:
                server.wait_for_cluster()

    def run_lifecycle(self, name: str, *, day_seconds: int) -> subprocess.Popen[bytes]:
        """The lifecycle role, with its own data folder and shorter days."""
        command = [BINARY, "run", "lifecycle", "--data", self.folder / name, "--lifecycle-day", day_seconds]
        key = self.secrets / "author-key-lifecycle"
        environment = {**self.login("lifecycle"), "PLANETSTORE_AUTHOR_KEY_FILE": str(key)}
        return self.run(command, environment, self.folder / f"{name}.log")

    def run(self, command: list[object], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
        """Starts a program that ends with the composition."""
        with log.open("ab") as output:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, env={**os.environ, **environment})
        self.processes.append(process)
        return process

    def close(self) -> None:
        self.gateway.close()
        for process in reversed(self.processes):
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(STOP_SECONDS)
        for server in self.nats:
            server.kill()


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
