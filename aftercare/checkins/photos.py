"""Photos that a patient adds to a check-in: taken in only as a fresh picture of our own making.

What was sent is opened, checked for its size before it is unpacked, turned upright, made smaller and written
anew as JPEG without any metadata; the file as it came is never kept. A photo changes no level and closes
nothing (A38 in the notes of the shipped content: photos find more, and miss as much).
"""

import uuid
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO

import pillow_heif
from django.conf import settings
from django.db import transaction
from PIL import Image, ImageOps

from aftercare.checkins.models import CheckIn, CheckInPhoto
from aftercare.outbox.locking import lock_patients

MOST = 4
LARGEST_BYTES = 12 * 1024 * 1024
LARGEST_PIXELS = 60_000_000
SIDE = 2048
"""Pixels of the longer side as kept."""
QUALITY = 85
FORMATS = ("JPEG", "PNG", "HEIF")

pillow_heif.register_heif_opener()


class PhotoRefused(Exception):
    """This file is not taken; nothing of it was kept."""


class TooBig(PhotoRefused):
    """More bytes than a photo needs."""


class TooManyPoints(PhotoRefused):
    """More pixels than a photo needs, in however few bytes."""


class Unreadable(PhotoRefused):
    """No JPEG, PNG or HEIC picture, or a broken one."""


class Enough(PhotoRefused):
    """The check-in has as many photos as it may."""


def add_photo(check_in: CheckIn, file: IO[bytes], *, size: int, now: datetime) -> CheckInPhoto:
    """Keeps a picture made from the file. Raises a PhotoRefused that says why not."""
    if size > LARGEST_BYTES:
        raise TooBig
    picture, width, height = _drawn_anew(file)
    with transaction.atomic():
        lock_patients([check_in.patient_id])
        if check_in.photos.count() >= MOST:
            raise Enough
        name = f"{uuid.uuid4().hex}.jpg"
        photo = CheckInPhoto.objects.create(
            check_in=check_in, name=name, width=width, height=height, added_at=now
        )
        # Before the commit: a row without its file would be worse than a file without its row.
        _write(path_of(photo), picture)
    return photo


def path_of(photo: CheckInPhoto) -> Path:
    """Where the picture lies: outside of everything that a web server serves by itself."""
    return Path(settings.PHOTO_ROOT) / photo.name


def _write(path: Path, picture: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(picture)
    path.chmod(0o600)


def _drawn_anew(file: IO[bytes]) -> tuple[bytes, int, int]:
    try:
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > LARGEST_PIXELS:
                raise TooManyPoints
            image.draft("RGB", (SIDE, SIDE))
            return _as_jpeg(image)
    except Image.DecompressionBombError as error:
        raise TooManyPoints from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, RuntimeError) as error:
        raise Unreadable from error


def _as_jpeg(image: Image.Image) -> tuple[bytes, int, int]:
    """On a fresh white sheet, so that nothing but the pixels comes along."""
    image.thumbnail((SIDE, SIDE))
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    sheet = Image.new("RGB", upright.size, "white")
    sheet.paste(upright, mask=upright)
    out = BytesIO()
    sheet.save(out, "JPEG", quality=QUALITY)
    return out.getvalue(), sheet.width, sheet.height
