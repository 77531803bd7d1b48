"""Crashes under load: no acked write is lost, no deleted object comes back, and every stored object is complete."""

import random
import time

import pytest

from harness import wait
from harness.filling import assert_rebuild_is_equal
from harness.history import History
from harness.server import NotStarted, Server

KILLS_OF_ALL, KILLS_OF_ALL_LONG = 6, 20
KILLS_OF_NATS = 12
# The moment of a kill: after this many acks, and then at a random time within this span.
ACKS_BEFORE_KILL = (5, 150)
SECONDS_BEFORE_KILL = 0.05


def strike(history: History, rng: random.Random) -> None:
    """Waits for a random moment while the writers write."""
    goal = history.acked() + rng.randint(*ACKS_BEFORE_KILL)
    wait.until(lambda: history.acked() >= goal, f"{goal} acks", 60)
    time.sleep(rng.random() * SECONDS_BEFORE_KILL)  # not a wait for a condition: this is the random moment itself


@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize("kills", [KILLS_OF_ALL, pytest.param(KILLS_OF_ALL_LONG, marks=pytest.mark.long)])
def test_killing_everything(make_server, seed, kills):
    server = make_server().start()
    server.wire().make_bucket("history")
    history = History(server, "history")
    acked = 0
    for number in range(kills):
        rng = random.Random(repr((seed, number)))
        print(f"kill {number} of the whole process, seed {seed}")
        history.begin((seed, number), goes_on=False)
        strike(history, rng)
        server.kill()
        history.end()
        acked += history.acked()
        if number % 4 == 3:
            kill_while_starting(server, rng)
        server.start()
        server.wait_for_nodes()
        history.compare((seed, number))
    server.stop()
    assert_rebuild_is_equal(server)
    print(f"{kills} kills, {acked} acked operations, none lost")


def kill_while_starting(server: Server, rng: random.Random) -> None:
    """Another crash before the recovery from the first one is complete."""
    server.spawn()
    time.sleep(rng.random() * 1.5)  # the random moment itself
    server.kill()


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_killing_nats_alone(make_server, seed):
    server = make_server().start()
    server.wire().make_bucket("history")
    history = History(server, "history")
    turned_away = 0
    for number in range(KILLS_OF_NATS):
        rng = random.Random(repr((seed, "nats", number)))
        print(f"kill {number} of nats-server, seed {seed}")
        history.begin((seed, "nats", number), goes_on=True)
        strike(history, rng)
        killed = server.kill_nats()
        before = [writer.acked for writer in history.writers]
        wait.until(lambda: server.nats_pid() not in (None, killed), "another nats-server", 30)
        # One ack each may have been in flight at the kill; the next one is certainly new.
        wait.until(lambda: all(writer.acked > old + 1 for writer, old in zip(history.writers, before, strict=True)),
                   "acks for every writer after the kill", 60)
        history.end()
        turned_away += sum(writer.turned_away for writer in history.writers)
        barrier = server.wire()
        wait.until(lambda: barrier.put("history", "barrier", b"everything before this is decided").status == 200,
                   "a write after everything else", 10)
        assert barrier.delete("history", "barrier").status == 204
        barrier.close()
        history.compare((seed, "nats", number))
    server.stop()
    assert_rebuild_is_equal(server)
    print(f"{KILLS_OF_NATS} kills of nats-server, {turned_away} operations turned away, none lost")


def test_killing_it_before_it_was_ever_ready(make_server, seed):
    server = make_server()
    rng = random.Random(repr((seed, "first start")))
    for _ in range(3):
        server.spawn()
        time.sleep(rng.random() * 0.5)  # the random moment itself
        server.kill()
    try:
        server.start()
    except NotStarted as error:
        raise AssertionError(f"seed {seed}: a first start that was cut off cannot be repeated") from error
    wire = server.wire()
    wire.make_bucket("first")
    assert wire.put("first", "k", b"x").status == 200
    wire.close()
    server.stop()
