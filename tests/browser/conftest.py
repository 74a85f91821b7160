"""A tablet's browser on a live server: eager tasks, mail in memory, nothing from outside this machine.

Playwright's synchronous interface keeps an event loop running in the test's thread. Django takes that for
asynchronous code and refuses its ORM there; ``DJANGO_ALLOW_ASYNC_UNSAFE`` says that nothing else shares the
thread.
"""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import sync_playwright

INSTALL = "Chromium is not installed. Debian, Ubuntu: apt-get install chromium"
TABLET = {"width": 820, "height": 1180}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
THIS_MACHINE = {"localhost", "127.0.0.1"}


@pytest.fixture(scope="session")
def chromium():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or pytest.fail(INSTALL)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, live_server):
    """A page on an 820 × 1180 touch screen. The test fails when it asks another machine or a script fails."""
    context = chromium.new_context(
        base_url=live_server.url, viewport=TABLET, has_touch=True, locale="en-GB", timezone_id="Europe/London"
    )
    context.set_default_timeout(10_000)
    asked_outside, script_errors = [], []

    def keep_inside(route):
        if urlsplit(route.request.url).hostname in THIS_MACHINE:
            return route.continue_()
        asked_outside.append(route.request.url)
        return route.abort()

    context.route("**/*", keep_inside)
    context.on("weberror", lambda failed: script_errors.append(str(failed.error)))
    yield context.new_page()
    context.close()
    assert asked_outside == []
    assert script_errors == []


@pytest.fixture
def log_in(page, live_server):
    """Logs a user in without the form."""

    def log_in(user):
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
        )
        return page

    return log_in


@pytest.fixture
def shoot(page, tmp_path):
    """Keeps a screenshot as ``<name>.png`` in the folder ``SCREENSHOTS``, else in a temporary one."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)

    def shoot(name, **options):
        path = folder / f"{name}.png"
        page.screenshot(path=path, **options)
        return path

    return shoot
