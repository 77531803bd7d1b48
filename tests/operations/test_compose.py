"""The containers of compose.yaml, checked by reading the file. `faults/test_hosts.py` runs them."""

import json
import re
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from harness.composition import make_secrets

ROOT = Path(__file__).parents[2]
COMPOSITION = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSITION["services"]
SERVERS = ["nats-1", "nats-2", "nats-3"]
ROLES = sorted(set(SERVICES) - {*SERVERS, "proxy", "prometheus", "grafana"})


def secrets_of(service: dict) -> dict[str, str]:
    """The secrets of a service, by mount point."""
    mounted = {}
    for secret in service.get("secrets", []):
        entry = secret if isinstance(secret, dict) else {"source": secret, "target": secret}
        target = entry["target"]
        mounted[target if target.startswith("/") else f"/run/secrets/{target}"] = entry["source"]
    return mounted


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_can_do_little(name):
    service = SERVICES[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert 0 < service["pids_limit"] <= 1024 and re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert "privileged" not in service and "network_mode" not in service and "user" not in service
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    # The only mount from the host is a read-only file.
    bound = [volume for volume in service.get("volumes", []) if volume.startswith((".", "/"))]
    assert all(volume.endswith(":ro") for volume in bound)


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_is_in_an_environment(name):
    service = SERVICES[name]
    for variable, value in service["environment"].items():
        is_path = str(value).startswith("/run/secrets/") and value in secrets_of(service)
        is_secret = re.search("PASSWORD|KEY|SECRET|TOKEN|CREDENTIALS|_CA$", variable)
        assert is_path if is_secret else "${" not in str(value), variable
    assert "env_file" not in service


def test_each_role_has_its_own_login_and_nobody_elses():
    logins = {name: secrets_of(SERVICES[name])["/run/secrets/nats"] for name in ROLES}
    shared = {**dict.fromkeys(["gc", "health", "repair", "notify", "notary", "replicator"], "maintenance"),
              "gateway-1": "gateway", "gateway-2": "gateway"}
    assert logins == {name: f"nats-{shared.get(name, name)}" for name in ROLES}
    for name in ROLES:
        more = set(secrets_of(SERVICES[name]).values()) - {logins[name], "nats-ca", "metrics-token"}
        assert more == {
            "gateway-1": {"master-key", "root"},
            "gateway-2": {"master-key", "root"},
            "lifecycle": {"author-key-lifecycle"},
            "gc": {"author-key-maintenance"},
            "health": {"author-key-maintenance"},
            "repair": {"author-key-maintenance", "piece-secrets"},
            "notify": {"author-key-maintenance", "master-key"},
            "notary": {"author-key-maintenance", "notary-key"},
            "replicator": {"author-key-maintenance", "master-key"},
        }.get(name, set()), name
    for name in SERVERS:
        assert set(secrets_of(SERVICES[name]).values()) == {"nats-passwords", "nats-ca", f"{name}-certificate", f"{name}-key"}
    assert secrets_of(SERVICES["proxy"]) == {}
    assert secrets_of(SERVICES["prometheus"]) == {"/run/secrets/metrics-token": "metrics-token"}
    assert set(secrets_of(SERVICES["grafana"]).values()) == {"grafana-admin"}


def test_every_role_is_a_service_and_the_log_has_three_copies():
    run = [SERVICES[name]["command"][1] for name in ROLES]
    assert {role: run.count(role) for role in run} == {
        "gateway": 2, "node": 6, "lifecycle": 1, "health": 1, "repair": 1, "gc": 1, "notify": 1, "notary": 1, "replicator": 1}
    for name in ROLES:
        copies = SERVICES[name]["environment"].get("PLANETSTORE_LOG_REPLICAS")
        assert copies == (None if name.startswith("node-") else "3"), name


@pytest.mark.parametrize("name", SERVERS)
def test_servers_know_each_other_by_the_names_in_their_certificates(name):
    assert SERVICES[name]["command"][-2:] == ["--cluster_advertise", f"{name}:6222"]
    assert SERVICES[name]["environment"]["PLANETSTORE_NATS_SERVER_NAME"] == name
    assert f'"nats-route://{name}:6222"' in (ROOT / "nats/cluster.conf").read_text()


def test_the_proxy_keeps_the_host_and_gateways_trust_its_address_alone():
    configuration = (ROOT / "proxy/haproxy.cfg").read_text()
    assert "set-header host" not in configuration.lower() and "option forwardfor" in configuration
    address = SERVICES["proxy"]["networks"]["default"]["ipv4_address"]
    for name in ("gateway-1", "gateway-2"):
        assert SERVICES[name]["environment"]["PLANETSTORE_TRUSTED_PROXIES"] == address
        assert f"{name}:9000" in configuration and "ports" not in SERVICES[name]


def test_prometheus_asks_every_role_under_a_name_that_it_answers_to():
    jobs = yaml.safe_load((ROOT / "deploy/monitoring/prometheus.yml").read_text())["scrape_configs"]
    targets = [target for group in jobs[0]["static_configs"] for target in group["targets"]]
    assert sorted(targets) == sorted(f"{name}:9001" for name in ROLES)
    for name in ROLES:
        environment = SERVICES[name]["environment"]
        assert name in environment["PLANETSTORE_CONSOLE_HOSTS"].split(",")
        assert secrets_of(SERVICES[name])[environment["PLANETSTORE_METRICS_TOKEN_FILE"]] == "metrics-token"
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {"prometheus", "grafana"}


@pytest.mark.parametrize("name", ROLES)
def test_nats_is_spoken_to_over_tls(name):
    environment = SERVICES[name]["environment"]
    assert environment["PLANETSTORE_NATS_URL"] == ",".join(f"tls://{name}:4222" for name in SERVERS)
    assert secrets_of(SERVICES[name])[environment["PLANETSTORE_NATS_CA"]] == "nats-ca"


def test_the_nats_server_takes_nothing_but_tls_and_finds_what_it_is_told_of():
    configuration = (ROOT / "nats/compose.conf").read_text()
    mounted = secrets_of(SERVICES["nats-1"])
    tls = re.search(r"^tls \{(.*?)^\}", configuration, re.MULTILINE | re.DOTALL)[1]
    files = dict(re.findall(r'(\w+_file): "(.*)"', tls))
    assert mounted[files["cert_file"]] == "nats-1-certificate" and mounted[files["key_file"]] == "nats-1-key"
    assert "allow_non_tls" not in configuration and 'include "passwords.conf"' in configuration
    assert mounted["/etc/nats/passwords.conf"] == "nats-passwords"


def test_the_secrets_are_made_once_for_their_owner_alone(tmp_path):
    folder = tmp_path / "secrets"
    make_secrets(folder)
    wanted = {Path(secret["file"]).name for secret in COMPOSITION["secrets"].values()}
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSITION["secrets"].values())
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert wanted <= set(made) and all(made.values())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not any("ca-key" in name for name in made), "nobody signs a second server"
    # The issuer of consumers is a public key, and no password.
    used = set(re.findall(r"\$(PLANETSTORE_NATS_\w+)", (ROOT / "nats/compose.conf").read_text()))
    used -= {"PLANETSTORE_NATS_CONSUMER_ISSUER", "PLANETSTORE_NATS_SERVER_NAME"}
    assert used == set(re.findall(r"^(\w+): p[0-9a-f]{48}$", made["nats-passwords.conf"].decode(), re.MULTILINE))
    make_secrets(folder)
    assert made == {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in SERVERS:
        verified = ["openssl", "verify", "-verify_hostname", name, "-CAfile", folder / "nats-ca.pem",
                    folder / f"{name}-certificate.pem"]
        subprocess.run(verified, check=True, capture_output=True)
    assert "/secrets" in (ROOT / ".gitignore").read_text().split()
    assert "secrets" in (ROOT / ".dockerignore").read_text().split(), "or they would be in the image"


def test_each_login_publishes_what_is_its_own():
    """Heartbeats are believed by their subject, so no other user may publish on a node's subject."""
    declared = json.loads((ROOT / "nats/permissions.json").read_text())
    for role, rights in declared.items():
        spoken = [subject for subject in rights["publish"] if ".telemetry." in subject]
        subjects = {
            "gateway": ["rollcall", "lease.*", "worker.*", "requests", "recall", "log.gateway"],
            "lifecycle": ["worker.lifecycle", "log.lifecycle"],
            "maintenance": ["rollcall", "lease.*", "worker.repair", "worker.scan", "worker.rebalance", "worker.gc",
                            "worker.nodes", "worker.notify", "worker.notary", "worker.replicate", "log.repair",
                            "log.gc", "log.health", "log.notify", "log.notary", "log.replicator"],
            "node": ["node.{node}", "damage.{node}", "log.{node}"],
        }
        assert spoken == [f"ps.{{region}}.telemetry.{subject}" for subject in subjects.get(role, [])], role
