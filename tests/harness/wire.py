"""S3 requests byte by byte: signed, deliberately malformed, on plain sockets.

The signature is computed here, without any SDK, after "Authenticating Requests (AWS Signature Version 4)" in the Amazon
S3 API Reference.
"""

import hashlib
import hmac
import http.client
import io
import re
import socket
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

REGION = "us-east-1"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Credentials:
    access: str
    secret: str


@dataclass
class Answer:
    """A complete response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def xml(self) -> ElementTree.Element:
        """The document, without namespaces in the names."""
        root = ElementTree.fromstring(self.body)
        for element in root.iter():
            element.tag = element.tag.rsplit("}", 1)[-1]
        return root

    @property
    def code(self) -> str:
        """The S3 error code; empty if the response is no error document."""
        if self.status < 300 or not self.body:
            return ""
        root = self.xml()
        return (root.findtext("Code") or "") if root.tag == "Error" else ""

    def text(self, path: str) -> str:
        """The text of an element of the document."""
        return self.xml().findtext(path) or ""

    def texts(self, path: str) -> list[str]:
        return [element.text or "" for element in self.xml().findall(path)]


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


@dataclass
class Signature:
    """The signature of a request's head, and the state that signs its chunks."""

    key: bytes
    stamp: str
    scope: str
    value: str

    def next_chunk(self, data: bytes) -> str:
        """Signs the next chunk of the body."""
        digest = hashlib.sha256(data).hexdigest()
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{self.stamp}\n{self.scope}\n{self.value}\n{EMPTY_SHA256}\n{digest}"
        self.value = _hmac(self.key, text).hex()
        return self.value

    def trailer(self, canonical: bytes) -> str:
        """Signs the trailer after the last chunk."""
        digest = hashlib.sha256(canonical).hexdigest()
        text = f"AWS4-HMAC-SHA256-TRAILER\n{self.stamp}\n{self.scope}\n{self.value}\n{digest}"
        self.value = _hmac(self.key, text).hex()
        return self.value


def encode(raw: str | bytes, safe: str = "") -> str:
    """Percent-encodes for SigV4."""
    return urllib.parse.quote(raw, safe=f"-._~{safe}")


def object_path(bucket: str, key: str | bytes) -> str:
    return f"/{bucket}/{encode(key, '/')}"


def canonical_query(query: str) -> str:
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def now_stamp(moment: datetime | None = None) -> str:
    return (moment or datetime.now(timezone.utc)).strftime("%Y%m%dT%H%M%SZ")


@dataclass
class Head:
    """The head of a request. All its values are sent unchanged."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str | bytes] = field(default_factory=dict)

    def sign(self, host: str, credentials: Credentials, payload: str, *, region: str = REGION,
             moment: datetime | None = None, unsigned: Iterable[str] = ()) -> Signature:
        """Adds date, payload hash and authorization; signs every header except those in `unsigned`."""
        stamp = now_stamp(moment)
        self.headers = {name.lower(): value for name, value in self.headers.items()}
        self.headers.setdefault("host", host)
        self.headers.update({"x-amz-date": stamp, "x-amz-content-sha256": payload})
        left_out = {"content-length", "transfer-encoding", "expect", "connection", *unsigned}
        signed = {name: value for name, value in sorted(self.headers.items()) if name not in left_out}
        canonical_headers = b"".join(
            name.encode() + b":" + b" ".join((value.encode() if isinstance(value, str) else value).split()) + b"\n"
            for name, value in signed.items())
        names = ";".join(signed)
        canonical = b"\n".join([self.method.encode(), self.path.encode(), canonical_query(self.query).encode(),
                                canonical_headers, names.encode(), payload.encode()])
        scope = f"{stamp[:8]}/{region}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
        key = f"AWS4{credentials.secret}".encode()
        for step in (stamp[:8], region, "s3", "aws4_request"):
            key = _hmac(key, step)
        value = _hmac(key, text).hex()
        self.headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access}/{scope}, SignedHeaders={names}, Signature={value}")
        return Signature(key, stamp, scope, value)

    def to_bytes(self) -> bytes:
        target = self.path + (f"?{self.query}" if self.query else "")
        lines = [f"{self.method} {target} HTTP/1.1".encode()]
        for name, value in self.headers.items():
            lines.append(name.encode() + b": " + (value.encode() if isinstance(value, str) else value))
        return b"\r\n".join(lines) + b"\r\n\r\n"


def read_answer(stream: socket.socket, method: str = "GET") -> Answer:
    """Reads one response; interim ones are skipped."""
    response = http.client.HTTPResponse(stream, method=method)
    response.begin()
    try:
        return Answer(response.status, response.headers, response.read())
    finally:
        response.close()


class Wire:
    """A client that signs each request itself and keeps one connection. Not thread-safe."""

    def __init__(self, address: str, credentials: Credentials) -> None:
        self.address = address
        self.credentials = credentials
        host, _, port = address.rpartition(":")
        self.place = (host, int(port))
        self._connection: http.client.HTTPConnection | None = None

    def connect(self) -> socket.socket:
        """Opens a new connection."""
        return socket.create_connection(self.place, timeout=TIMEOUT_SECONDS)

    def head(self, method: str, path: str, query: str = "", headers: Mapping[str, str | bytes] | None = None,
             payload: str = UNSIGNED, **how: object) -> tuple[Head, Signature]:
        """A signed head for this server."""
        head = Head(method, path, query, dict(headers or {}))
        return head, head.sign(self.address, self.credentials, payload, **how)

    def exchange(self, raw: bytes | Iterable[bytes], method: str = "GET") -> Answer:
        """Sends bytes on a fresh connection and reads the response, which may be early."""
        pieces = [raw] if isinstance(raw, bytes) else raw
        with self.connect() as stream:
            try:
                for piece in pieces:
                    stream.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before its end; the response says why
            return read_answer(stream, method)

    def exchange_cut(self, raw: bytes) -> bytes:
        """Sends bytes, then closes our half of the connection; returns what comes back, possibly nothing."""
        with self.connect() as stream:
            taken = io.BytesIO()
            try:
                stream.sendall(raw)
                stream.shutdown(socket.SHUT_WR)
                while piece := stream.recv(65_536):
                    taken.write(piece)
            except OSError:
                pass  # it closed first; the earlier response is here
            return taken.getvalue()

    def request(self, method: str, path: str, query: str = "", headers: Mapping[str, str | bytes] | None = None,
                body: bytes = b"", payload: str | None = None, **how: object) -> Answer:
        """A signed request on the kept connection."""
        payload = hashlib.sha256(body).hexdigest() if payload is None else payload
        head, _ = self.head(method, path, query, headers, payload, **how)
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self.place, timeout=TIMEOUT_SECONDS)
        connection = self._connection
        try:
            connection.putrequest(method, head.path + (f"?{head.query}" if head.query else ""),
                                  skip_host=True, skip_accept_encoding=True)
            for name, value in head.headers.items():
                connection.putheader(name, value)
            if body or method in ("PUT", "POST"):
                connection.putheader("content-length", str(len(body)))
            try:
                connection.endheaders(body or None)
            except BrokenPipeError:
                pass  # refused before its end, which other clients tolerate too; the response says why
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def put(self, bucket: str, key: str | bytes, data: bytes, **how: object) -> Answer:
        return self.request("PUT", object_path(bucket, key), body=data, **how)

    def get(self, bucket: str, key: str | bytes, query: str = "", **how: object) -> Answer:
        return self.request("GET", object_path(bucket, key), query, **how)

    def delete(self, bucket: str, key: str | bytes, query: str = "", **how: object) -> Answer:
        return self.request("DELETE", object_path(bucket, key), query, **how)

    def make_bucket(self, bucket: str) -> None:
        answer = self.request("PUT", f"/{bucket}")
        assert answer.status == 200, answer.body

    def listing(self, bucket: str, prefix: str = "") -> dict[str, tuple[str, int]]:
        """Every key with its entity tag and size, page by page."""
        found: dict[str, tuple[str, int]] = {}
        token = ""
        while True:
            query = f"list-type=2&encoding-type=url&prefix={encode(prefix)}"
            page = f"&continuation-token={encode(token)}" if token else ""
            answer = self.request("GET", f"/{bucket}", query + page)
            assert answer.status == 200, answer.body
            document = answer.xml()
            for entry in document.findall("Contents"):
                key = urllib.parse.unquote(entry.findtext("Key") or "", errors="surrogateescape")
                found[key] = (entry.findtext("ETag") or "", int(entry.findtext("Size") or -1))
            token = document.findtext("NextContinuationToken") or ""
            if document.findtext("IsTruncated") != "true":
                return found
            assert token, "a truncated page without a token"


def presigned(wire: Wire, method: str, path: str, query: str = "", *, age: int = 0, expires: int | str = 60) -> str:
    """A presigned target, made by hand so that it may be expired or malformed."""
    moment = datetime.now(timezone.utc) - timedelta(seconds=age)
    stamp = now_stamp(moment)
    credential = f"{wire.credentials.access}/{stamp[:8]}/{REGION}/s3/aws4_request"
    query = (f"{query}&" if query else "") + (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={encode(credential)}&X-Amz-Date={stamp}"
        f"&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host")
    # The signer adds date and payload hash as headers; a presigned URL has them elsewhere, so only its key is used.
    key = Head(method, path, query).sign(wire.address, wire.credentials, UNSIGNED, moment=moment).key
    canonical = f"{method}\n{path}\n{canonical_query(query)}\nhost:{wire.address}\n\nhost\n{UNSIGNED}"
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    signed = _hmac(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}").hex()
    return f"{path}?{query}&X-Amz-Signature={signed}"


def chunked(pieces: Iterable[bytes]) -> bytes:
    """The body in HTTP's own Transfer-Encoding: chunked."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


def split(data: bytes, size: int) -> list[bytes]:
    return [data[at:at + size] for at in range(0, len(data), size)]


def aws_chunked(data: bytes, size: int, *, signature: Signature | None = None,
                trailer: tuple[str, str] | None = None) -> bytes:
    """The body in S3's aws-chunked framing: chunks of `size`, signed if there is a signature, and the trailer."""
    framed = []
    for piece in [*split(data, size), b""]:
        extension = f";chunk-signature={signature.next_chunk(piece)}" if signature else ""
        framed.append(f"{len(piece):x}{extension}\r\n".encode() + piece + (b"\r\n" if piece else b""))
    if trailer:
        name, value = trailer
        framed.append(f"{name}:{value}\r\n".encode())
        if signature:
            signed = signature.trailer(f"{name}:{value}\n".encode())
            framed.append(f"x-amz-trailer-signature:{signed}\r\n".encode())
    return b"".join([*framed, b"\r\n"])


def status_of(raw: bytes) -> int:
    """The status of the first response in `raw`; 0 if there is none."""
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", raw)
    return int(found[1]) if found else 0
