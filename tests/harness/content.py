"""Bytes to store: reproducible, all different, and cheap to make."""

import base64
import hashlib
import random
import zlib

KIB = 1024
MIB = 1024 * KIB


def content(seed: object, size: int) -> bytes:
    """`size` bytes that depend only on this seed."""
    return random.Random(repr(seed)).randbytes(size)


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def crc32(data: bytes) -> str:
    """The checksum as S3's headers carry it."""
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def etag(data: bytes) -> str:
    """S3's entity tag for an object stored by one PUT."""
    return f'"{md5(data)}"'


def etag_of_parts(parts: list[bytes]) -> str:
    """S3's entity tag for an object of these parts."""
    digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    return f'"{md5(digests)}-{len(parts)}"'
