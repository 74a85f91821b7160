"""What may be seen on a locked phone: subject and preheader say nothing of health.

The lists name stems, not whole words; a clinic's own name is a placeholder and not looked at.
"""

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from aftercare.content.expressions import paths_in
from aftercare.content.liquid import parse
from aftercare.content.problems import Problem
from aftercare.content.wording import language_of

_STEMS = {
    "en": (
        r"treat(ment|ed)|\w*needl|skin|infect|red(ness|der|dish)?\b|swell|swollen|inflam|blister|bleed|blood|bruis|"
        r"burn|pain(s|ful)?\b|sores?\b|itch|rash|scar(s|ring)?\b|acne|wrinkl|pus\b|wound|heal|symptom|diagnos|medic|"
        r"aftercare|procedure|surg(ery|ical)|recover|peel|flak|retino|serum|botox|filler|laser|prp\b|radiofreq|"
        r"inject|allerg|anaphyl|fever|plasma|collagen|derma|cosmetic|aesthetic"
    ),
    "es": (
        r"tratamiento|tratad[ao]|\w*aguja|\w*needl|piel|infec|roj[ao]|rojez|enrojec|hincha|inflama|ampolla|sangr|"
        r"moret|hematoma|quemad|dolor|duele|picor|picaz|comez|sarpull|erupci|cicatri|acn[eé]|arruga|pus\b|herida|"
        r"salud|curaci|s[ií]ntoma|diagn|m[eé]dic|postratamiento|procedimiento|cirug|recupera|exfolia|retino|s[eé]rum|"
        r"b[oó]tox|relleno|l[aá]ser|prp\b|radiofrec|inyecc|alergi|anafila|fiebre|plasma|col[aá]geno|derma|cosm[eé]t|"
        r"est[eé]tic"
    ),
    # With what Arabic writes before a word: “the”, “and”, “with”, “for”.
    "ar": (
        r"[وفبكل]{0,2}(ال|ل)?(علاج|معالج|إبر|وخز|بشر[ةت]|جلد|عدوى|التهاب|احمرار|تورم|بثور|نزيف|دم\b|كدم|حرق|حروق|"
        r"ألم|آلام|حك[ةّ]|طفح|ندب|حب الشباب|تجاعيد|قيح|جرح|جروح|شفاء|صح[ةّي]|أعراض|تشخيص|طب|دواء|أدوية|"
        r"إجراء|جراح|تعافي|تقشير|ريتين|سيروم|بوتوكس|فيلر|ليزر|بلازما|حقن|حساسي|حمى|كولاجين|تجميل)"
    ),
}
_WORDS = {language: re.compile(rf"\b(?:{stems})\w*", re.IGNORECASE) for language, stems in _STEMS.items()}
_PATH = re.compile(r"\b\w+\.\w+")


def indiscretions(words: str, *, field: str, locale: str) -> Iterator[Problem]:
    """Words of health, and placeholders that may say them, in a line that `find_problems` has passed."""
    message = _("The subject and the preheader must say nothing of health: “%(word)s”.")
    hint = _("They can be seen on a locked phone. Write, for example: A note from {{ clinic.name }}")
    for found in _WORDS[language_of(locale)].finditer(_PATH.sub("", words)):
        yield Problem(1, 1, message % {"word": found[0]}, hint, field)
    for path in sorted(paths_in(parse(words, html=False))):
        if path.startswith(("treatment.", "from.")):
            yield Problem(1, 1, message % {"word": "{{ " + path + " }}"}, hint, field)
