"""What is shipped to run the store with: units of systemd, alerts and dashboards, a Helm chart, and the files in the docs."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from harness.server import BINARY

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(file.name for file in (DEPLOY / "systemd").glob("*.service"))
CHART = DEPLOY / "helm/planetstore"

# What `systemd-analyze security` calls well protected is below 2 of 10, which it writes as 20.
EXPOSURE_MAX = 20

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool")


def roles() -> list[str]:
    """The roles that `planetstore run` knows."""
    said = subprocess.run([BINARY, "run", "--help"], capture_output=True, text=True, check=True).stdout
    listed = re.search(r"Commands:\n(.*?)\n\n", said, re.DOTALL)[1]
    return [line.split()[0] for line in listed.splitlines() if line.split()[0] != "help"]


def instance(unit: str) -> str:
    """A unit that can be started: an instance, if it is a template."""
    return unit.replace("@.", "@nats-1." if "nats" in unit else "@node-1.")


@pytest.fixture
def machine(tmp_path) -> Path:
    """A root with the units and the programs that they start."""
    root = tmp_path / "root"
    shutil.copytree(DEPLOY / "systemd", root / "etc/systemd/system")
    system = root / "usr/lib/systemd/system"
    system.mkdir(parents=True)
    for file in Path("/usr/lib/systemd/system").glob("*.target"):
        shutil.copy(file, system, follow_symlinks=True)
    for program in ("planetstore", "nats-server"):
        file = root / "usr/bin" / program
        file.parent.mkdir(exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    return root


def test_every_role_has_a_unit():
    units = {re.sub(r"^planetstore-|@?\.service$", "", unit) for unit in UNITS}
    assert units == {*roles(), "nats"}


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_sound_and_well_protected(machine, unit):
    def analyze(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["systemd-analyze", *words, f"--root={machine}", instance(unit)], capture_output=True,
                              text=True, check=False)

    verified = analyze("verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}")
    assert judged.returncode == 0, judged.stdout[-300:]


def text_of(unit: str) -> str:
    """A unit with what it shares with all others, as the instance that the docs start."""
    text = (DEPLOY / "systemd" / unit).read_text() + (DEPLOY / "systemd/planetstore-.service.d/common.conf").read_text()
    return text.replace("%i", "node-1").replace("%S", "/var/lib").replace("%d", "/run/credentials/unit")


def documented() -> dict[str, str]:
    """The configuration files of docs/many-hosts.md."""
    return dict(re.findall(r"```toml (\w+)\n(.*?)```", (ROOT / "docs/many-hosts.md").read_text(), re.DOTALL))


@pytest.mark.parametrize("unit", [unit for unit in UNITS if "nats" not in unit])
def test_the_command_of_a_unit_is_understood_with_the_files_of_the_docs(tmp_path, unit):
    text = text_of(unit)
    words = re.search(r"^ExecStart=/usr/bin/planetstore run (.*)$", text, re.MULTILINE)[1].split()
    files = documented()
    assert set(files) == {"gateway", "node", "repair"}
    file = tmp_path / "role.toml"
    file.write_text(files.get(words[0], files["repair"]))
    words[words.index("--config") + 1] = str(file)
    environment = dict(re.findall(r"^Environment=(\w+)=(\S+)$", text, re.MULTILINE))
    run = subprocess.run([BINARY, "config", "show", "--origin", *words], env=environment, capture_output=True,
                         text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert re.search(rf"^nats-url = .* # {file}:1$", run.stdout, re.MULTILINE)
    assert re.search(r"^nats-credentials = .* # PLANETSTORE_NATS_CREDENTIALS$", run.stdout, re.MULTILINE)
    check = [BINARY, "config", "check", *words]
    assert subprocess.run(check, env=environment, capture_output=True, check=False).returncode == 0


def test_a_unit_gets_no_secret_that_its_container_does_not_get():
    composition = yaml.safe_load((ROOT / "compose.yaml").read_text())
    for unit in UNITS:
        role = re.sub(r"^planetstore-|@?\.service$", "", unit)
        if role == "nats":
            continue
        service = composition["services"][{"gateway": "gateway-1", "node": "node-1"}.get(role, role)]
        mounted = {secret["source"] if isinstance(secret, dict) else secret for secret in service["secrets"]}
        loaded = re.findall(r"^LoadCredential=\S+:/etc/planetstore/secrets/(\S+)$", text_of(unit), re.MULTILINE)
        assert {name.removesuffix(".pem") for name in loaded} == mounted, unit


def test_what_is_shown_has_no_secret(tmp_path):
    environment = {"PLANETSTORE_NATS_PASSWORD": "hidden-1", "PLANETSTORE_MASTER_KEY": "hidden-2",
                   "PLANETSTORE_ROOT_PASSWORD": "hidden-3", "PLANETSTORE_NATS_URL": "nats://h:4222"}
    run = subprocess.run([BINARY, "config", "show", "--origin", "gateway"], env=environment, capture_output=True,
                         text=True, check=True)
    assert "# PLANETSTORE_NATS_URL" in run.stdout and "hidden" not in run.stdout + run.stderr


@needs_promtool
def test_the_alerts_are_sound_and_fire_when_they_should():
    for words in (["check", "config", "--syntax-only", "prometheus.yml"], ["check", "rules", "alerts.yml"],
                  ["test", "rules", "alerts.test.yml"]):
        run = subprocess.run(["promtool", *words], cwd=DEPLOY / "monitoring", capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_each_alert_has_a_case_and_a_remedy():
    groups = yaml.safe_load((DEPLOY / "monitoring/alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    tests = yaml.safe_load((DEPLOY / "monitoring/alerts.test.yml").read_text())["tests"]
    assert [rule["alert"] for rule in rules] == [test["name"] for test in tests]
    for rule in rules:
        assert rule["annotations"]["remedy"] and rule["labels"]["severity"] in ("warning", "critical"), rule["alert"]


def test_the_dashboards_can_be_loaded():
    boards = [json.loads(file.read_text()) for file in sorted((DEPLOY / "monitoring/dashboards").iterdir())]
    assert len({board["uid"] for board in boards}) == len(boards) == 2
    source = yaml.safe_load((DEPLOY / "monitoring/grafana-datasources.yml").read_text())["datasources"][0]["uid"]
    for board in boards:
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        assert all(panel["datasource"]["uid"] == source for panel in board["panels"])


def test_the_chart_knows_the_roles_and_the_secrets_of_the_composition():
    """Its templates are rendered by the longer case; this one reads what can be read without a helm."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert chart["apiVersion"] == "v2" and values["nats"]["replicas"] == 3 and values["node"]["replicas"] == 6
    templates = "".join(file.read_text() for file in sorted((CHART / "templates").iterdir()))
    used = set(re.findall(r"\.Values\.(\w+)", templates))
    assert used == set(values), "a value is used that does not exist, or exists and is not used"
    composition = yaml.safe_load((ROOT / "compose.yaml").read_text())
    for name in re.findall(r'"(nats-ca\.pem|nats-\w+|author-key-\w+|[a-z]+-key|piece-secrets|metrics-token|root)"', templates):
        assert name in {Path(secret["file"]).name for secret in composition["secrets"].values()} | {"author-key", "nats-ca"}, name


@pytest.mark.long
@pytest.mark.skipif(shutil.which("go") is None and shutil.which("helm") is None, reason="there is neither helm nor Go")
@pytest.mark.timeout(1200)
def test_the_chart_passes_its_linter_and_gives_each_role_what_its_container_has():
    helm = subprocess.run([ROOT / "tests/install-helm"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    linted = subprocess.run([helm, "lint", "--strict", CHART], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    rendered = subprocess.run([helm, "template", "store", CHART], capture_output=True, text=True, check=True).stdout
    documents = [document for document in yaml.safe_load_all(rendered) if document]
    sets = {document["metadata"]["name"]: document for document in documents if document["kind"] == "StatefulSet"}
    assert sorted(sets) == sorted(roles())
    composition = yaml.safe_load((ROOT / "compose.yaml").read_text())
    for role, document in sets.items():
        container = document["spec"]["template"]["spec"]["containers"][0]
        assert container["args"] == ["run", role]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        given = {variable["name"]: variable.get("value") for variable in container["env"]}
        service = composition["services"][{"gateway": "gateway-1", "node": "node-1"}.get(role, role)]
        wanted = set(service["environment"]) - {"PLANETSTORE_CONSOLE_HOSTS", "PLANETSTORE_TRUSTED_PROXIES"}
        assert set(given) - {"POD_NAME"} == wanted, role
        places = {mount["mountPath"]: mount.get("subPathExpr") for mount in container["volumeMounts"]}
        for variable, value in given.items():
            if str(value).startswith("/run/"):
                assert value in places, f"{variable} of {role}"
        mounted = {secret["source"] if isinstance(secret, dict) else secret for secret in service["secrets"]}
        files = {Path(place or "").name.removesuffix(".pem").replace("$(POD_NAME)", "node-1") for place in places.values()}
        assert files - {""} == mounted, role
