"""Many slow clients at once, on one thread: sockets that never block, looked at by turns."""

import errno
import socket
import threading
import time

# How often each client sips.
TURN_SECONDS = 0.25

# In how many moments of a turn: clients of many people do not sip all at once.
MOMENTS = 25

# What a slow client's own kernel takes or keeps for it.
KERNEL_BYTES = 32 * 1024


class Client:
    """One connection, and what it has moved so far."""

    def __init__(self, place: tuple[str, int], head: bytes, source: str = "") -> None:
        self.moved = 0
        self.taken = bytearray()
        self.broken: str | None = None
        self.stream = socket.socket(socket.AF_INET)
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        self.stream.settimeout(60)
        if source:
            self.stream.bind((source, 0))
        self.stream.connect(place)
        self.stream.sendall(head)
        self.stream.setblocking(False)

    def turn(self, count: int) -> None:
        """Moves up to so many bytes, as many as the other side lets it."""
        raise NotImplementedError

    def step(self, count: int) -> None:
        if self.broken is None:
            try:
                self.turn(count)
            except BlockingIOError:
                pass
            except OSError as error:
                self.broken = errno.errorcode.get(error.errno or 0, str(error))


class Reader(Client):
    """Takes an answer a sip at a time."""

    def turn(self, count: int) -> None:
        if piece := self.stream.recv(count):
            self.taken += piece
            self.moved += len(piece)
        else:
            self.broken = "the answer has ended"


class Sender(Client):
    """Sends a body a sip at a time, after a first part at once. Whatever is answered meanwhile is kept."""

    def __init__(self, place: tuple[str, int], head: bytes, body: memoryview, at_once: int) -> None:
        super().__init__(place, head)
        self.body = body
        self.at_once = at_once

    def turn(self, count: int) -> None:
        end = min(len(self.body), max(self.at_once, self.moved + count))
        self.moved += self.stream.send(self.body[self.moved:end])
        self.taken += self.stream.recv(4096)
        self.broken = "answered"


class Idle(Client):
    """Sends what it is made with, and nothing more."""

    def turn(self, count: int) -> None:
        self.taken += self.stream.recv(count)
        self.broken = "answered"


class Crowd(threading.Thread):
    """Lets its clients sip until it is stopped."""

    def __init__(self, clients: list[Client], bytes_per_second: int) -> None:
        super().__init__(daemon=True)
        self.clients = clients
        self.sip = int(bytes_per_second * TURN_SECONDS)
        self.stopping = threading.Event()

    def run(self) -> None:
        begun = time.monotonic()
        moments = 0
        while not self.stopping.is_set():
            for client in self.clients[moments % MOMENTS::MOMENTS]:
                client.step(self.sip)
            moments += 1
            self.stopping.wait(max(0.0, begun + moments * TURN_SECONDS / MOMENTS - time.monotonic()))

    def stop(self) -> None:
        self.stopping.set()
        self.join()

    def complaints(self) -> list[str]:
        """What befell those who were not let on."""
        return [f"{client.broken} {bytes(client.taken[:300])!r}" for client in self.clients if client.broken]

    def close(self) -> None:
        self.stop()
        for client in self.clients:
            client.stream.close()
