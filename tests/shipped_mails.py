"""Writes every shipped message as HTML, to be checked: ``python -m tests.shipped_mails FOLDER``."""

import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from aftercare.content.compiling import Brand, Source, compile_source  # noqa: E402
from aftercare.content.placeholders import sample_values  # noqa: E402
from aftercare.content.rendering import render  # noqa: E402
from tests.protocols.reading import LOCALES, TEXTS  # noqa: E402

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for step, language in TEXTS:
    text, locale = step.texts[language], LOCALES[language][0]
    source = Source(text.subject, text.preheader, text.body)
    compiled = compile_source(source, brand=Brand("Harbour Clinic", "#0f766e"), locale=locale)
    (folder / f"{step.slug}-{language}.html").write_text(render(compiled, sample_values(locale)).html)
