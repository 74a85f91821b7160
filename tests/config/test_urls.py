"""Addresses that no room of its own answers."""

import pytest
from django.conf import settings


@pytest.fixture
def logo():
    folder = settings.MEDIA_ROOT / "logos"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "harbour.png"
    path.write_bytes(b"\x89PNG")
    yield path
    path.unlink()


def test_logo_is_served_as_what_it_is(client, logo):
    response = client.get("/media/logos/harbour.png")

    assert b"".join(response.streaming_content) == b"\x89PNG"
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/media/logos/", "/media/logos/../secret_key", "/media/secret_key"])
def test_nothing_but_logos_is_served(client, logo, path):
    assert client.get(path).status_code in {400, 404}


def test_first_page_leads_to_the_console(client):
    assert client.get("/").url == "/admin/"
