"""What the shipped texts must say, must not say, and how hard they are to read."""

import re

import pytest

from aftercare.content.checking import check
from aftercare.content.compiling import Source
from aftercare.content.placeholders import PLACEHOLDERS
from tests.protocols.reading import (
    LOCALES,
    STEPS,
    TEXT_IDS,
    TEXTS,
    blocks,
    hardest_english_grade,
    hardest_spanish_score,
    outside_conditions,
    paths_in,
    sessions,
    words_without_syllables,
)

BY_SLUG = {step.slug: step for step in STEPS}
CRITICAL = [(step, language) for step, language in TEXTS if step.safety_critical]
CRITICAL_IDS = [f"{step.slug}-{language}" for step, language in CRITICAL]
CONTACTS = ("{{ clinic.phone }}", "{{ clinic.out_of_hours }}", "{{ clinic.emergency_number }}")

every_text = pytest.mark.parametrize(("step", "language"), TEXTS, ids=TEXT_IDS)
every_critical_text = pytest.mark.parametrize(("step", "language"), CRITICAL, ids=CRITICAL_IDS)

# In every safety-critical message: the emergencies, the urgent signs, and that nobody reads replies.
ALWAYS = {
    "en": (
        "anaphylaxis",
        "tongue or throat",
        "hard to breathe",
        "adrenaline",
        "Lie flat",
        "38 °C (100.4 °F)",
        "spreads fast",
        "an eye hurts",
        "emergency department",
        "pus",
        "On brown or black skin",
        "immune system is weak",
        "urgent care",
        "This inbox is not watched",
        "We only know how you are if you call us",
        "prescribed",
    ),
    "es": (
        "anafilaxia",
        "la lengua o la garganta",
        "le cuesta respirar",
        "adrenalina",
        "Acuéstese boca arriba",
        "38 °C (100.4 °F)",
        "avanzan rápido",
        "le duele un ojo",
        "urgencias",
        "pus",
        "En la piel morena o negra",
        "defensas bajas",
        "Nadie vigila este buzón",
        "Solo sabremos cómo está si nos llama",
        "recetado",
    ),
}

TOPICS = {
    ("first-night", "en"): (
        "sunburn",
        "Wash your hands",
        "pillowcase",
        "scratch",
        "a hat",
        "SPF 30",
        "hives",
    ),
    ("first-night", "es"): (
        "quemadura de sol",
        "Lávese las manos",
        "almohada",
        "rasque",
        "sombrero",
        "SPF 30",
    ),
    ("day-1", "en"): (
        "cold sore",
        "first 24 hours",
        "first 48 hours",
        "SPF 30",
        "clean pillowcase",
        "a rash",
    ),
    ("day-1", "es"): ("herpes labial", "primeras 24 horas", "primeras 48 horas", "SPF 30", "almohada"),
    ("day-2", "en"): ("Better and then worse", "retinoids", "vitamin C", "Acids", "Do not pick"),
    ("day-2", "es"): ("Mejorar y luego empeorar", "retinoides", "vitamina C", "Ácidos", "No arranque"),
    ("day-3", "en"): (
        "signs of infection",
        "flake",
        "Do not pick",
        "Itchy bumps",
        "within 24 hours",
        "diabetes",
    ),
    ("day-3", "es"): ("señales de infección", "pelarse", "No arranque", "Granitos", "24 horas", "diabetes"),
    ("day-7", "en"): ("one product", "SPF 30", "Itchy bumps".lower(), "dark marks", "within 3 days"),
    ("day-7", "es"): ("un solo producto", "SPF 30", "granitos", "manchas", "próximos 3 días"),
    ("day-21", "en"): ("lump", "itch", "dark marks", "within 24 hours", "within 3 days", "start late"),
    ("day-21", "es"): ("bulto", "pica", "manchas", "24 horas", "3 días", "empiezan tarde"),
    ("day-35", "en"): ("takes months", "photo", "cannot promise", "lump", "This inbox is not watched"),
    ("day-35", "es"): ("en meses", "foto", "no podemos prometer", "bulto", "Nadie vigila este buzón"),
}

RULES = {
    "first-night": {"washing", "makeup", "sunscreen", "exercise", "heat", "swimming", "alcohol", "actives"},
    "day-1": {"washing", "makeup", "sunscreen", "exercise", "heat", "swimming", "alcohol", "actives"},
    "day-2": {"makeup", "sunscreen", "exercise", "heat", "swimming", "actives"},
    "day-3": {"sunscreen", "exercise", "heat", "swimming", "actives"},
    "day-7": {"actives"},
    "day-21": set(),
    "day-35": set(),
}

FORBIDDEN = (
    r"no downtime|sin tiempo de recuperación",
    r"absor(b|p)",  # “better absorption” is a hazard, not a benefit
    r"\bnormal",  # a judgement on one patient
    r"you are (fine|ok)|you're fine|usted está bien|está todo bien|todo va bien",
    r"don.t worry|nothing to worry|no se preocupe",
    r"no news|no need to (call|contact)|no hace falta (que )?llam",
    r"stop taking|deje de tomar|suspenda",
    r"reply to this|responda a este|conteste a este",
    r"\boffers?\b|discount|book (now|your|a)|oferta|descuento|reserve",
    r"hyaluronic|hialurónico",
    r"ibuprofen|ibuprofeno|paracetamol|acetaminophen",
    r"https?:|www\.|\]\(",
)

HEALTH_WORDS = (
    r"skin|needl|treat|heal|infect|symptom|medic|care|clinical|blood|pain|swell|"
    r"piel|aguja|tratamiento|cur|infecc|síntoma|médic|cuidado|sangre|dolor|hincha"
)


@every_text
def test_every_text_has_subject_preheader_and_body(step, language):
    text = step.texts[language]

    assert text.locale_language == language
    assert text.subject.strip()
    assert text.preheader.strip()
    assert text.body.strip()


@every_text
def test_every_text_uses_known_placeholders_only(step, language):
    text = step.texts[language]

    assert paths_in(text.subject + text.preheader + text.body) <= set(PLACEHOLDERS)


@every_text
@pytest.mark.parametrize("region", [0, 1])
def test_every_text_can_be_approved(step, language, region):
    text = step.texts[language]
    source = Source(subject=text.subject, preheader=text.preheader, body=text.body)

    assert check(source, locale=LOCALES[language][region], safety_critical=step.safety_critical) == []


@pytest.mark.parametrize("step", STEPS, ids=BY_SLUG)
def test_both_languages_use_the_same_placeholders(step):
    english, spanish = step.texts["en"], step.texts["es"]

    assert paths_in(english.body) == paths_in(spanish.body)
    assert paths_in(english.subject) == paths_in(spanish.subject)


@pytest.mark.parametrize("step", STEPS, ids=BY_SLUG)
def test_both_languages_have_the_same_shape(step):
    english, spanish = (
        [re.findall(r"^(?:#+|>|- |\d\.|{%)", line) for line in step.texts[language].body.splitlines()]
        for language in LOCALES
    )

    assert english == spanish


@every_text
def test_subject_and_preheader_are_neutral(step, language):
    words = f"{step.texts[language].subject} {step.texts[language].preheader}"

    assert paths_in(words) <= {"clinic.name"}
    assert not re.search(HEALTH_WORDS, words, re.IGNORECASE)


def test_subjects_differ_so_that_messages_do_not_fall_into_one_thread():
    for language in LOCALES:
        assert len({step.texts[language].subject for step in STEPS}) == len(STEPS)


@every_critical_text
def test_safety_critical_text_gives_all_contacts_to_everyone(step, language):
    always = outside_conditions(step.texts[language].body)

    assert [contact for contact in CONTACTS if contact not in always] == []


@every_critical_text
def test_safety_critical_text_says_every_danger_to_everyone(step, language):
    always = outside_conditions(step.texts[language].body)

    assert [words for words in ALWAYS[language] if words not in always] == []


def test_the_box_with_help_is_the_same_in_every_safety_critical_text():
    for language in LOCALES:
        boxes = {
            tuple(line for line in step.texts[language].body.splitlines() if line.startswith(">"))
            for step, its_language in CRITICAL
            if its_language == language
        }
        assert len(boxes) == 1


@pytest.mark.parametrize(("slug", "language"), TOPICS)
def test_step_says_what_it_is_for(slug, language):
    body = BY_SLUG[slug].texts[language].body

    assert [words for words in TOPICS[slug, language] if words not in body] == []


@pytest.mark.parametrize("slug", RULES)
def test_step_gives_the_waiting_times_that_matter_then(slug):
    paths = paths_in(BY_SLUG[slug].texts["en"].body)

    assert {path.removeprefix("from.") for path in paths if path.startswith("from.")} == RULES[slug]


@every_text
@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_text_has_no_forbidden_phrase(step, language, pattern):
    text = step.texts[language]
    words = "\n".join([text.subject, text.preheader, text.body])

    assert not re.search(pattern, words, re.IGNORECASE)


@every_text
def test_deep_needling_gets_the_clinicians_words_instead_of_ours(step, language):
    body = step.texts[language].body
    values = sessions(language)[0]
    values["treatment"] |= {"depth_band": "deep", "recovery_note": "Rest well."}

    ours = re.findall(r'{% (?:els)?if treatment\.depth_band == "(\w+)" %}\n\n(.+?)\n\n{% e', body, re.DOTALL)
    shown = "\n".join(blocks(body, values))

    assert {band for band, _words in ours} <= {"light", "medium"}
    assert [words for _band, words in ours if words in shown] == []
    assert ("Rest well." in shown) == bool(ours)


@every_text
def test_text_reads_whole_whatever_the_session_was(step, language):
    for values in sessions(language):
        _greeting, *rest = blocks(step.texts[language].body, values)
        shown = "\n".join(rest)

        assert not re.search(r"{{|{%|  | [.,:;]|\.\.|: *$|None", shown, re.MULTILINE)


def test_hardly_any_english_word_is_missing_from_the_syllable_list():
    # More than a few: add their lines from the CMU dictionary to nltk_data/corpora/cmudict/cmudict.
    assert len(missing := words_without_syllables()) <= 15, sorted(missing)


@pytest.mark.parametrize("step", STEPS, ids=BY_SLUG)
def test_english_is_at_sixth_grade_level_or_easier(step):
    assert hardest_english_grade(step) <= 6.0


@pytest.mark.parametrize("step", STEPS, ids=BY_SLUG)
def test_spanish_is_fairly_easy_or_easier(step):
    assert hardest_spanish_score(step) >= 70
