"""Writes every shipped message as HTML, to be checked: ``python -m tests.shipped_mails FOLDER``."""

import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from aftercare.checkins.reminder_texts import shipped_text  # noqa: E402
from aftercare.content.compiling import Brand, Source, compile_source  # noqa: E402
from aftercare.content.placeholders import sample_values  # noqa: E402
from aftercare.content.rendering import render  # noqa: E402
from aftercare.content.shipping import text_in  # noqa: E402
from aftercare.lots.shipped_text import SHIPPED  # noqa: E402
from tests.protocols.reading import LOCALES, TEXTS  # noqa: E402

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
mails = [("reminder", language, shipped_text(language), True) for language in LOCALES]
mails += [("lot", language, text_in(SHIPPED, language), False) for language in LOCALES]
for step, language in TEXTS:
    text = step.texts[language]
    source = Source(text.subject, text.preheader, text.body)
    mails.append((step.slug, language, source, step.asks_check_in))
for slug, language, source, asks in mails:
    locale = LOCALES[language][0]
    compiled = compile_source(source, brand=Brand("Harbour Clinic", "#0f766e", asks=asks), locale=locale)
    (folder / f"{slug}-{language}.html").write_text(render(compiled, sample_values(locale)).html)
