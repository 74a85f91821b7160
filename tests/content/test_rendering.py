import re
from collections import Counter

import pytest
from django.utils.safestring import mark_safe
from hypothesis import given
from hypothesis import strategies as st

from aftercare.content.placeholders import sample_values
from aftercare.content.problems import ContentError
from aftercare.content.rendering import paths_of, render
from aftercare.content.segments import printable

BODY = """# For {{ patient.first_name }}

Hello **{{ patient.first_name }}**, [look](https://example.com/?q={{ patient.first_name }})
or [call {{ patient.first_name }}](tel:{{ patient.first_name }}).

- {{ patient.first_name }}
{% if treatment.areas contains patient.first_name %}
- {{ patient.first_name | upcase }}
{% endif %}

> `{{ patient.first_name }}`
"""


def flat(text):
    return " ".join(text.split())


@given(st.text())
def test_render_any_value_stays_text(rendered_of, page_of, value):
    plain_page = page_of(
        rendered_of(BODY, {"patient.first_name": "Ana"}, preheader="{{ patient.first_name }}").html
    )
    message = rendered_of(BODY, {"patient.first_name": value}, preheader="{{ patient.first_name }}")
    page = page_of(message.html)

    assert page.faults == []
    assert page.tags - plain_page.tags <= Counter(li=1)
    assert flat(printable(value)) in flat(page.text)
    assert flat(printable(value)) in flat(message.text)


@pytest.mark.parametrize(
    "value",
    [
        '"><script>alert(1)</script>',
        "<img src=x onerror=alert(1)>",
        "{{ clinic.name }}",
        "{% if x %}",
        "**bold** [a](b)",
    ],
)
def test_render_hostile_values_are_shown_as_they_are(rendered_of, page_of, value):
    message = rendered_of(BODY, {"patient.first_name": value})
    page = page_of(message.html)

    assert value in page.text
    assert value in message.text
    assert "script" not in page.tags
    assert "img" not in page.tags


def test_render_a_value_marked_safe_is_escaped_all_the_same(rendered_of):
    message = rendered_of("{{ clinic.name }}", {"clinic.name": mark_safe("<script>")})

    assert "<script>" not in message.html


def test_render_a_default_with_markup_is_escaped(rendered_of):
    message = rendered_of("{{ treatment.products | default: '<script>' }}", {"treatment.products": ""})

    assert "<script>" not in message.html
    assert "<script>" in message.text


def test_render_fills_links_for_where_they_lead(rendered_of, page_of):
    body = "[a](tel:{{ clinic.phone }}) [b](https://example.com/?q={{ clinic.phone }}) "
    body += "[c](mailto:{{ clinic.phone }})"
    links = page_of(rendered_of(body, {"clinic.phone": '+44 (0)20 7&"'}).html).links()

    assert links[:3] == [
        "tel:+44207",
        "https://example.com/?q=%2B44%20%280%2920%207%26%22",
        "mailto:%2B44%20%280%2920%207%26%22",
    ]


def test_render_subject_is_one_line_whatever_the_value(rendered_of):
    message = rendered_of(
        "x", {"clinic.name": "A\r\nBcc: x@example.com\x00\u2028B"}, subject="From {{ clinic.name }}"
    )

    assert message.subject == "From A Bcc: x@example.com B"


@pytest.mark.parametrize(("products", "said"), [("Calm Gel", True), ("", False)])
def test_render_an_empty_text_counts_as_no(text_of, products, said):
    body = "Hi\n\n{% if treatment.products %}Use {{ treatment.products }}.{% endif %}"

    assert ("Use" in text_of(body, {"treatment.products": products})) is said


@pytest.mark.parametrize(("products", "said"), [("Calm Gel", "with"), ("", "without")])
def test_render_unless_is_the_opposite_of_if(text_of, products, said):
    body = "{% unless treatment.products %}without{% else %}with{% endunless %}"

    assert text_of(body, {"treatment.products": products}) == said


def test_render_text_is_tidy_when_branches_are_not_taken(text_of):
    body = "One {% if treatment.face %}and a half {% endif %} two.\n\n"
    body += "{% if treatment.face %}\nThree.\n{% endif %}\n\nFour."

    assert text_of(body, {"treatment.face": False}) == "One two.\n\nFour."


def test_render_leaves_no_empty_paragraph_for_an_empty_value(rendered_of):
    message = rendered_of("a\n\n{{ treatment.recovery_note }}\n\nb", {"treatment.recovery_note": ""})

    assert not re.search(r"<p\b[^>]*>\s*</p>", message.html)


@pytest.mark.parametrize("path", ["patient.first_name", "links.unsubscribe", "treatment.face"])
def test_render_refuses_a_missing_value_and_names_it(compiled_of, path):
    compiled = compiled_of("{% if treatment.face %}Hi {{ patient.first_name }}{% endif %}")
    values = sample_values("en-GB")
    room, name = path.split(".")
    del values[room][name]

    with pytest.raises(ContentError, match=path):
        render(compiled, values)


def test_render_refuses_an_unsubscribe_link_that_is_no_web_address(rendered_of):
    with pytest.raises(ContentError, match="web address"):
        rendered_of("Hi", {"links.unsubscribe": "javascript:alert(1)"})


def test_render_is_the_same_to_the_byte(compiled_of):
    first, again = compiled_of(BODY), compiled_of(BODY)

    assert first == again
    assert render(first, sample_values("en-GB")) == render(again, sample_values("en-GB"))


def test_paths_of_lists_what_text_and_layout_need(compiled_of):
    paths = paths_of(compiled_of("{% if treatment.face %}x{% endif %}"))

    assert {"treatment.face", "clinic.phone", "links.unsubscribe"} <= set(paths)
    assert "patient.first_name" not in paths
