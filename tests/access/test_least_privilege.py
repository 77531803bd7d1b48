"""Every role in its own process with only the rights that nats/compose.conf grants: they are enough."""

import pytest

from harness.composition import make_secrets
from harness.content import KIB, MIB, content
from harness.server import NotStarted

pytestmark = pytest.mark.waits


def test_each_role_does_its_work_with_its_own_rights(composition):
    gateway = composition.gateway
    wire = gateway.wire()
    wire.make_bucket("shared")
    stored = {f"k/{size}": content(("roles", size), size) for size in (0, 10, 10 * KIB, 200 * KIB, 3 * MIB)}
    for key, data in stored.items():
        assert wire.put("shared", key, data).status == 200
    for key, data in stored.items():
        assert wire.get("shared", key).body == data, key
    assert wire.delete("shared", "k/10").status == 204
    stopped = gateway.run("node", "stop", "node-6")
    assert stopped.returncode == 0, stopped.stderr
    wire.close()
    gateway.stop()
    gateway.start()
    wire = gateway.wire()
    assert wire.get("shared", "k/10").status == 404
    del stored["k/10"]
    for key, data in stored.items():
        assert wire.get("shared", key).body == data, key
    wire.close()
    gateway.stop()
    assert "Violation" not in composition.log.read_text()


def test_the_password_of_another_role_is_refused(composition):
    gateway = composition.gateway
    gateway.stop()
    login, stolen = composition.secrets / "nats-gateway", composition.password("node-1")
    login.unlink()
    login.write_text(f"PLANETSTORE_NATS_USER=gateway\nPLANETSTORE_NATS_PASSWORD={stolen}\n")
    with pytest.raises(NotStarted) as refused:
        gateway.start()
    assert "cannot connect" in refused.value.said and stolen not in refused.value.said


def test_whom_the_gateway_does_not_trust_as_the_server_hears_no_password(composition, tmp_path):
    gateway = composition.gateway
    gateway.stop()
    own = composition.secrets
    # Another authority that has signed a certificate for the same names.
    composition.secrets = tmp_path / "others"
    make_secrets(composition.secrets)
    with pytest.raises(NotStarted) as refused:
        gateway.start()
    assert "cannot connect" in refused.value.said and "authorization" not in composition.log.read_text().lower()
    # Whatever the address says: with a trusted authority, only TLS is used.
    composition.secrets, composition.url = own, composition.url.replace("tls://", "nats://")
    gateway.start()
    composition.url = composition.url.replace("nats://", "tls://")
