"""Measures the memory of a process and its children."""

import threading

from . import processes

SAMPLE_SECONDS = 0.1


class Meter(threading.Thread):
    """Records the peak of the resident memory that a process and its children have together."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, processes.resident_bytes(self.pid))

    def stop(self) -> None:
        self.stopping.set()
        self.join()
