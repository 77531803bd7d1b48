"""Every service of compose.yaml on a host of its own: links are cut, lose packets in one direction and are slow, and hosts
are lost. See `harness/containers.py`."""

import json
import re
import shutil
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from harness import wait
from harness.clients import boto_client
from harness.containers import USER, Container, Containers, missing
from harness.history import History

pytestmark = [pytest.mark.slow, pytest.mark.skipif(missing() is not None, reason=str(missing()))]

MONITORING = Path(__file__).parents[2] / "deploy/monitoring"

FOREIGN = ("proxy", "prometheus", "nats-1", "nats-2", "nats-3")

# How long no write may be acked after a host is lost. The machine of a test is busy.
COMMITTER_SECONDS_MAX = 10
SERVER_SECONDS_MAX = 40


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> Iterator[Containers]:
    containers = Containers(tmp_path_factory.mktemp("hosts") / "containers")
    try:
        yield containers.start()
    finally:
        containers.close()


def committer(hosts: Containers) -> str:
    def find() -> str | None:
        commits = re.compile(r"^planetstore_ledger_is_committer 1\s*$", re.MULTILINE)
        return next((name for name in ("gateway-1", "gateway-2") if commits.search(hosts[name].metrics())), None)

    return wait.until(find, "a committer")


class Load(threading.Thread):
    """Puts objects of one bucket under names that are never used again, and notes the acked ones with the time."""

    def __init__(self, door, bucket: str) -> None:
        super().__init__(daemon=True)
        self.door, self.bucket = door, bucket
        self.acked: dict[str, float] = {}
        self.not_acked: dict[str, object] = {}
        self.stopping = threading.Event()
        self.start()

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            name, wire = f"{number:06}", self.door.wire()
            try:
                answer = wire.put(self.bucket, name, name.encode())
                if answer.status == 200:
                    self.acked[name] = time.monotonic()
                else:
                    self.not_acked[name] = answer.status
            except OSError as error:
                self.not_acked[name] = error
            finally:
                wire.close()

    def wait_for(self, more: int, seconds: float = 90) -> None:
        before = len(self.acked)
        wait.until(lambda: len(self.acked) >= before + more, f"{more} acks in {self.bucket}", seconds)

    def end(self) -> None:
        self.stopping.set()
        self.join(90)
        assert not self.is_alive()

    def longest_pause(self) -> float:
        times = list(self.acked.values())
        return max(after - before for before, after in zip(times, times[1:], strict=False))

    def compare(self, door) -> None:
        """What was acked is there once, with its bytes; what was not is there once or not at all."""
        wire, versions = door.wire(), []
        marker = ""
        while True:
            listed = wire.request("GET", f"/{self.bucket}", f"key-marker={marker}&max-keys=1000&versions")
            assert listed.status == 200, listed.body
            page = [version.findtext("Key") for version in listed.xml().iter("Version")]
            versions += page
            if listed.xml().findtext("IsTruncated") != "true":
                break
            marker = page[-1]
        assert len(versions) == len(set(versions)), "a write happened twice"
        assert set(self.acked) <= set(versions) <= set(self.acked) | set(self.not_acked)
        for name in list(self.acked)[:: max(1, len(self.acked) // 100)]:
            assert wire.get(self.bucket, name).body == name.encode()
        wire.close()


def versioned(door, bucket: str) -> None:
    wire = door.wire()
    wire.make_bucket(bucket)
    document = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    answer = wire.request("PUT", f"/{bucket}", "versioning", body=document)
    assert answer.status == 200, answer.body
    wire.close()


def status_of(container: Container) -> dict[str, str]:
    with open(f"/proc/{container.process.pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_every_service_runs_as_the_file_says_with_nothing_that_it_does_not_need(hosts):
    for name, container in hosts.services.items():
        status = status_of(container)
        assert set(status["Uid"].split()) == {str(USER)}, name
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1", name
        assert container.execute("sh", "-c", "echo x >/written").returncode != 0, f"{name} writes its root"
        assert container.execute("sh", "-c", "cat /etc/hosts").returncode == 0, name
    door = hosts.door("proxy")
    wire = door.wire()
    wire.make_bucket("behind-the-proxy")
    for number in range(20):
        assert wire.put("behind-the-proxy", f"{number}", b"x" * 100_000).status == 200
    wire.close()
    # Through either gateway, whoever stored it.
    for name in ("gateway-1", "gateway-2"):
        wire = hosts.door(name).wire()
        assert all(len(wire.get("behind-the-proxy", f"{number}").body) == 100_000 for number in range(20))
        wire.close()


def test_a_committer_that_is_cut_off_is_replaced_in_seconds_and_no_write_is_lost_or_doubled(hosts):
    before = committer(hosts)
    other = "gateway-2" if before == "gateway-1" else "gateway-1"
    cut, stays = hosts.door(before), hosts.door(other)
    for bucket in ("through-the-cut", "through-the-other"):
        versioned(stays, bucket)
    loads = [Load(cut, "through-the-cut"), Load(stays, "through-the-other")]
    try:
        for load in loads:
            load.wait_for(20)
        hosts[before].cut()
        loads[1].wait_for(20)
        assert committer(hosts) in (before, other)
        wait.until(lambda: re.search(r"^planetstore_ledger_is_committer 1\s*$", hosts[other].metrics(), re.MULTILINE),
                   "another committer")
        hosts[before].mend()
        for load in loads:
            load.wait_for(20)
    finally:
        hosts[before].mend()
        for load in loads:
            load.end()
    paused = loads[1].longest_pause()
    print(f"the other gateway acked nothing for {paused:.1f} s")
    assert paused < COMMITTER_SECONDS_MAX
    for door in (cut, stays):
        for load in loads:
            load.compare(door)


@pytest.mark.parametrize("name", ["gateway-1", pytest.param("node-3", marks=pytest.mark.long)])
def test_a_host_that_is_lost_stops_nothing(hosts, name):
    door = hosts.door("proxy")
    bucket = f"without-{name}"
    versioned(door, bucket)
    load = Load(door, bucket)
    try:
        load.wait_for(20)
        hosts[name].cut()
        load.wait_for(20)
        hosts[name].mend()
        hosts[name].kill()
        load.wait_for(20)
        hosts[name].start()
        hosts[name].wait_until_healthy()
        load.wait_for(20)
    finally:
        hosts[name].mend()
        load.end()
    load.compare(door)


@pytest.mark.parametrize("fault", ["cut", "one way"])
@pytest.mark.parametrize("servers", ["one", pytest.param("each", marks=pytest.mark.long)])
def test_a_nats_server_that_a_gateway_does_not_reach_is_left_for_another(hosts, servers, fault):
    """A server is cut off, or hears a gateway no more: no connection is closed, and only silence tells. The first one is
    that to which the gateway is connected."""
    door = hosts.door("gateway-2")
    bucket = f"log-{servers}-{fault.replace(' ', '-')}"
    versioned(door, bucket)
    load = Load(door, bucket)
    gateway = hosts["gateway-2"]
    all_servers = [hosts[f"nats-{number}"] for number in (1, 2, 3)]
    used = gateway.connected_to(all_servers)
    wanted = [used] if servers == "one" else [used, *(server for server in all_servers if server is not used)]
    try:
        for server in wanted:
            load.wait_for(10)
            if fault == "cut":
                server.cut()
            else:
                gateway.lose_packets_to(server)
            load.wait_for(10)
            if fault == "cut":
                server.mend()
            else:
                gateway.reach(server)
            for one in all_servers:
                one.wait_until_healthy()
    finally:
        for server in all_servers:
            server.mend()
        load.end()
    print(f"nothing was acked for {load.longest_pause():.1f} s")
    assert load.longest_pause() < SERVER_SECONDS_MAX
    load.compare(door)


def test_a_node_behind_a_slow_link_delays_few_requests(hosts):
    door = hosts.door("gateway-1")
    wire = door.wire()
    wire.make_bucket("slow-link")
    wire.close()
    history = History(door, "slow-link", writers=2, keys=4)
    hosts["node-5"].slow_down("2mbit")
    try:
        history.begin("slow", goes_on=True)
        wait.until(lambda: history.acked() >= 40, "acks beside a slow link", 120)
        history.end()
    finally:
        hosts["node-5"].speed_up()
    history.compare("slow")


class Client(threading.Thread):
    """Puts objects and reads earlier ones with the SDK's usual retries, and notes each call that fails all the same."""

    def __init__(self, door, bucket: str) -> None:
        super().__init__(daemon=True)
        self.s3 = boto_client(door, retries={"mode": "standard"}, read_timeout=30)
        self.bucket = bucket
        self.done, self.retried = 0, 0
        self.failed: list[str] = []
        self.stopping = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.stopping.is_set():
            name = f"{self.done:06}"
            self._call(self.s3.put_object, Bucket=self.bucket, Key=name, Body=name.encode() * 1000)
            read = self._call(self.s3.get_object, Bucket=self.bucket, Key=f"{self.done // 2:06}")
            if read and read["Body"].read() != f"{self.done // 2:06}".encode() * 1000:
                self.failed.append(f"other bytes of {self.done // 2:06}")
            self.done += 1

    def _call(self, call: Callable[..., dict], **arguments: object) -> dict | None:
        try:
            answer = call(**arguments)
        except Exception as error:  # noqa: BLE001 - whatever a program would see
            self.failed.append(f"{call.__name__} {arguments['Key']}: {error}")
            return None
        self.retried += answer["ResponseMetadata"]["RetryAttempts"]
        return answer

    def wait_for(self, more: int) -> None:
        before = self.done
        wait.until(lambda: self.done >= before + more, f"{more} writes and reads", 90)

    def end(self) -> None:
        self.stopping.set()
        self.join(90)
        assert not self.is_alive()


def one_of_each(hosts: Containers) -> list[str]:
    first = committer(hosts)
    return ["node-2", "gc", first, hosts[first].connected_to([hosts[f"nats-{n}"] for n in (1, 2, 3)]).name]


def all_roles(hosts: Containers) -> list[str]:
    """What a proxy stands before, what it asks, and at last the log; the proxy itself has no second one."""
    names = [name for name in hosts.services if name not in ("proxy", "prometheus")]
    return sorted(names, key=lambda name: name.startswith("nats"))


@pytest.mark.parametrize("chosen", [one_of_each, pytest.param(all_roles, marks=pytest.mark.long)])
def test_each_role_is_restarted_in_turn_and_no_client_sees_more_than_a_retry(hosts, chosen):
    door = hosts.door("proxy")
    bucket = f"rolling-{chosen.__name__.replace('_', '-')}"
    versioned(door, bucket)
    client = Client(door, bucket)
    try:
        for name in chosen(hosts):
            client.wait_for(5)
            hosts[name].restart()
        client.wait_for(20)
    finally:
        client.end()
    print(f"{client.done} writes and as many reads, {client.retried} retries")
    assert not client.failed, client.failed[:5]


def shown() -> set[str]:
    """Every query of a dashboard, and every condition of an alert."""
    boards = [json.loads(file.read_text()) for file in sorted((MONITORING / "dashboards").iterdir())]
    queries = {target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"]}
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    return queries | {rule["expr"] for group in groups for rule in group["rules"]}


def test_every_metric_of_a_dashboard_or_an_alert_is_measured(hosts):
    wire = hosts.door("proxy").wire()
    wire.make_bucket("measured")
    for _ in range(2):
        assert wire.put("measured", "key", b"x" * 100).status == 200
        assert wire.get("measured", "key").status == 200
    assert wire.get("measured", "no-such-key").status == 404
    wire.close()
    measured = "".join(container.metrics() for container in hosts.services.values() if container.name not in FOREIGN)
    known = set(re.findall(r"^([a-z0-9_]+)(?:\{| )", measured, re.MULTILINE))
    wanted = {name for query in shown() for name in re.findall(r"\b(?:planetstore|process)_[a-z0-9_]+", query)}
    assert len(wanted) > 30
    assert wanted <= known, f"nothing measures {sorted(wanted - known)}"


def test_metrics_are_for_this_host_and_for_whoever_has_the_token(hosts):
    token = (hosts.secrets / "metrics-token").read_text().strip()
    for name in ("node-1", "gateway-1", "repair"):
        ask = hosts["proxy"].fetch
        assert ask(f"http://{name}:9001/metrics")[0] == 401
        assert ask(f"http://{name}:9001/metrics", token="x" * 64)[0] == 401
        status, text = ask(f"http://{name}:9001/metrics", token=token)
        assert status == 200 and "planetstore_build_info" in text, name
        # It opens nothing else.
        assert ask(f"http://{name}:9001/api/v1/status", token=token)[0] in (401, 404)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="there is no prometheus")
def test_prometheus_reads_every_process_and_answers_what_the_dashboards_ask(hosts):
    prometheus = hosts.start_more("prometheus")

    def ask(path: str, **query: str) -> dict:
        status, body = prometheus.fetch(f"http://127.0.0.1:9090/api/v1/{path}?{urllib.parse.urlencode(query)}")
        assert status == 200, (path, query, body)
        return json.loads(body)["data"]

    versioned(hosts.door("proxy"), "while-prometheus-looks")
    load = Load(hosts.door("proxy"), "while-prometheus-looks")
    try:
        for target in ask("targets")["activeTargets"]:
            name = target["labels"]["instance"]
            wait.until(lambda: ask("query", query=f'up{{instance="{name}"}} == 1')["result"], f"metrics of {name}")
        assert len(ask("targets")["activeTargets"]) == 14
        alerts = wait.until(lambda: [rule for group in ask("rules")["groups"] for rule in group["rules"]
                                     if rule["health"] != "unknown"], "rules")
        assert all(rule["health"] == "ok" for rule in alerts), alerts
        boards = [json.loads(file.read_text()) for file in sorted((MONITORING / "dashboards").iterdir())]
        for panel in (panel for board in boards for panel in board["panels"]):
            for target in panel["targets"]:
                query = target["expr"].replace("$__rate_interval", "1m")
                wait.until(lambda: ask("query", query=query)["result"], f"{panel['title']}: {query}", 90)
    finally:
        load.end()
