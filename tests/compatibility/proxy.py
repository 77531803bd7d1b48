"""A round-robin TCP proxy: each connection goes to the next gateway, and its bytes are not inspected."""

import asyncio
import contextlib
import itertools
import threading

CHUNK_BYTES = 64 * 1024
START_SECONDS = 10


class RoundRobin:
    """Listens on loopback, and forwards connections to several addresses in turn."""

    def __init__(self, targets: list[str]) -> None:
        self.targets = itertools.cycle(targets)
        self.address = ""
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        # asyncio holds connections only weakly: an idle one could be collected.
        self.carried: set[asyncio.Task[None] | None] = set()

    def start(self) -> "RoundRobin":
        self.thread.start()
        if not self.ready.wait(START_SECONDS):
            raise RuntimeError("the proxy does not start")
        return self

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.address = "{}:{}".format(*server.sockets[0].getsockname())
        self.ready.set()
        self.loop.run_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self.carried.add(task)
        try:
            await self._carry(reader, writer)
        finally:
            self.carried.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = next(self.targets).rpartition(":")
        try:
            there, back = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, back), pump(there, writer))
        back.close()
        writer.close()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(START_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(START_SECONDS)

    async def _end(self) -> None:
        for task in self.carried:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in self.carried if task is not None), return_exceptions=True)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copies one direction to its end."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        return
    writer.close()
