"""The services of compose.yaml without a container engine: each is a process in a network namespace and a root of its own.

What the file says is taken as it stands: entrypoint, command, environment, secrets, volumes, addresses, what a service waits
for, and its health check. Each runs as the image's user, without capabilities, on a root that it cannot write. Limits of
memory and processes are not applied. The namespaces of the services are joined by a bridge in an outer one, so nothing
of the host's network changes, and all of it ends with the processes.
"""

import ctypes
import ipaddress
import os
import re
import shlex
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import yaml

from . import wait
from .composition import make_secrets
from .server import BINARY, STOP_SECONDS
from .wire import Credentials, Wire

ROOT = Path(__file__).parents[2]
USER = 10001
START_SECONDS = 120
NATS_PORT = 4222
CHECK_SECONDS = 30
# How often a service's health is asked for while they start: each time starts five programs.
CHECK_INTERVAL_SECONDS = 0.5
_PATH = "/opt/bin:/usr/local/bin:/usr/bin:/usr/sbin"
_CLONE_NEWNET = 0x40000000
_UNPRIVILEGED = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all",
                 "--bounding-set=-all", "--no-new-privs"]
_NEEDED = ("unshare", "nsenter", "setpriv", "ip", "tc", "haproxy", "bash", "wget")


def missing() -> str | None:
    """Why the services cannot run here; None if they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    if absent := [tool for tool in _NEEDED if shutil.which(tool, path=path) is None]:
        return f"there is no {', '.join(absent)}"
    tried = subprocess.run(["unshare", "--net", "--mount", "ip", "link", "add", "b0", "type", "bridge"],
                           capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"no network namespace: {tried.stderr.strip()}"


def _image() -> tuple[list[str], dict[str, str]]:
    """The entrypoint and the environment of the image of Dockerfile."""
    text = (ROOT / "Dockerfile").read_text()
    words = re.search(r'^ENTRYPOINT \["(\w+)"\]$', text, re.MULTILINE)[1]
    return [words], dict(re.findall(r"^ENV (\w+)=(\S+)$", text, re.MULTILINE))


class Container:
    """One service. Its address stays while its process is killed and started again."""

    def __init__(self, containers: "Containers", name: str, service: dict, number: int) -> None:
        self.containers, self.name, self.service, self.number = containers, name, service, number
        fixed = service.get("networks", {}).get("default", {}).get("ipv4_address")
        self.address = fixed or f"{containers.network.network_address + 100 + number}"
        self.folder = containers.folder / name
        self.folder.mkdir()
        self.log = containers.folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.link = f"v{number}"
        self.space = self._make_namespace()

    def _make_namespace(self) -> subprocess.Popen[bytes]:
        """A process that does nothing, and holds the namespace."""
        outer = self.containers.outer
        command = [*outer.enter(), "setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"]
        holder = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        own, others = Path(f"/proc/{holder.pid}/ns/net"), (os.readlink("/proc/self/ns/net"), outer.identity())
        wait.until(lambda: os.readlink(own) not in others, f"the namespace of {self.name}")
        outer.run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        outer.run("ip", "link", "set", self.link, "master", "bridge", "up")
        inside = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
        for words in ("link set lo up", "link set eth0 up",
                      f"address add {self.address}/{self.containers.network.prefixlen} dev eth0"):
            subprocess.run([*inside, "ip", *words.split()], check=True)
        return holder

    def run_inside(self, *command: str) -> None:
        """Runs a command of the host in the network namespace."""
        subprocess.run(["nsenter", f"--net=/proc/{self.space.pid}/ns/net", *command], check=True, capture_output=True)

    def _mounts(self) -> list[tuple[Path, str]]:
        """Everything that is mounted into the root, with its place there."""
        containers = self.containers
        mounts = [(BINARY.resolve(), "/opt/bin/planetstore"),
                  (Path(os.environ["PLANETSTORE_NATS_SERVER"]).resolve(), "/opt/bin/nats-server")]
        for secret in self.service.get("secrets", []):
            entry = secret if isinstance(secret, dict) else {"source": secret, "target": secret}
            target = entry["target"] if entry["target"].startswith("/") else f"/run/secrets/{entry['target']}"
            file = Path(containers.file["secrets"][entry["source"]]["file"])
            mounts.append((containers.secrets / file.name, target))
        for volume in self.service.get("volumes", []):
            source, target = volume.split(":")[:2]
            if source.startswith("./"):
                mounts.append((ROOT / source, target))
                continue
            assert source in containers.file["volumes"], f"{source} is declared"
            folder = self.folder / source
            folder.mkdir(exist_ok=True)
            os.chown(folder, USER, USER)
            mounts.append((folder, target))
        return mounts

    def _script(self) -> str:
        """Makes the root, and becomes the program in it."""
        assert self.service["read_only"] is True and self.service["cap_drop"] == ["ALL"]
        root = self.folder / "root"
        root.mkdir(exist_ok=True)
        lines = ["set -eu", f"root={shlex.quote(str(root))}", 'mount -t tmpfs tmpfs "$root"', 'cd "$root"',
                 "mkdir -p usr etc dev proc opt/bin run/secrets data", "cp -a /bin /lib /sbin . 2>/dev/null || true",
                 "[ ! -L /lib64 ] || cp -a /lib64 .", "mount --rbind /usr usr", "mount --rbind /dev dev",
                 "mount --rbind /proc proc", "cp /etc/ld.so.cache etc/",
                 f"printf 'planetstore:x:{USER}:{USER}::/data:/bin/sh\\n' >etc/passwd",
                 "printf 'hosts: files\\n' >etc/nsswitch.conf",
                 f"cp {shlex.quote(str(self.containers.hosts))} etc/hosts"]
        for source, target in self._mounts():
            place = shlex.quote(target.lstrip("/"))
            made = f"mkdir -p {place}" if source.is_dir() else f"mkdir -p $(dirname {place}) && : >{place}"
            lines += [made, f"mount --bind {shlex.quote(str(source))} {place}"]
        entrypoint, image = _image()
        environment = {"PATH": _PATH, "HOME": "/data", **image, **self.service.get("environment", {})}
        words = [*_UNPRIVILEGED, "env", "-i", *(f"{name}={value}" for name, value in environment.items()),
                 *self.service.get("entrypoint", entrypoint), *self.service["command"]]
        lines += ['mount -o remount,ro "$root"', f'exec chroot "$root" sh -c {shlex.quote("cd /data && exec " + shlex.join(words))}']
        return "\n".join(lines)

    def start(self) -> None:
        """Starts the process without waiting."""
        assert self.process is None, f"{self.name} runs already"
        command = ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net=/proc/{self.space.pid}/ns/net",
                   "unshare", "--mount", "--propagation", "private", "sh", "-c", self._script()]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-3_000:]

    def execute(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """Runs a program beside the service: in its root, with its rights and its network."""
        enter = ["nsenter", "--target", str(self.process.pid), "--mount", "--net", "--root"]
        return subprocess.run([*enter, *_UNPRIVILEGED, "env", "-i", "--chdir=/data", f"PATH={_PATH}", *command],
                              capture_output=True, timeout=CHECK_SECONDS, check=False)

    def is_healthy(self) -> bool:
        """The result of the health check of compose.yaml."""
        assert self.process.poll() is None, f"{self.name} ended: {self.said()}"
        kind, *command = self.service["healthcheck"]["test"]
        assert kind == "CMD"
        try:
            return self.execute(*command).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def wait_until_healthy(self) -> None:
        wait.until(self.is_healthy, f"health of {self.name}: {self.log}", START_SECONDS)

    def fetch(self, url: str, token: str = "") -> tuple[int, str]:
        """The status and the body of a response, asked for on its host."""
        header = ["--header", f"Authorization: Bearer {token}"] if token else []
        done = self.execute("wget", "-q", "-S", "-O", "-", *header, url)
        status = re.search(r"HTTP/\S+ (\d+)", done.stderr.decode())
        return int(status[1]) if status else 0, done.stdout.decode()

    def metrics(self) -> str:
        """What a collector on its host reads."""
        return self.fetch("http://127.0.0.1:9001/metrics")[1]

    def restart(self) -> None:
        """Asks the process to stop, as an engine does, and starts it again."""
        self.process.terminate()
        self.process.wait(STOP_SECONDS)
        self.process = None
        self.start()
        self.wait_until_healthy()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            self.process = None

    def connected_to(self, servers: list["Container"]) -> "Container":
        """The NATS server to which it has most connections."""
        peers = self.execute("cat", "/proc/net/tcp").stdout.decode()

        def connections(server: "Container") -> int:
            address = "".join(f"{byte:02X}" for byte in reversed(ipaddress.ip_address(server.address).packed))
            return len(re.findall(rf" {address}:{NATS_PORT:04X} 01 ", peers))

        return max(servers, key=connections)

    def cut(self) -> None:
        """Cuts the link: packets are dropped in both directions without an error."""
        self.containers.outer.run("ip", "link", "set", self.link, "down")

    def mend(self) -> None:
        self.containers.outer.run("ip", "link", "set", self.link, "up")

    def lose_packets_to(self, other: "Container") -> None:
        """From now on nothing that this one sends reaches the other, and all that the other sends comes."""
        self.run_inside("ip", "neigh", "replace", other.address, "lladdr", "02:00:00:00:00:01", "dev", "eth0", "nud",
                        "permanent")

    def reach(self, other: "Container") -> None:
        self.run_inside("ip", "neigh", "del", other.address, "dev", "eth0")

    def slow_down(self, rate: str) -> None:
        """Limits what it receives and what it sends, each to `rate` as tc(8) has it."""
        shape = ("root", "tbf", "rate", rate, "burst", "32kb", "latency", "400ms")
        self.containers.outer.run("tc", "qdisc", "replace", "dev", self.link, *shape)
        self.run_inside("tc", "qdisc", "replace", "dev", "eth0", *shape)

    def speed_up(self) -> None:
        self.containers.outer.run("tc", "qdisc", "del", "dev", self.link, "root")
        self.run_inside("tc", "qdisc", "del", "dev", "eth0", "root")


class _Outer:
    """The namespace of the bridge."""

    def __init__(self) -> None:
        command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"]
        self.holder = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        wait.until(lambda: self.identity() != os.readlink("/proc/self/ns/net"), "a network namespace")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "link", "add", "bridge", "type", "bridge")

    def path(self) -> str:
        return f"/proc/{self.holder.pid}/ns/net"

    def identity(self) -> str:
        return os.readlink(self.path())

    def enter(self) -> list[str]:
        return ["nsenter", f"--net={self.path()}"]

    def run(self, *command: str) -> None:
        subprocess.run([*self.enter(), *command], check=True, capture_output=True)


class Door:
    """A port of this host that leads to one of a service. Usable like a server: it has an address and clients."""

    def __init__(self, outer: _Outer, goal: tuple[str, int], credentials: Credentials) -> None:
        self.goal, self.credentials = goal, credentials
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self.endpoint = f"http://{self.address}"
        self._space = os.open(outer.path(), os.O_RDONLY)
        threading.Thread(target=self._accept, daemon=True).start()

    def wire(self) -> Wire:
        return Wire(self.address, self.credentials)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        os.close(self._space)

    def _accept(self) -> None:
        # A thread has a network namespace of its own; the listener stays in that of the host.
        assert ctypes.CDLL(None, use_errno=True).setns(self._space, _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.goal, 10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        threading.Thread(target=_pass_on, args=(client, server), daemon=True).start()
        _pass_on(server, client)


def _pass_on(source: socket.socket, goal: socket.socket) -> None:
    try:
        while piece := source.recv(64 * 1024):
            goal.sendall(piece)
        goal.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, goal):
            end.close()


class Containers:
    """The services of compose.yaml, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.file = yaml.safe_load((ROOT / "compose.yaml").read_text())
        self.network = ipaddress.ip_network(self.file["networks"]["default"]["ipam"]["config"][0]["subnet"])
        self.secrets = folder / "secrets"
        make_secrets(self.secrets)
        lines = dict(line.split("=", 1) for line in (self.secrets / "root").read_text().splitlines())
        self.credentials = Credentials(lines["PLANETSTORE_ROOT_USER"], lines["PLANETSTORE_ROOT_PASSWORD"])
        self.outer = _Outer()
        self.hosts = folder / "hosts"
        self.services: dict[str, Container] = {}
        self.doors: list[Door] = []
        self.outer.run("ip", "address", "add", f"{self.network.network_address + 1}/{self.network.prefixlen}", "dev", "bridge")
        self.outer.run("ip", "link", "set", "bridge", "up")
        for number, (name, service) in enumerate(self.file["services"].items()):
            if "profiles" not in service:
                self.services[name] = Container(self, name, service, number)
        names = [f"{container.address} {name}\n" for name, container in self.services.items()]
        self.hosts.write_text("127.0.0.1 localhost\n" + "".join(names))

    def __getitem__(self, name: str) -> Container:
        return self.services[name]

    def start(self) -> "Containers":
        """Starts each service when those that it waits for are healthy, and waits until all are."""
        healthy: set[str] = set()
        asked: dict[str, float] = {}

        def step() -> bool:
            for name, container in self.services.items():
                if container.process is None:
                    if set(container.service.get("depends_on", {})) <= healthy:
                        container.start()
                elif name not in healthy and asked.get(name, 0) + CHECK_INTERVAL_SECONDS < time.monotonic():
                    if container.is_healthy():
                        healthy.add(name)
                    asked[name] = time.monotonic()
            return len(healthy) == len(self.services)

        wait.until(step, "health of every service", START_SECONDS)
        return self

    def start_more(self, name: str) -> Container:
        """Starts a service of a profile beside the others."""
        number = list(self.file["services"]).index(name)
        self.services[name] = Container(self, name, self.file["services"][name], number)
        self.services[name].start()
        self.services[name].wait_until_healthy()
        return self.services[name]

    def door(self, name: str, port: int = 9000) -> Door:
        self.doors.append(Door(self.outer, (self.services[name].address, port), self.credentials))
        return self.doors[-1]

    def close(self) -> None:
        for door in self.doors:
            door.close()
        for container in self.services.values():
            container.kill()
        for holder in [*(container.space for container in self.services.values()), self.outer.holder]:
            holder.kill()
            holder.wait(STOP_SECONDS)
