"""The console in a browser: every page, core tasks by keyboard alone, objects, and people. See ui/tests."""

import pytest

pytestmark = pytest.mark.slow


def test_every_page_loads_cleanly_in_both_themes_and_widths(store, drive):
    drive("browser.mjs", store)


def test_an_operator_needs_no_mouse(store, drive):
    drive("tasks.mjs", store)


def test_objects_are_uploaded_shared_deleted_and_restored(store, drive):
    drive("objects.mjs", store)


def test_people_get_keys_policies_and_sessions_and_lose_them(store, drive):
    drive("people.mjs", store)
