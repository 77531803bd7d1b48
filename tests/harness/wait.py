"""Waits for conditions, never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# How often a condition is checked.
LOOK_INTERVAL_SECONDS = 0.02


def until(condition: Callable[[], T], what: str, seconds: float = 60.0) -> T:
    """Returns the result of `condition` once it is true; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(LOOK_INTERVAL_SECONDS)
