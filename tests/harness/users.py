"""Users, keys and policies, created with the admin API."""

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from .server import Server
from .wire import Credentials

API_SECONDS = 30
LOGIN_SECONDS = 60


@dataclass(frozen=True)
class User:
    """A user with a key."""

    name: str
    id: str
    display_name: str
    credentials: Credentials


@dataclass(frozen=True)
class Told:
    """A response of the admin API."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)


def call(server: Server, method: str, path: str, document: object = None, *, token: str = "",
         headers: dict[str, str] | None = None) -> Told:
    """Calls the admin API; text is sent as it is, everything else as JSON."""
    connection = http.client.HTTPConnection(server.console, timeout=API_SECONDS)
    try:
        body = document if document is None or isinstance(document, str) else json.dumps(document)
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        connection.request(method, f"/api/v1{path}", body,
                           {"content-type": "application/json", **bearer, **(headers or {})})
        response = connection.getresponse()
        return Told(response.status, response.headers, response.read())
    finally:
        connection.close()


def patiently(attempt: Callable[[], Told]) -> Told:
    """Repeats an attempt to log in that comes too soon. Tests that share a server may make too many for it, and then it says
    how long to wait."""
    told = attempt()
    end = time.monotonic() + LOGIN_SECONDS
    while told.status == 429 and time.monotonic() < end:
        time.sleep(int(told.headers["Retry-After"]))
        told = attempt()
    return told


def login(server: Server, user: str, password: str) -> str:
    """The access token of a new session."""
    told = patiently(lambda: call(server, "POST", "/login", {"user": user, "password": password}))
    assert told.status == 200, told.body
    return told.json()["access_token"]


class Users:
    """The users of a server, managed by root."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.token = login(server, "root", server.credentials.secret)

    def ask(self, method: str, path: str, document: object = None) -> dict:
        """Sends a request as root, which must succeed."""
        told = call(self.server, method, path, document, token=self.token)
        if told.status == 401:  # A token is valid for minutes, and the tests of one server take longer.
            self.token = login(self.server, "root", self.server.credentials.secret)
            told = call(self.server, method, path, document, token=self.token)
        assert told.status < 300, (method, path, told.status, told.body)
        return told.json() if told.body else {}

    def create(self, name: str, *, policies: list[str] | None = None, **more: object) -> User:
        """Creates a user with a key and these policies."""
        made = self.ask("POST", "/users", {"name": name, "display_name": f"{name} <shown>", **more})
        for policy in policies or []:
            self.ask("PUT", f"/policies/{policy}/users/{name}")
        return User(name, made["id"], made["display_name"], self.create_key(name))

    def create_key(self, name: str) -> Credentials:
        key = self.ask("POST", f"/users/{name}/keys", {})
        return Credentials(key["access_key"], key["secret_key"])

    def disable_key(self, user: User) -> None:
        self.ask("PATCH", f"/users/{user.name}/keys/{user.credentials.access}", {"enabled": False})

    def store_policy(self, name: str, document: str) -> None:
        self.ask("PUT", f"/policies/{name}", document)

    def attach(self, policy: str, user: User) -> None:
        self.ask("PUT", f"/policies/{policy}/users/{user.name}")

    def detach(self, policy: str, user: User) -> None:
        self.ask("DELETE", f"/policies/{policy}/users/{user.name}")

    def close(self) -> None:
        """Ends the session."""
        self.ask("POST", "/logout")
