"""Every role in its own process: an external nats-server, six nodes, and several gateways."""

import json
import os
import secrets
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from . import wait
from .server import BINARY, Server

NODES = 6
START_SECONDS = 60
STOP_SECONDS = 60

_CONFIGURATION = """
listen: "127.0.0.1:-1"
ports_file_dir: "{folder}"
max_payload: 1MB
jetstream {{ store_dir: "{folder}/store", sync_interval: always }}
accounts {{
  PLANETSTORE {{ jetstream: enabled, users: [ {{ user: "tests", password: "{password}" }} ] }}
  SYSTEM {{ users: [] }}
}}
system_account: SYSTEM
"""


class Gateway(Server):
    """`planetstore run gateway` against the cluster's nats-server."""

    def __init__(self, folder: Path, arguments: list[str], credentials, environment: dict[str, str]) -> None:
        super().__init__(folder, environment=environment)
        self.arguments = arguments
        self.credentials = credentials

    def spawn(self) -> None:
        assert self.process is None, "the gateway runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [BINARY, "run", "gateway", "--data", self.data, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.surroundings(),
            )


class Cluster:
    """A region whose roles are separate processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.nodes: list[subprocess.Popen[bytes]] = []
        self.gateways: list[Gateway] = []
        self.environment = {"PLANETSTORE_MASTER_KEY": secrets.token_hex(32)}
        self.arguments: list[str] = []
        # Roles by the name of their folder.
        self.named: dict[str, subprocess.Popen[bytes]] = {}
        # Where single nodes find the nats-server, made of its URL.
        self.node_urls: dict[int, Callable[[str], str]] = {}

    def start(self, gateways: int) -> "Cluster":
        self._start_nats()
        self.nodes = [self._spawn_node(number) for number in range(1, NODES + 1)]
        first = Server(self.folder / "first").credentials
        for number in range(1, gateways + 1):
            folder = self.folder / f"gateway-{number}"
            self.gateways.append(Gateway(folder, self.arguments, first, self.environment))
            self.gateways[-1].start()
        return self

    def _spawn_node(self, number: int) -> subprocess.Popen[bytes]:
        name = f"node-{number}"
        flag, url, *rest = self.arguments
        url = self.node_urls.get(number, lambda url: url)(url)
        command = [BINARY, "run", "node", "--node", name, "--data", self.folder / name, flag, url, *rest]
        return self._spawn(command, name)

    def add_node(self, number: int) -> None:
        """Starts one more node, which joins with an empty folder. They are added in the order of their numbers."""
        assert number == len(self.nodes) + 1, "a node was left out"
        self.nodes.append(self._spawn_node(number))

    def restart_node(self, number: int) -> None:
        """Restarts a node, counted from one, whose process has ended."""
        self.processes.remove(self.nodes[number - 1])
        self.nodes[number - 1] = self._spawn_node(number)

    def start_lifecycle(self) -> None:
        """Starts the lifecycle role, once a gateway has created the log."""
        self.environment = {**self.environment, **self.gateways[0].author_key()}
        self._spawn([BINARY, "run", "lifecycle", "--data", self.folder / "lifecycle", *self.arguments], "lifecycle")

    def start_maintenance(self, role: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        """Starts a role that keeps contents whole, once a gateway has made the log."""
        gateway = self.gateways[0]
        self.environment = {**self.environment, **gateway.handed("author-key", "maintenance"),
                            **gateway.handed("piece-secrets"), **environment}
        return self._spawn([BINARY, "run", role, "--data", self.folder / role, *self.arguments], role)

    def kill_node(self, number: int) -> None:
        """SIGKILL of a node's process, counted from one."""
        self.nodes[number - 1].kill()
        self.nodes[number - 1].wait(STOP_SECONDS)

    def start_gc(self, name: str, *, grace: str, upload_time_max: str) -> subprocess.Popen[bytes]:
        """Starts a garbage collector, once a gateway has made the log."""
        environment = self.gateways[0].author_key("maintenance")
        command = [BINARY, "run", "gc", "--data", self.folder / name, "--gc-grace", grace,
                   "--gc-upload-time-max", upload_time_max, *self.arguments]
        return self._spawn(command, name, environment)

    def start_health(self, name: str) -> None:
        """Starts a node monitor, once a gateway has made the log."""
        environment = self.gateways[0].author_key("maintenance")
        command = [BINARY, "run", "health", "--data", self.folder / name, *self.arguments]
        self.named[name] = self._spawn(command, name, environment)

    def _start_nats(self) -> None:
        folder, password = self.folder / "nats", secrets.token_hex(16)
        folder.mkdir(parents=True)
        configuration, credentials = folder / "server.conf", folder / "credentials"
        configuration.write_text(_CONFIGURATION.format(folder=folder, password=password))
        credentials.write_text(f"PLANETSTORE_NATS_USER=tests\nPLANETSTORE_NATS_PASSWORD={password}\n")
        server = self._spawn([os.environ["PLANETSTORE_NATS_SERVER"], "-c", configuration], "nats")
        ports = folder / f"nats-server_{server.pid}.ports"
        url = wait.until(lambda: ports.exists() and ports.read_text(), "a nats-server", START_SECONDS)
        self.arguments = ["--nats-url", json.loads(url)["nats"][0], "--nats-credentials", str(credentials)]

    def _spawn(
        self, command: list[object], name: str, environment: dict[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, env={**os.environ, **self.environment, **(environment or {})})
        self.processes.append(process)
        return process

    def close(self) -> None:
        """Ends all processes, the nats-server last."""
        for gateway in self.gateways:
            gateway.close()
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_SECONDS)
