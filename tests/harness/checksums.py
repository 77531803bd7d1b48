"""The checksums of S3, computed without the store."""

import base64
import hashlib
import zlib

from awscrt.checksums import XXHash, crc32c, crc64nvme

COMPUTE = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "CRC32C": lambda data: crc32c(data).to_bytes(4, "big"),
    "CRC64NVME": lambda data: crc64nvme(data).to_bytes(8, "big"),
    "SHA1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
    "SHA512": lambda data: hashlib.sha512(data).digest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "XXHASH64": XXHash.compute_xxhash64,
    "XXHASH3": XXHash.compute_xxhash3_64,
    "XXHASH128": XXHash.compute_xxhash3_128,
}
ALGORITHMS = sorted(COMPUTE)

# Algorithms with composite checksums of multipart objects, and those with full-object ones.
COMPOSITE = [algorithm for algorithm in ALGORITHMS if algorithm != "CRC64NVME"]
FULL_OBJECT = ["CRC32", "CRC32C", "CRC64NVME"]


def checksum(algorithm: str, data: bytes) -> str:
    """The value of a header or an element."""
    return base64.b64encode(COMPUTE[algorithm](data)).decode()


def header(algorithm: str) -> str:
    return f"x-amz-checksum-{algorithm.lower()}"


def sent(algorithm: str, data: bytes) -> dict[str, str]:
    """The argument with which boto3 sends the checksum. It computes all of them except MD5."""
    return {"ChecksumMD5": checksum("MD5", data)} if algorithm == "MD5" else {"ChecksumAlgorithm": algorithm}
