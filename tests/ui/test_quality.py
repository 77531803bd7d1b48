"""How well the console works: uploads, very many keys, very many events, its figures, and what attackers try. The long cases
are what the scripts of ui/tests do without settings: for a release build, and a machine that does nothing else."""

import pytest

pytestmark = pytest.mark.slow

# Below the timeout of a long case.
LONG_SECONDS = 3_000
long_too = pytest.mark.timeout(LONG_SECONDS + 100)


def lengths(**short: object):
    """A short case, and the script as it is without settings."""
    return pytest.mark.parametrize("settings", [
        pytest.param(short, id="short"),
        pytest.param({"seconds": LONG_SECONDS}, id="long", marks=pytest.mark.long),
    ])


@long_too
@lengths(files=200, mib=300, upload_seconds=200)
def test_uploads_go_on_over_other_pages_and_restarts(console, drive, settings):
    drive("uploads.mjs", console, **settings)


@long_too
@lengths(keys=4_000, seconds_played=4)
def test_many_keys_and_many_events_leave_the_page_quick(console, drive, settings):
    drive("scale.mjs", console, **settings)


@long_too
@lengths(events=300)
def test_a_laptop_that_slept_catches_up(console, drive, settings):
    drive("sleep.mjs", console, **settings)


def test_figures_are_exact_and_nothing_is_missing_after_a_restart(store, drive):
    drive("live.mjs", store)


def test_attackers_get_nothing_from_a_browser(console, drive):
    drive("hostile.mjs", console)
