"""A text filled without Liquid is, character for character, what Liquid makes of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.content import rendering
from aftercare.content.liquid import parse
from aftercare.content.placeholders import PLACEHOLDERS, Kind
from aftercare.content.segments import printable
from aftercare.content.skeletons import MARK, Filler, is_run_of_words

SOURCE = """<p>Hello {{ patient.first_name }},</p>  <p>{{ treatment.recovery_note }}</p>
{% if from.heat != "" %}<li>No heat until {{ from.heat }}  {{ clinic.name | upcase }}.</li>{% endif %}
{% if treatment.depth_band == "deep" %}deep{% elsif treatment.depth_band == "light" %}x{% else %}-{% endif %}
{{ "{" }} {{ '<b> {{' | upcase }}
{% unless treatment.products %}<li> {{ treatment.products }} </li>{% endunless %}
{% if treatment.face and from.sun_note != "" or treatment.areas contains clinic.name %}face{% endif %}
<p>{{ patient.first_name | default: 'you  two' }}</p> {{ links.unsubscribe | web_address }}
--
{{ clinic.name }}
{% case treatment.variant %}{% when "standard" %}one{% when "rf" %}two{% endcase %}
{% if patient.first_name == clinic.name %}same{% endif %}


{{ treatment.next_visit }}

"""
SOURCE = SOURCE.replace("from.sun_note", "from.sunscreen")
WORDS = st.text(st.sampled_from("aé <>&\"'-\n\t{}%|"), max_size=9) | st.sampled_from(
    ["", " ", "--", "-", "Ana"]
)


def values_of(words):
    """Values for every placeholder, drawn from ``words``."""

    def build(drawn):
        values = {"links": {"unsubscribe": "https://example.com/u?a=1&b='2'"}}
        for path, value in zip(PLACEHOLDERS, drawn, strict=True):
            room, _dot, name = path.partition(".")
            values.setdefault(room, {})[name] = value
        return values

    one = [
        st.booleans() if each.kind is Kind.FLAG else choices(each, words) for each in PLACEHOLDERS.values()
    ]
    return st.tuples(*one).map(build)


def choices(placeholder, words):
    if placeholder.kind is Kind.FLAG:
        return st.booleans()
    return st.sampled_from(sorted(placeholder.choices)) if placeholder.choices else words


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize("tidy", ["_one_line", "_without_empty", "_tidy"])
@given(values=values_of(WORDS))
def test_filled_text_is_what_liquid_renders_and_tidying_leaves(html, tidy, values):
    tidied = getattr(rendering, tidy)
    filler = Filler(SOURCE, html=html, tidy=tidied)

    for _again in range(2):
        assert filler.fill(values) == tidied(parse(SOURCE, html=html).render(values))


@given(st.lists(values_of(st.sampled_from(["Ana", "Ben Oz", "-", ""])), min_size=2, max_size=4))
def test_one_filler_serves_messages_that_decide_otherwise(many):
    filler = Filler(SOURCE, html=True, tidy=rendering._without_empty)

    for values in many:
        assert filler.fill(values) == rendering._without_empty(parse(SOURCE, html=True).render(values))


def test_messages_that_decide_alike_are_decided_once(monkeypatch):
    filler = Filler("{% if patient.first_name %}Hi {{ patient.first_name }}{% endif %}", html=False, tidy=str)
    filler.fill({"patient": {"first_name": "Ana"}})
    monkeypatch.setattr(filler, "_skeleton", None)

    assert filler.fill({"patient": {"first_name": "Ben"}}) == "Hi Ben"


@pytest.mark.parametrize("value", ["", " ", "a  b", "a\nb", " a", "a ", "--", "-", "a\tb"])
def test_value_that_tidying_may_touch_is_no_run_of_words(value):
    assert not is_run_of_words(value)


@pytest.mark.parametrize("value", ["Ana", "Ana María", "020 7946 0100", "- Ana", "&lt;b&gt;"])
def test_common_value_is_a_run_of_words(value):
    assert is_run_of_words(value)


def test_mark_cannot_be_written_by_anybody():

    assert printable(MARK) == ""
    assert not re.search(MARK, SOURCE)
