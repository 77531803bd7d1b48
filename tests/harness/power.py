"""A disk whose power can be cut: a real file system in an image file, shut down without writing what it holds.

The shutdown calls of ext4 and XFS (ioctl_xfs_goingdown(2), and the same number in fs/ext4/ioctl.c) end a file system
like a power loss: data that was not synced is never written, nor is the journal. Mounting it again replays the journal.
Everything that the file system sent to the device is kept, so this does not show writes that a device loses from its
own cache.
"""

import errno
import fcntl
import os
import shutil
import struct
import subprocess
from pathlib import Path

from . import wait

# _IOR('X', 125, __u32), and the flag that keeps the journal in memory from being written.
_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = 0x2

# The command that creates each file system.
MAKERS = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}

IMAGE_BYTES = 6 << 30


class CannotMount(Exception):
    """This machine does not let a test mount an image. Contains the error output."""


def kinds() -> list[str]:
    """The file systems that can be created here."""
    return [kind for kind, maker in MAKERS.items() if shutil.which(maker[0], path=os.environ["PATH"] + ":/usr/sbin:/sbin")]


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, env=environment)


class Disk:
    """A separate file system in a sparse image."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.image = folder / f"{kind}.image"
        self.place = folder / kind
        self.is_mounted = False

    def make(self) -> "Disk":
        self.place.mkdir(parents=True)
        with self.image.open("wb") as image:
            image.truncate(IMAGE_BYTES)
        made = _run(*MAKERS[self.kind], self.image)
        assert made.returncode == 0, made.stderr
        return self.mount()

    def mount(self) -> "Disk":
        done = _run("mount", "-t", self.kind, "-o", "loop", self.image, self.place)
        if done.returncode != 0:
            raise CannotMount(done.stderr.strip())
        self.is_mounted = True
        return self

    def cut(self) -> None:
        """Cuts the power. Every write from now on fails."""
        place = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(place, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(place)

    def assert_is_cut(self) -> None:
        try:
            (self.place / "written-after").write_bytes(b"x")
        except OSError as error:
            assert error.errno in (errno.EIO, errno.EROFS), error
        else:
            raise AssertionError(f"the {self.kind} still takes writes")

    def unmount(self) -> None:
        """Waits until no process uses it any more."""
        wait.until(lambda: _run("umount", self.place).returncode == 0, f"the end of all use of {self.place}", 30)
        self.is_mounted = False

    def close(self) -> None:
        """For the end of a test, in any state."""
        if self.is_mounted:
            _run("umount", "-l", self.place)
        self.image.unlink(missing_ok=True)
