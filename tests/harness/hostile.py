"""Attacks by anonymous callers and malicious clients, and the state that must be unchanged after them."""

import socket
from dataclasses import dataclass

from .server import Server
from .wire import Answer, read_answer

# The codes with which a request is refused.
REFUSED = (400, 401, 403, 404, 405, 501)


@dataclass(frozen=True)
class Kept:
    """A bucket with one object, and an upload without parts."""

    s3: object
    bucket: str
    upload: str

    def check(self) -> None:
        """Checks that everything is unchanged."""
        assert [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.bucket)["Contents"]] == ["kept"]
        assert self.s3.get_object(Bucket=self.bucket, Key="kept")["Body"].read() == b"kept"
        assert "Parts" not in self.s3.list_parts(Bucket=self.bucket, Key="k", UploadId=self.upload)


def master_keys(server: Server) -> list[bytes]:
    """Every line of a secret file in the data folder, including the values of settings."""
    values = []
    for path in server.data.rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o077 == 0 and path.stat().st_size < 4096:
            lines = path.read_bytes().splitlines()
            values += [line.rpartition(b"=")[2].strip() for line in lines if not line.startswith(b"#")]
    return [value for value in values if len(value) >= 16]


def ask(place: str, raw: str) -> Answer:
    """Sends a request unchanged to a given port, and reads the response."""
    host, _, port = place.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as stream:
        stream.sendall(raw.encode("latin-1"))
        return read_answer(stream)
