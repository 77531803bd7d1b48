"""Forms that web pages post to a bucket."""

from .wire import Answer, Head, Wire

BOUNDARY = "----form-of-a-page"


def multipart(fields: dict[str, str], data: bytes | None, name: str = "picture.png", more: bytes = b"") -> bytes:
    body = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'.encode() + value.encode() + b"\r\n"
        for field, value in fields.items())
    if data is not None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        body += head.encode() + b"Content-Type: image/png\r\n\r\n" + data + b"\r\n"
    return body + more + f"--{BOUNDARY}--\r\n".encode()


def post(wire: Wire, bucket: str, fields: dict[str, str], data: bytes | None = b"x", **how: object) -> Answer:
    body = multipart(fields, data, **how)
    head = Head("POST", f"/{bucket}", "", {
        "host": wire.address, "content-type": f"multipart/form-data; boundary={BOUNDARY}",
        "content-length": str(len(body))})
    return wire.exchange([head.to_bytes(), body], "POST")
