"""A planetstore process for tests: started, stopped, killed and started again on the same data."""

import json
import os
import secrets
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from . import processes, wait
from .wire import Credentials, Wire

BINARY = Path(os.environ.get("PLANETSTORE_BINARY", Path(__file__).parents[2] / "target/debug/planetstore"))

START_SECONDS = 60
STOP_SECONDS = 60
COMMAND_SECONDS = 120


class NotStarted(Exception):
    """The process ended instead of serving. Contains its exit code and its output."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"exit code {code}: {said}")
        self.code = code
        self.said = said


class Server:
    """`planetstore dev` on a data folder, with ports that the kernel chooses."""

    def __init__(self, folder: Path, *, nodes: int = 6, environment: dict[str, str] | None = None,
                 keeps_ports: bool = False) -> None:
        """With `keeps_ports`, it comes back on its ports after a stop, for clients that hold to an address."""
        self.folder = folder
        self.keeps_ports = keeps_ports
        self.data = folder / "data"
        self.log = folder / "planetstore.log"
        self.nodes = nodes
        self.credentials = Credentials(f"TEST{secrets.token_hex(8)}", secrets.token_hex(20))
        self.environment = dict(environment or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.address = ""
        self.console = ""

    @property
    def scheme(self) -> str:
        """The scheme of its URLs: https if its environment names a certificate."""
        return "https" if "PLANETSTORE_TLS_CERTIFICATE" in self.environment else "http"

    @property
    def endpoint(self) -> str:
        return f"{self.scheme}://{self.address}"

    @property
    def pid(self) -> int:
        assert self.process is not None, "the server was not started"
        return self.process.pid

    def wire(self) -> Wire:
        """A signing client of this server."""
        return Wire(self.address, self.credentials)

    def surroundings(self) -> dict[str, str]:
        """The environment of every planetstore command."""
        own = {
            "PLANETSTORE_ROOT_USER": self.credentials.access,
            "PLANETSTORE_ROOT_PASSWORD": self.credentials.secret,
        }
        return {**os.environ, **own, **self.environment}

    def spawn(self) -> None:
        """Starts the process without waiting."""
        assert self.process is None, "the server runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        listen, console = (self.address, self.console) if self.keeps_ports and self.address else ("127.0.0.1:0",) * 2
        command = [BINARY, "dev", "--data", self.data, "--listen", listen, "--console", console]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--nodes", str(self.nodes)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.surroundings(),
            )

    def start(self) -> "Server":
        """Starts the process and waits until it serves."""
        self.spawn()
        run = wait.until(self._announced, f"the start of {self.folder}", START_SECONDS)
        self.address, self.console = run["s3"], run["console"]
        wait.until(self.is_ready, "readiness", START_SECONDS)
        return self

    def _announced(self) -> dict[str, str] | None:
        """The addresses that the process announces to other programs, once it does."""
        code = self.process.poll()
        if code is not None:
            self.process = None
            raise NotStarted(code, self.said())
        try:
            run = json.loads((self.data / "run.json").read_text())
        except FileNotFoundError:
            return None
        return run if run["pid"] == self.process.pid else None

    def said(self, bytes_max: int = 8_000) -> str:
        """The end of the process's stdout and stderr."""
        return self.log.read_bytes()[-bytes_max:].decode(errors="replace") if self.log.exists() else ""

    def get_console(self, path: str) -> tuple[int, bytes]:
        """Sends a GET to the console, without verifying its certificate."""
        url, context = f"{self.scheme}://{self.console}{path}", ssl._create_unverified_context()
        try:
            with urllib.request.urlopen(url, timeout=10, context=context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def assert_alive(self) -> None:
        """Fails with the end of the process's output if it has ended."""
        assert self.process is not None and self.process.poll() is None, f"the server ended: {self.said()}"

    def is_ready(self) -> bool:
        self.assert_alive()
        return self.get_console("/readyz")[0] == 200

    def wait_for_nodes(self) -> None:
        """Waits until every node is online. A server is ready with three, which are not enough to read everything."""
        def online() -> bool:
            nodes = json.loads(self.run("status", "-o", "json").stdout or "{}").get("nodes", [])
            return [node["state"] for node in nodes] == ["online"] * self.nodes

        wait.until(online, "all nodes", START_SECONDS)

    def nats_pid(self) -> int | None:
        """The nats-server among the process's descendants, if one runs at the moment."""
        return next((pid for pid in processes.children(self.pid) if processes.name(pid) == "nats-server"), None)

    def kill(self) -> None:
        """Sends SIGKILL, and checks that no process is left."""
        below = processes.family(self.pid)
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self.process = None
        wait.until(lambda: not any(map(processes.is_alive, below)), "the end of the killed server's children", 10)

    def kill_nats(self) -> int:
        """Sends SIGKILL only to the nats-server; returns its process id."""
        pid = wait.until(self.nats_pid, "a nats-server to kill")
        os.kill(pid, signal.SIGKILL)
        wait.until(lambda: not processes.is_alive(pid), "the end of the killed nats-server", 10)
        return pid

    def stop(self) -> None:
        """Sends SIGTERM: the process must end by itself, without an error, and with everything that it started."""
        below = processes.family(self.pid)
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS)
        self.process = None
        assert code == 0, f"exit code {code} after SIGTERM: {self.said()}"
        assert not [pid for pid in below if processes.is_alive(pid)], "processes are left after SIGTERM"

    def close(self) -> None:
        """Ends the process in any state, for the end of a test."""
        if self.process is not None:
            self.kill()

    def restart(self, *, nodes: int | None = None) -> "Server":
        """Stops the process and starts it again on the same data."""
        self.stop()
        self.nodes = nodes or self.nodes
        return self.start()

    def run(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
        """Runs another planetstore command on this data folder."""
        return subprocess.run(
            [BINARY, *arguments, "--data", str(self.data)],
            env=self.surroundings(), capture_output=True, text=True, timeout=seconds, check=False,
        )

    def author_key(self, author: str = "lifecycle") -> dict[str, str]:
        """The variable with the key of an author, which its operator derives where the master key is."""
        return self.handed("author-key", author)

    def handed(self, *command: str) -> dict[str, str]:
        """The variable that a command writes for the process of another role."""
        done = self.run(*command)
        assert done.returncode == 0, done.stderr
        name, _, value = done.stdout.strip().partition("=")
        return {name: value}

    def node_folder(self, number: int) -> Path:
        """The data folder of a storage node, counted from one."""
        return self.data / "nodes" / f"node-{number}"
