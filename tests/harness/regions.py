"""Two regions on one machine: `planetstore dev --regions 2`."""

import json

from . import wait
from .server import Server


class SecondRegion(Server):
    """The second region of a server, which the first one starts and stops."""

    def __init__(self, first: Server, name: str = "us-west-2") -> None:
        super().__init__(first.folder)
        self.data = first.data / "regions" / name
        self.second_pid = 0
        self.credentials, self.environment = first.credentials, first.environment

    def found(self) -> "SecondRegion":
        """Waits until it serves, in another process than before, and takes its addresses."""
        def run() -> dict | None:
            try:
                run = json.loads((self.data / "run.json").read_text())
            except FileNotFoundError:
                return None
            return run if run["pid"] != self.second_pid else None

        run = wait.until(run, "the second region")
        self.address, self.console, self.second_pid = run["s3"], run["console"], run["pid"]
        wait.until(lambda: self.get_console("/readyz")[0] == 200, "its readiness")
        return self


def two_regions(make_server) -> tuple[Server, SecondRegion]:
    first = make_server()
    first.environment["PLANETSTORE_REGIONS"] = "2"
    first.start()
    return first, SecondRegion(first).found()
