"""Many slow clients at once, on one thread: non-blocking sockets that are served in turn."""

import errno
import socket
import threading
import time

# How often each client moves bytes.
TURN_SECONDS = 0.25

# The number of moments into which a round is divided, so that not all clients move bytes at once.
MOMENTS = 25

# The buffers of a slow client's kernel.
KERNEL_BYTES = 32 * 1024


class Client:
    """One connection, and the bytes that it has moved so far."""

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
        """Moves up to `count` bytes, as many as the other side accepts."""
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
    """Reads a response slowly."""

    def turn(self, count: int) -> None:
        if piece := self.stream.recv(count):
            self.taken += piece
            self.moved += len(piece)
        else:
            self.broken = "the answer has ended"


class Sender(Client):
    """Sends a body slowly, after a first part at once. A response that arrives meanwhile is kept."""

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
    """Sends its initial bytes, and nothing more."""

    def turn(self, count: int) -> None:
        self.taken += self.stream.recv(count)
        self.broken = "answered"


class Crowd(threading.Thread):
    """Lets its clients move bytes until it is stopped."""

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
        """The errors of clients that were cut off."""
        return [f"{client.broken} {bytes(client.taken[:300])!r}" for client in self.clients if client.broken]

    def close(self) -> None:
        self.stop()
        for client in self.clients:
            client.stream.close()
