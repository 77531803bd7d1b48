"""Processes, as the kernel reports them."""

import ctypes
import os
import re
from pathlib import Path

# prctl(2): orphans below this process become its children, so that none can hide.
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on, an orphaned descendant becomes a child of this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def _stat(pid: int) -> tuple[str, int] | None:
    """State and parent of a process, if it exists."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, parent = text.rsplit(") ", 1)[1].split(" ", 2)[:2]
    return state, int(parent)


def is_alive(pid: int) -> bool:
    """Whether a process exists and runs; a zombie does not."""
    found = _stat(pid)
    return found is not None and found[0] not in "ZX"


def children(pid: int) -> list[int]:
    """The running children of a process."""
    every = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    stats = [(child, _stat(child)) for child in every]
    return [child for child, stat in stats if stat and stat[1] == pid and stat[0] not in "ZX"]


def family(pid: int) -> list[int]:
    """A process and all its running descendants."""
    return [pid, *(member for child in children(pid) for member in family(child))]


def name(pid: int) -> str:
    """The program's name, from the kernel; empty if the process is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def command_line(pid: int) -> str:
    """The command line; empty if the process is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _memory_kib(pid: int, field: str) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(rf"^{field}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def resident_bytes(pid: int) -> int:
    """The present resident memory of a process and its descendants."""
    return sum(_memory_kib(member, "VmRSS") for member in family(pid)) * 1024


def resident_peak_bytes(pid: int) -> int:
    """The sum of the peak resident memory of each of them: an upper bound of their common peak."""
    return sum(_memory_kib(member, "VmHWM") for member in family(pid)) * 1024


def reap_orphans() -> None:
    """Reaps adopted children that have ended."""
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
