"""The roles of compose.yaml as processes of their own: one nats-server with its configuration, a gateway, six nodes."""

import json
import os
import secrets
import subprocess
from pathlib import Path

from . import wait
from .server import BINARY, STOP_SECONDS, Server

CONFIGURATION = Path(__file__).parents[2] / "nats" / "compose.conf"
NODES = [f"node-{number}" for number in range(1, 7)]
USERS = ["gateway", "gc", "feed", "operator", *NODES]


class Composition:
    """Everything below one folder; the gateway is a server as any other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A letter first: the server reads them as configuration.
        self.passwords = {user: f"p{secrets.token_hex(24)}" for user in USERS}
        self.log = folder / "nats.log"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.url = ""
        self.gateway = Gateway(self, folder / "gateway")

    def login(self, user: str) -> dict[str, str]:
        return {"PLANETSTORE_NATS_URL": self.url, "PLANETSTORE_NATS_USER": user,
                "PLANETSTORE_NATS_PASSWORD": self.passwords[user]}

    def start(self) -> "Composition":
        self.folder.mkdir(parents=True)
        self._start_nats()
        for node in NODES:
            self._run([BINARY, "run", "node", "--node", node, "--data", self.folder / node], self.login(node),
                      self.folder / f"{node}.log")
        self.gateway.start()
        return self

    def _start_nats(self) -> None:
        text = CONFIGURATION.read_text()
        for there, here in {'"0.0.0.0:4222"': '"127.0.0.1:-1"', 'http: "127.0.0.1:8222"\n': "",
                            '"/data"': json.dumps(str(self.folder / "store"))}.items():
            assert there in text, f"{there} in {CONFIGURATION}"
            text = text.replace(there, here)
        configuration = self.folder / "nats.conf"
        configuration.write_text(text + f"\nports_file_dir: {json.dumps(str(self.folder))}\n")
        passwords = {f"PLANETSTORE_NATS_{user.upper().replace('-', '_')}_PASSWORD": password
                     for user, password in self.passwords.items()}
        server = self._run([os.environ["PLANETSTORE_NATS_SERVER"], "-c", configuration], passwords, self.log)
        ports = self.folder / f"nats-server_{server.pid}.ports"
        wait.until(lambda: ports.exists() and ports.read_text().strip(), "a nats-server")
        self.url = json.loads(ports.read_text())["nats"][0]

    def run_gc(self, name: str, *, day_seconds: int) -> subprocess.Popen[bytes]:
        """What follows lifecycle rules, on a data folder of its own, with shorter days."""
        command = [BINARY, "run", "gc", "--data", self.folder / name, "--lifecycle-day", day_seconds]
        return self._run(command, self.login("gc"), self.folder / f"{name}.log")

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
        super().__init__(folder, environment={"PLANETSTORE_MASTER_KEY": secrets.token_hex(32)})
        self.composition = composition

    def spawn(self) -> None:
        assert self.process is None, "the gateway runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [BINARY, "run", "gateway", "--data", self.data, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"]
        environment = {**self.surroundings(), **self.composition.login("gateway")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
