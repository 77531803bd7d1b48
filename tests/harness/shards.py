"""Shards on the disks of nodes, and the changes that an attacker with a node's disk can make."""

import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from awscrt.checksums import crc32c

UNIT_BYTES = 256 * 1024

# The length of a piece's header, by its first bytes. The header ends with the tag, if there is one.
HEADERS = {b"PSp1": 16, b"PSp2": 32}


@dataclass(frozen=True)
class Piece:
    magic: bytes
    index: int
    tag: bytes
    bytes: bytes

    def wire(self, shard: uuid.UUID) -> bytes:
        """The piece in the form of a file, with a valid checksum, which anyone can compute."""
        crc = crc32c(shard.bytes + struct.pack("<I", self.index) + self.tag + self.bytes)
        return self.magic + struct.pack("<III", self.index, len(self.bytes), crc) + self.tag + self.bytes


class ShardFile:
    """A shard of several pieces, in a node's folder."""

    def __init__(self, path: Path) -> None:
        self.path, self.shard = path, uuid.UUID(path.name)
        self.kept = path.read_bytes()
        self.stride = HEADERS[self.kept[:4]] + UNIT_BYTES

    @property
    def number(self) -> int:
        """Its index among the six shards of its content."""
        return self.shard.int & 7

    def pieces(self) -> list[Piece]:
        return [self._piece(at) for at in range(0, len(self.kept), self.stride)]

    def _piece(self, at: int) -> Piece:
        magic, (index, length, _) = self.kept[at:at + 4], struct.unpack_from("<III", self.kept, at + 4)
        begin = at + HEADERS[magic]
        return Piece(magic, index, self.kept[at + 16:begin], self.kept[begin:begin + length])

    def write(self, index: int, piece: Piece) -> None:
        """Replaces a piece in the existing file, which may be open."""
        wire = replace(piece, index=index).wire(self.shard)
        with self.path.open("r+b") as file:
            file.seek(index * self.stride)
            file.write(wire)

    def restore(self) -> None:
        with self.path.open("r+b") as file:
            file.write(self.kept)
            file.truncate()


def shard_files(nodes: list[Path], bucket: str) -> dict[int, ShardFile]:
    """The shards, by index, of the only content in files of a bucket."""
    files = [ShardFile(path) for node in nodes for path in (node / "buckets" / bucket).iterdir()
             if path.suffix != ".staged"]
    return {file.number: file for file in files}


def flip(piece: Piece, at: int) -> Piece:
    altered = bytearray(piece.bytes)
    altered[at] ^= 1
    return replace(piece, bytes=bytes(altered))


# Attacks on piece 1 of a shard. Each gets the shards by their index, and the shards of another content.
HARMS: dict[str, Callable[[dict[int, ShardFile], dict[int, ShardFile]], Piece]] = {
    "a bit": lambda ours, _: flip(ours[0].pieces()[1], 0),
    "the last byte": lambda ours, _: flip(ours[0].pieces()[1], UNIT_BYTES - 1),
    "another piece": lambda ours, _: ours[0].pieces()[0],
    "another shard": lambda ours, _: ours[1].pieces()[1],
    "parity": lambda ours, _: ours[4].pieces()[1],
    "another content": lambda _, others: others[0].pieces()[1],
    "a tag of zeros": lambda ours, _: replace(flip(ours[0].pieces()[1], 7), tag=bytes(len(ours[0].pieces()[1].tag))),
}
