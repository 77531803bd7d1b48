"""TLS with certificates that are generated, given and replaced, as clients see them."""

import http.client
import ssl
import stat
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import SSLError

from harness import wait
from harness.clients import CommandLine
from harness.content import MIB, content
from harness.secure import Secure, unverified
from harness.server import BINARY, NotStarted

# How soon new files are noticed, with a margin.
RELOAD_SECONDS = 30

CONNECT_SECONDS = 10

# Enough for 30 MiB through unoptimised TLS.
SEND_SECONDS = 60


def make_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this machine and its key."""
    folder.mkdir(exist_ok=True)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    return certificate, key


def replace(file: Path, source: Path) -> None:
    """The new file is renamed to the name of the old one, as tools do that renew certificates."""
    draft = file.with_suffix(".draft")
    draft.write_bytes(source.read_bytes())
    draft.rename(file)


@pytest.fixture
def make_secure(tmp_path: Path):
    made: list[Secure] = []

    def make(trusted: Path | None = None, **environment: str) -> Secure:
        server = Secure(tmp_path / "own", environment=environment)
        server.trusted = trusted or server.data / "tls" / "certificate.pem"
        made.append(server)
        return server

    yield make
    for server in made:
        server.close()


@pytest.fixture
def self_signed(make_secure: Callable[..., Secure]) -> Secure:
    return make_secure(PLANETSTORE_TLS_SELF_SIGNED="true").start()


@pytest.fixture
def shown(tmp_path: Path) -> tuple[Path, Path]:
    """The files that a server uses, with a first pair in them."""
    certificate, key = make_pair(tmp_path / "first", "first")
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    replace(files[0], certificate)
    replace(files[1], key)
    return files


@pytest.fixture
def given(make_secure: Callable[..., Secure], shown: tuple[Path, Path]) -> Secure:
    """A server with the operator's files."""
    certificate, key = shown
    server = make_secure(certificate, PLANETSTORE_TLS_CERTIFICATE=str(certificate), PLANETSTORE_TLS_KEY=str(key))
    return server.start()


def test_boto3_trusts_the_file_and_nobody_else_is_trusted(self_signed: Secure):
    data = content("boto3", 3 * MIB)
    s3 = self_signed.client(self_signed.trusted)
    s3.create_bucket(Bucket="first")
    s3.put_object(Bucket="first", Key="k", Body=data)
    assert s3.get_object(Bucket="first", Key="k")["Body"].read() == data
    with pytest.raises(SSLError):
        self_signed.client().list_buckets()
    self_signed.stop()


def test_a_refusal_reaches_a_client_that_sends_on(self_signed: Secure):
    """Otherwise clients that read no response before they have sent everything would see their connection break."""
    host, _, port = self_signed.address.rpartition(":")
    context = ssl.create_default_context(cafile=self_signed.trusted)
    connection = http.client.HTTPSConnection(host, int(port), timeout=SEND_SECONDS, context=context)
    connection.request("PUT", "/first/k", content("refused", 30 * MIB))
    answer = connection.getresponse()
    assert (answer.status, answer.headers["connection"]) == (404, "close")
    assert b"<Code>NoSuchBucket</Code>" in answer.read()
    connection.close()
    self_signed.stop()


def test_command_lines_with_the_variables_of_the_banner(self_signed: Secure, tmp_path: Path):
    command = CommandLine(self_signed, tmp_path)
    for trust in (f"export AWS_CA_BUNDLE={self_signed.trusted}\n", f"export RCLONE_CA_CERT={self_signed.trusted}\n",
                  f'verify="{self_signed.trusted}"', f"export AWS_ENDPOINT_URL={self_signed.endpoint}\n"):
        # It is ready a moment before it announces that.
        wait.until(lambda trust=trust: trust in self_signed.said(), f"{trust} in the banner")
    file = tmp_path / "file"
    file.write_bytes(content("lines", MIB))
    # Without them the certificate is not trusted.
    assert "SSL" in command.run("aws", "s3", "mb", "s3://lines", expect=None)
    assert "x509" in command.run("rclone", "lsd", "ps:", "--retries=1", "--low-level-retries=1", expect=None)
    command.environment["RCLONE_CA_CERT"] = str(self_signed.trusted)
    command.run("rclone", "mkdir", "ps:lines")
    command.run("rclone", "copyto", file, "ps:lines/rclone")
    command.environment["AWS_CA_BUNDLE"] = str(self_signed.trusted)
    command.run("aws", "s3", "cp", file, "s3://lines/aws")
    for name in ("aws", "rclone"):
        command.run("aws", "s3", "cp", f"s3://lines/{name}", tmp_path / f"back-{name}")
        assert (tmp_path / f"back-{name}").read_bytes() == file.read_bytes()
    self_signed.stop()


def test_the_key_is_private_and_the_certificate_outlasts_a_restart(self_signed: Secure):
    folder = self_signed.trusted.parent
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    before = self_signed.trusted.read_bytes()
    self_signed.restart()
    assert self_signed.trusted.read_bytes() == before
    for name in ("localhost", "127.0.0.1"):
        with self_signed.shake(ssl.create_default_context(cafile=self_signed.trusted), name=name) as stream:
            assert stream.version() == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        self_signed.shake(ssl.create_default_context(cafile=self_signed.trusted), name="elsewhere.example")
    self_signed.stop()


def test_only_newer_versions_and_only_http_1_1(self_signed: Secure):
    for address in (self_signed.address, self_signed.console):
        context = unverified()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with self_signed.shake(context, address) as stream:
            assert stream.selected_alpn_protocol() == "http/1.1"
        context = unverified()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self_signed.shake(context, address) as stream:
            assert stream.version() == "TLSv1.2"
        context = unverified()
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            self_signed.shake(context, address)
        plain = http.client.HTTPConnection(address, timeout=CONNECT_SECONDS)
        with pytest.raises((http.client.BadStatusLine, ConnectionResetError)):
            plain.request("GET", "/healthz")
            plain.getresponse()
        plain.close()
    self_signed.stop()


def test_commands_find_a_console_with_tls_and_trust_its_own_certificate(self_signed: Secure, tmp_path: Path):
    status = self_signed.run("status", "-o", "json")
    assert status.returncode == 0, status.stderr
    stopped = self_signed.run("node", "stop", "node-2")
    assert stopped.returncode == 0, stopped.stderr
    url = f"https://{self_signed.console}"
    assert self_signed.run("status", "--url", url, "--ca", str(self_signed.trusted)).returncode == 0
    stranger, _ = make_pair(tmp_path / "strangers", "stranger")
    for arguments in (["--ca", str(stranger)], ["--url", url, "--ca", str(stranger)]):
        refused = self_signed.run("status", *arguments)
        assert refused.returncode == 1 and "is not trusted" in refused.stderr, refused.stderr
    refused = subprocess.run(
        [BINARY, "status", "--url", url, "--data", str(tmp_path / "elsewhere")],
        env=self_signed.surroundings(), capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1 and "--ca" in refused.stderr, refused.stderr
    self_signed.stop()


def test_a_new_certificate_is_shown_without_a_restart(given: Secure, shown: tuple[Path, Path], tmp_path: Path):
    certificate, key = shown
    both = (given.address, given.console)
    assert all(given.shows(address, certificate) for address in both)
    s3 = given.client(certificate)
    s3.create_bucket(Bucket="first")
    new_certificate, new_key = make_pair(tmp_path / "second", "second")
    replace(certificate, new_certificate)
    replace(key, new_key)
    for address in both:
        wait.until(lambda address=address: given.shows(address, new_certificate), "the new one", RELOAD_SECONDS)
    given.client(new_certificate).put_object(Bucket="first", Key="k", Body=b"with the new one")
    # The existing connection continues.
    assert s3.get_object(Bucket="first", Key="k")["Body"].read() == b"with the new one"
    assert given.run("status").returncode == 0
    given.stop()


def test_a_broken_new_pair_changes_nothing_and_is_logged_once(given: Secure, shown: tuple[Path, Path], tmp_path: Path):
    certificate, key = shown
    old = tmp_path / "first" / "first.pem"
    new_certificate, new_key = make_pair(tmp_path / "second", "second")
    complaint = "the new certificate is invalid"
    replace(certificate, new_certificate)
    wait.until(lambda: complaint in given.said(), "a complaint", RELOAD_SECONDS)
    assert "does not match the certificate" in given.said()
    assert given.shows(given.address, old) and given.shows(given.console, old)
    key.write_text("nonsense")
    wait.until(lambda: "no PEM private key" in given.said(), "another complaint", RELOAD_SECONDS)
    assert given.shows(given.address, old)
    assert given.said().count(complaint) == 2, "one for each wrong"
    replace(key, new_key)
    wait.until(lambda: given.shows(given.address, new_certificate), "the mended pair", RELOAD_SECONDS)
    given.stop()


@pytest.mark.parametrize("environment,says", [
    ({"PLANETSTORE_TLS_CERTIFICATE": "/nowhere.pem", "PLANETSTORE_TLS_KEY": "/nowhere.key"}, "/nowhere.pem"),
    ({"PLANETSTORE_TLS_CERTIFICATE": "/nowhere.pem"}, "--tls-key"),
    ({"PLANETSTORE_TLS_CERTIFICATE": "/c", "PLANETSTORE_TLS_KEY": "/k", "PLANETSTORE_TLS_SELF_SIGNED": "1"}, "exclude"),
])
def test_what_cannot_be_shown_is_said_at_the_start(make_secure, environment, says):
    with pytest.raises(NotStarted) as caught:
        make_secure(**environment).start()
    assert caught.value.code == 1 and says in caught.value.said, caught.value.said
