"""Photos after a check-in: what is taken, what is refused, and who sees them."""

import re
import zlib
from io import BytesIO
from pathlib import Path
from struct import pack
from zipfile import ZipFile

import pillow_heif
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from aftercare.checkins import photos
from aftercare.checkins.models import CheckIn, CheckInPhoto, Concern
from aftercare.clinics.models import Role
from aftercare.pages import check_in_photos
from tests import factories

pytestmark = pytest.mark.django_db
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.PHOTO_ROOT = tmp_path / "photos"
    return settings.PHOTO_ROOT


@pytest.fixture
def answered(visitor):
    visitor.send_all(infection="yes")
    return visitor


def picture(form="JPEG", size=(60, 40), **options):
    out = BytesIO()
    Image.new("RGB", size, "#c04040").save(out, form, **options)
    return out.getvalue()


def heic():
    out = BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), "#c04040")).save(out, format="HEIF")
    return out.getvalue()


def archive():
    out = BytesIO()
    with ZipFile(out, "w") as packed:
        packed.writestr("a.txt", "a" * 1000)
    return out.getvalue()


def bomb():
    """A PNG of some kilobytes that says it is 30,000 pixels wide and high."""

    def chunk(name, data):
        return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")


def send(visitor, *files):
    uploads = [SimpleUploadedFile(f"{n}.jpg", data, "image/jpeg") for n, data in enumerate(files)]
    return visitor.client.post(f"{visitor.path}photos/", {"photo": uploads}, follow=True)


@pytest.mark.parametrize("make", [picture, lambda: picture("PNG"), heic])
def test_photo_is_drawn_anew_as_jpeg(answered, folder, make):
    page = send(answered, make())

    assert "Photos received: 1" in page.content.decode()
    kept = Image.open(folder / CheckInPhoto.objects.get().name)
    assert kept.format == "JPEG"


def test_metadata_is_gone_and_the_picture_upright(answered, folder):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Somebody's phone"  # turned by 90 degrees; the maker
    exif.get_ifd(0x8825)[1] = "N"

    send(answered, picture(exif=exif))

    kept = Image.open(folder / CheckInPhoto.objects.get().name)
    assert kept.size == (40, 60)
    assert not kept.getexif()
    assert b"Somebody" not in (folder / CheckInPhoto.objects.get().name).read_bytes()


def test_large_photo_is_made_smaller(answered):
    send(answered, picture(size=(4000, 1000)))

    assert (CheckInPhoto.objects.get().width, CheckInPhoto.objects.get().height) == (2048, 512)


@pytest.mark.any_database
@pytest.mark.parametrize(
    "data",
    [archive(), SVG, b"", b"GIF89a" + b"\0" * 50, picture()[:200], picture("GIF")],
    ids=["archive", "drawing", "empty", "half a GIF", "half a JPEG", "a whole GIF"],
)
def test_file_that_is_no_photo_is_refused(answered, folder, data):
    page = send(answered, data or b" ")

    assert page.status_code == 422
    assert "no photo that we can read" in page.content.decode()
    assert not list(Path(folder).glob("*"))


def test_decompression_bomb_is_refused_before_it_is_unpacked(answered):
    page = send(answered, bomb())

    shown = page.content.decode()
    assert "This picture has too many points. Pictures of up to 60 megapixels are taken" in shown
    assert "too big" not in shown
    assert not CheckInPhoto.objects.exists()


def test_each_of_several_refused_files_is_named(answered):
    shown = send(answered, bomb(), archive()).content.decode()

    assert "<p><bdi>0.jpg</bdi>: This picture has too many points." in shown
    assert "<p><bdi>1.jpg</bdi>: This file is no photo" in shown


def test_more_than_four_photos_can_be_is_refused_whole(answered, monkeypatch):
    monkeypatch.setattr(check_in_photos, "LARGEST_POST", 200)

    page = send(answered, picture(), picture())

    assert page.status_code == 422
    assert page.content.decode().count("Photos of up to 12 MB") == 1
    assert not CheckInPhoto.objects.exists()


def test_one_photo_beyond_the_size_is_refused(answered, monkeypatch):
    monkeypatch.setattr(photos, "LARGEST_BYTES", 100)

    assert send(answered, picture()).status_code == 422


def test_four_photos_are_taken_and_no_fifth(answered):
    page = send(answered, *[picture()] * 5)

    assert page.status_code == 422
    assert CheckInPhoto.objects.count() == 4
    assert "as many photos as it takes" in answered.get().content.decode()


def test_good_photos_are_kept_and_each_bad_file_is_named(answered):
    page = send(answered, archive(), picture(), SVG, picture("PNG")).content.decode()

    assert CheckInPhoto.objects.count() == 2
    assert "Photos received: 2" in page
    assert [f"<bdi>{name}.jpg</bdi>: This file is no photo" in page for name in range(4)] == [
        True, False, True, False,
    ]  # fmt: skip


def test_page_after_a_refused_photo_takes_the_next_and_lets_the_patient_answer_again(answered):
    page = send(answered, archive()).content.decode()

    assert re.findall(r'<form method="post" action="(.*?)"', page) == [
        f"{answered.path}photos/#photos",
        answered.path,
    ]


def test_each_photo_beyond_the_fourth_is_named(answered):
    page = send(answered, *[picture()] * 6).content.decode()

    assert [f"<bdi>{name}.jpg</bdi>: The clinic has as many" in page for name in range(6)] == [False] * 4 + [
        True
    ] * 2


def test_name_of_a_refused_file_is_shown_as_text_only(answered):
    file = SimpleUploadedFile("<img src=x>.jpg", b"no photo", "image/jpeg")

    page = answered.client.post(f"{answered.path}photos/", {"photo": [file]})

    assert "&lt;img src=x&gt;.jpg" in page.content.decode()
    assert "<img src=x>" not in page.content.decode()


def test_photo_changes_no_level_and_closes_nothing(answered):
    send(answered, picture())

    assert CheckIn.objects.get().level == "a"
    assert Concern.objects.get().closed_at is None


def test_photo_without_a_finished_check_in_is_not_kept(visitor):
    send(visitor, picture())

    assert not CheckInPhoto.objects.exists()


def test_only_the_clinics_people_see_a_photo(answered, client, asking):
    send(answered, picture())
    photo = CheckInPhoto.objects.get()
    url = reverse("admin:checkins_checkin_photo", args=[photo.check_in_id, photo.pk])

    assert client.get(url).status_code == 302
    client.force_login(factories.user(factories.clinic(), Role.OWNER))
    assert client.get(url).status_code == 404
    client.force_login(factories.user(asking.clinic, Role.STAFF))
    page = client.get(url)

    assert page["Content-Type"] == "image/jpeg"
    assert "no-store" in page["Cache-Control"]
    assert "sandbox" in page["Content-Security-Policy"]
    assert Image.open(BytesIO(b"".join(page.streaming_content))).format == "JPEG"


def test_page_after_photos_opens_where_they_are_spoken_of(answered):
    sent = answered.client.post(
        f"{answered.path}photos/", {"photo": SimpleUploadedFile("0.jpg", picture(), "image/jpeg")}
    )
    page = answered.get().content.decode()

    assert sent["Location"] == "../#photos"
    assert 'photos/#photos"' in page
    assert page.index('<div id="photos" tabindex="-1">') < page.index("Photos received: 1")
