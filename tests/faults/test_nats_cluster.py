"""The log on a cluster of three nats-servers, as compose.yaml has it: its servers are killed and paused."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from harness import wait
from harness.composition import Composition, Gateway
from harness.history import History
from harness.server import BINARY

STREAM = "EVENTS_us-east-1"

# How long no write may be acked after a server is lost. An election takes 4 to 9 s, and this machine is busy.
STALL_SECONDS_MAX = 30

# A client's request is answered within the gateway's own deadline.
ANSWER_SECONDS_MAX = 60

ROUNDS = int(os.environ.get("PLANETSTORE_CLUSTER_ROUNDS", "2"))


@pytest.fixture
def cluster(tmp_path) -> Iterator[Composition]:
    composition = Composition(tmp_path / "composition", servers=3)
    try:
        yield composition.start()
    finally:
        for server in composition.nats:
            if server.process is not None:
                server.signal(signal.SIGCONT)
        composition.close()


def leader(cluster: Composition):
    """The server that leads the log."""
    def find():
        running = [server for server in cluster.nats if server.process is not None]
        names = {server.leader(STREAM) for server in running}
        found = [server for server in running if {server.name} == names]
        return found[0] if found else None

    return wait.until(find, "a leader of the log")


class Probe(threading.Thread):
    """Puts small objects one after the other, and notes when each was acked."""

    def __init__(self, gateway, bucket: str) -> None:
        super().__init__(daemon=True)
        self.gateway, self.bucket = gateway, bucket
        self.acked: list[tuple[float, str]] = []
        self.refused: list[int] = []
        self.stopping = threading.Event()
        self.start()

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            wire = self.gateway.wire()
            answer = wire.put(self.bucket, f"probe-{number}", str(number).encode())
            wire.close()
            if answer.status == 200:
                self.acked.append((time.monotonic(), f"probe-{number}"))
            else:
                self.refused.append(answer.status)

    def wait_for(self, more: int) -> None:
        before = len(self.acked)
        wait.until(lambda: len(self.acked) >= before + more, f"{more} acks", ANSWER_SECONDS_MAX)

    def end(self) -> float:
        """Stops; returns the longest time without an ack, in seconds."""
        self.stopping.set()
        self.join(ANSWER_SECONDS_MAX)
        assert not self.is_alive() and set(self.refused) <= {503}, self.refused
        times = [at for at, _ in self.acked]
        return max(after - before for before, after in zip(times, times[1:], strict=False))

    def compare(self, gateway) -> None:
        """Whatever was acked is there."""
        wire = gateway.wire()
        for _, name in self.acked:
            answer = wire.get(self.bucket, name)
            assert (answer.status, answer.body.decode()) == (200, name.split("-")[1]), (name, answer.status, answer.body)
        wire.close()


def test_every_stream_has_three_copies(cluster):
    done = subprocess.run([BINARY, "integration"], capture_output=True, text=True, check=False,
                          env={**os.environ, **cluster.login("integration-owner")})
    assert done.returncode == 0, done.stderr
    details = cluster.nats[0].ask("/jsz?streams=true&accounts=true&config=true")["account_details"]
    copies = {stream["name"]: stream["config"]["num_replicas"] for account in details
              for stream in account["stream_detail"]}
    assert copies == {STREAM: 3, "ACCESS_us-east-1": 3, "FACTS_us-east-1": 3}


def test_a_server_without_a_certificate_of_the_cluster_does_not_join(cluster):
    """A route is a way into every account, and no password of a user opens it."""
    port = int(cluster.nats[0].folder.joinpath("cluster.conf").read_text().split('listen: "127.0.0.1:')[1].split('"')[0])
    for certificate in ([], ["-cert", "other.pem", "-key", "other-key.pem"]):
        if certificate:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-subj", "/CN=nats-1", "-keyout", "other-key.pem", "-out", "other.pem"],
                           cwd=cluster.folder, check=True, capture_output=True)
        spoken = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *certificate], cwd=cluster.folder,
                                input="", capture_output=True, text=True, timeout=30, check=False)
        assert "Verification: OK" not in spoken.stdout
    log = cluster.nats[0].log.read_text()
    assert len(cluster.nats[0].ask("/routez")["routes"]) > 0
    assert "TLS route handshake error" in log, log[-1_000:]


@pytest.mark.slow
def test_losing_one_server_loses_nothing_and_stalls_writes_for_seconds(cluster):
    wire = cluster.gateway.wire()
    wire.make_bucket("history")
    wire.make_bucket("probes")
    wire.close()
    history, probe = History(cluster.gateway, "history", writers=3, keys=6), Probe(cluster.gateway, "probes")
    history.begin("one", goes_on=True)
    for _ in range(ROUNDS):
        probe.wait_for(20)
        lost = leader(cluster)
        lost.kill()
        probe.wait_for(20)
        # It misses what the others acked meanwhile, and gets it when it is back.
        lost.start()
        for server in cluster.nats:
            server.wait_for_cluster()
    history.end()
    stalled = probe.end()
    print(f"the longest time without an ack: {stalled:.1f} s; refused: {len(probe.refused)}")
    assert stalled < STALL_SECONDS_MAX
    history.compare("one")
    probe.compare(cluster.gateway)


@pytest.mark.slow
def test_losing_two_servers_refuses_writes_and_one_of_them_brings_them_back(cluster):
    with closing(cluster.gateway.wire()) as wire:
        wire.make_bucket("probes")
    probe = Probe(cluster.gateway, "probes")
    probe.wait_for(20)
    lost = cluster.nats[:2]
    for server in lost:
        server.kill()
    wait.until(lambda: len(probe.refused) >= 2, "refusals", 3 * ANSWER_SECONDS_MAX)
    assert set(probe.refused) == {503}
    acked = len(probe.acked)
    # The refusals took longer than an idle connection is kept, so this is another one.
    with closing(cluster.gateway.wire()) as wire:
        answer = wire.put("probes", "while-two-are-lost", b"x")
    assert answer.status == 503 and answer.code in ("SlowDown", "ServiceUnavailable"), answer.body
    assert len(probe.acked) == acked, "nothing is acked by one of three"
    lost[1].start()
    back = time.monotonic()
    probe.wait_for(20)
    print(f"20 acks came {time.monotonic() - back:.1f} s after the second server was back")
    lost[0].start()
    lost[0].wait_for_cluster()
    probe.end()
    probe.compare(cluster.gateway)


@pytest.mark.slow
def test_all_servers_killed_at_once_lose_nothing(cluster):
    wire = cluster.gateway.wire()
    wire.make_bucket("history")
    wire.close()
    history = History(cluster.gateway, "history", writers=4, keys=6)
    for round_ in range(ROUNDS):
        history.begin(("all", round_), goes_on=True)
        acked = 50
        wait.until(lambda acked=acked: history.acked() >= acked, "acks", ANSWER_SECONDS_MAX)
        for server in cluster.nats:
            server.signal(signal.SIGKILL)
        for server in cluster.nats:
            server.kill()
        for server in cluster.nats:
            server.start()
        for server in cluster.nats:
            server.wait_for_cluster()
        before = history.acked()
        wait.until(lambda before=before: history.acked() >= before + 20, "acks by itself", ANSWER_SECONDS_MAX)
        history.end(2 * ANSWER_SECONDS_MAX)
        history.compare(("all", round_))
    rebuilt(cluster)


def rebuilt(cluster: Composition) -> None:
    """The log, read from its start, gives what the gateway has."""
    gateway = cluster.gateway
    gateway.stop()
    gateway.start()
    status = json.loads(gateway.run("status", "-o", "json").stdout)
    assert status, "the gateway answers after it read the log"


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.0, 12.0])
def test_reads_through_another_gateway_are_right_while_leaders_are_paused(cluster, seconds):
    """A leader that was paused and deposed answers with the end that it knew (ADR 14): no gateway believes it."""
    other = Gateway(cluster, cluster.folder / "gateway-2")
    other.credentials = cluster.gateway.credentials
    try:
        other.start()
        wire = cluster.gateway.wire()
        wire.make_bucket("reads")
        wire.close()
        done, wrong, read, refused = threading.Event(), [], [], []

        def write_and_read() -> None:
            number = 0
            while not done.is_set():
                number += 1
                writer, reader = cluster.gateway.wire(), other.wire()
                if writer.put("reads", "one", str(number).encode()).status == 200:
                    answer = reader.get("reads", "one")
                    if answer.status == 200:
                        read.append(number)
                        if answer.body != str(number).encode():
                            wrong.append((number, answer.body))
                    else:
                        refused.append(answer.status)
                writer.close()
                reader.close()

        thread = threading.Thread(target=write_and_read, daemon=True)
        thread.start()
        for _ in range(ROUNDS):
            before = len(read)
            wait.until(lambda before=before: len(read) >= before + 5, "reads", ANSWER_SECONDS_MAX)
            paused = leader(cluster)
            paused.signal(signal.SIGSTOP)
            done.wait(seconds)
            paused.signal(signal.SIGCONT)
        before = len(read)
        wait.until(lambda: len(read) >= before + 5, "reads", ANSWER_SECONDS_MAX)
        done.set()
        thread.join(2 * ANSWER_SECONDS_MAX)
        assert not thread.is_alive() and not wrong and set(refused) <= {503}, (wrong, refused)
    finally:
        other.close()
