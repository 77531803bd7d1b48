"""A server with TLS, and clients that trust it."""

import socket
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

from .server import Server
from .wire import REGION

CONNECT_SECONDS = 10


class Secure(Server):
    """A server with TLS, and the certificate to trust."""

    trusted: Path

    @property
    def endpoint(self) -> str:
        return f"https://{self.address}"

    def get_console(self, path: str) -> tuple[int, bytes]:
        context = ssl.create_default_context(cafile=self.trusted)
        try:
            with urllib.request.urlopen(f"https://{self.console}{path}", timeout=10, context=context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def client(self, trusted: Path | None = None):
        """A boto3 client that trusts a file, or the authorities of the system."""
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name=REGION, verify=str(trusted) if trusted else None,
            aws_access_key_id=self.credentials.access, aws_secret_access_key=self.credentials.secret,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}))

    def shake(self, context: ssl.SSLContext, address: str | None = None, name: str = "localhost") -> ssl.SSLSocket:
        """A connection after its handshake."""
        host, _, port = (address or self.address).rpartition(":")
        stream = socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS)
        try:
            return context.wrap_socket(stream, server_hostname=name)
        except BaseException:
            stream.close()
            raise

    def shows(self, address: str, certificate: Path) -> bool:
        """Whether new connections get exactly this certificate."""
        with self.shake(unverified(), address) as stream:
            shown = stream.getpeercert(binary_form=True)
        return shown == ssl.PEM_cert_to_DER_cert(certificate.read_text())


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
