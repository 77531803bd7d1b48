"""A TCP proxy that holds up what passes through it."""

import socket
import threading
import time
from collections import deque

_PIECE_BYTES = 64 * 1024


class DelayingProxy:
    """Passes connections on to an address. What comes from the clients is held up by `seconds`, which can be changed."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.seconds = 0.0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self.address)
            except OSError:
                return
            self._sockets += [client, server]
            for stream in (client, server):
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._hold_up, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client), daemon=True).start()

    def _hold_up(self, source: socket.socket, goal: socket.socket) -> None:
        """Passes on what comes, each piece so many seconds after it came."""
        held: deque[tuple[float, bytes]] = deque()
        more = threading.Condition()

        def send() -> None:
            while True:
                with more:
                    while not held:
                        more.wait()
                    due, piece = held[0]
                time.sleep(max(0.0, due - time.monotonic()))
                try:
                    goal.sendall(piece)
                except OSError:
                    return
                with more:
                    held.popleft()
                if not piece:
                    return

        threading.Thread(target=send, daemon=True).start()
        while True:
            try:
                piece = source.recv(_PIECE_BYTES)
            except OSError:
                piece = b""
            with more:
                held.append((time.monotonic() + self.seconds, piece))
                more.notify()
            if not piece:
                return

    def _pass_on(self, source: socket.socket, goal: socket.socket) -> None:
        try:
            while piece := source.recv(_PIECE_BYTES):
                goal.sendall(piece)
        except OSError:
            pass
        finally:
            goal.close()

    def close(self) -> None:
        for stream in self._sockets:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            stream.close()
