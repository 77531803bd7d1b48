"""How well the console works: uploads, very many keys, very many events, its figures, and what attackers try. Each has a
longer form at hand: the scripts of ui/tests without settings."""

import pytest

pytestmark = pytest.mark.slow


def test_uploads_go_on_over_other_pages_and_restarts(console, drive):
    drive("uploads.mjs", console, files=200, mib=300, upload_seconds=200)


def test_many_keys_and_many_events_leave_the_page_quick(console, drive):
    drive("scale.mjs", console, keys=4_000, seconds=4)


def test_a_laptop_that_slept_catches_up(console, drive):
    drive("sleep.mjs", console, events=300)


def test_figures_are_exact_and_nothing_is_missing_after_a_restart(store, drive):
    drive("live.mjs", store)


def test_attackers_get_nothing_from_a_browser(console, drive):
    drive("hostile.mjs", console)
