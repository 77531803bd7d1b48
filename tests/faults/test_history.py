"""Checks the history itself: it must detect the errors that the crash tests look for."""

import pytest

from harness import wait
from harness.history import ABSENT, History, Stored


@pytest.fixture
def history(server, bucket) -> History:
    """A history with acked objects and acked deletes, whose writers have ended and which compares as correct."""
    history = History(server, bucket, writers=2, keys=6)
    history.begin("control", goes_on=False)
    wait.until(lambda: history.acked() > 60, "60 acks")
    history.end()
    wire = server.wire()
    for name, stored in (("w0/k0", Stored.of(b"kept")), ("w0/k1", ABSENT)):
        key = history.keys[0][name]
        key.begin(stored, "by hand")
        answer = wire.put(bucket, name, b"kept") if stored else wire.delete(bucket, name)
        assert answer.status in (200, 204)
        key.acked()
    wire.close()
    history.compare("control")
    return history


def test_a_lost_write_is_noticed(history, wire):
    assert wire.delete(history.bucket, "w0/k0").status == 204
    with pytest.raises(AssertionError, match="found None"):
        history.compare("control")


def test_a_resurrected_delete_is_noticed(history, wire):
    assert wire.put(history.bucket, "w0/k1", b"back again").status == 200
    with pytest.raises(AssertionError, match="found Stored"):
        history.compare("control")


def test_other_bytes_are_noticed(history, wire):
    assert wire.put(history.bucket, "w0/k0", b"other bytes").status == 200
    with pytest.raises(AssertionError, match="found Stored"):
        history.compare("control")


def test_a_key_from_nowhere_is_noticed(history, wire):
    assert wire.put(history.bucket, "from/nowhere", b"x").status == 200
    with pytest.raises(AssertionError):
        history.compare("control")
