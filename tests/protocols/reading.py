"""Shipped texts as a patient reads them: filled with sample values, without markup."""

import re
from itertools import product
from pathlib import Path

import nltk  # type: ignore[import-untyped]
import textstat
from liquid import Environment, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token

from aftercare.content.placeholders import Values, sample_values
from aftercare.protocols.library import ShippedStep, load

STEPS = load("microneedling").steps
LOCALES = {"en": ("en-GB", "en-US"), "es": ("es-ES", "es-MX")}
TEXTS = [(step, language) for step in STEPS for language in LOCALES]
TEXT_IDS = [f"{step.slug}-{language}" for step, language in TEXTS]

_BLOCK = re.compile(r"{%\s*(if|case|endif|endcase)\b.*?%}", re.DOTALL)
_PATHS = re.compile(r"\b(?:clinic|patient|practitioner|treatment|from)\.\w+")
_LIQUID = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)
_DECIMAL = re.compile(r"(?<=\d)[.,](?=\d)")

# textstat counts English syllables by the CMU dictionary, which it would fetch from the network: it finds
# the words of the shipped texts here. It estimates words that are not listed.
nltk.data.path.insert(0, str(Path(__file__).parent / "nltk_data"))


def paths_in(source: str) -> set[str]:
    """Every placeholder a text prints or asks about."""
    return {path for tag in _LIQUID.findall(source) for path in _PATHS.findall(tag)}


def outside_conditions(source: str) -> str:
    """What every patient gets, whatever the session was: the source without its conditional parts."""
    kept, depth, end = [], 0, 0
    for tag in _BLOCK.finditer(source):
        if depth == 0:
            kept.append(source[end : tag.start()])
        depth += -1 if tag[1].startswith("end") else 1
        end = tag.end()
    return "".join([*kept, source[end:]])


def without_rules(locale: str) -> Values:
    """The sample session of a clinic that has set no waiting times, gave no product and planned no visit."""
    values = sample_values(locale)
    values["from"] = dict.fromkeys(values["from"], "")
    values["treatment"] |= {"products": "", "has_products": False, "next_visit": ""}
    return values


def sessions(language: str) -> list[Values]:
    """Sample sessions that between them take every branch of the shipped texts."""
    found = []
    for locale, band, face in product(LOCALES[language], ("light", "medium", "deep"), (True, False)):
        for values in (sample_values(locale), without_rules(locale)):
            values["treatment"] |= {"depth_band": band, "face": face}
            found.append(values)
    return found


def blocks(source: str, values: Values) -> list[str]:
    """The paragraphs, headings and list items of a filled text, in order."""
    filled = Environment(undefined=StrictUndefined).from_string(source).render(**values)
    inlines = [token.children or [] for token in MarkdownIt().parse(filled) if token.type == "inline"]
    return ["".join(_words(child) for child in children) for children in inlines]


def _words(token: Token) -> str:
    return " " if token.type == "softbreak" else token.content if token.type == "text" else ""


def plain(source: str, values: Values) -> str:
    """For measuring: each block ends its last sentence, and a decimal point ends none."""
    words = (_DECIMAL.sub("", block).rstrip(" :") for block in blocks(source, values))
    return "\n".join(block if block.endswith((".", "?", "!")) else f"{block}." for block in words)


def words_without_syllables() -> set[str]:
    """English words whose syllables textstat has to estimate."""
    used = {
        word.strip("“”'")
        for step in STEPS
        for values in sessions("en")
        for word in re.findall(r"[a-z'-]+", plain(step.texts["en"].body, values).lower())
    }
    return used - set(nltk.corpus.cmudict.dict())


def hardest_english_grade(step: ShippedStep) -> float:
    """The highest Flesch-Kincaid grade over all sample sessions."""
    textstat.set_lang("en_US")
    return max(
        textstat.flesch_kincaid_grade(plain(step.texts["en"].body, values)) for values in sessions("en")
    )


def hardest_spanish_score(step: ShippedStep) -> float:
    """The lowest Fernández Huerta score over all sample sessions: 70 and more is a sixth-grade level."""
    textstat.set_lang("es")
    return min(textstat.fernandez_huerta(plain(step.texts["es"].body, values)) for values in sessions("es"))
