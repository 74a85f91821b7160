import itertools
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftercare.content.compiling import Brand, Source, compile_source, digest_of
from aftercare.content.problems import ContentError

FLAGS = ("treatment.face", "treatment.has_products")
YES, END = "{% if treatment.face %}", "{% endif %}"
PIECES = [
    YES, "{% if treatment.has_products %}", "{% else %}", END, f"{YES}\n- b\n{END}", f"{YES}\n\n> b\n\n{END}",
    f"{YES}\n1. b\n{{% else %}}\nb\n{END}", f"- {YES}x{END}", f"**{YES}a{{% else %}}b{END}**",
    f"  {YES}\n  y\n  {END}", "- item", "1. first", "  - nested", "> quoted", "## Heading", "", "*", "---",
    "words **bold** {{ patient.first_name }}", "`{`", "{", "[a](tel:{{ clinic.phone }})", "  more",
]  # fmt: skip


def every_answer():
    return [dict(zip(FLAGS, answers, strict=True)) for answers in itertools.product((True, False), repeat=2)]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("\n".join))
def test_compile_source_gives_whole_html_in_every_branch_or_refuses(rendered_of, page_of, body):
    try:
        pages = [page_of(rendered_of(body, answers).html) for answers in every_answer()]
    except ContentError as refused:
        assert refused.problems[0].message  # noqa: PT017
    else:
        assert [page.faults for page in pages] == [[]] * 4


@pytest.mark.parametrize(
    "body",
    [
        "{% if treatment.face %}One\n\nTwo{% endif %}",
        "- one {% if treatment.face %}\n- two{% endif %}",
        "**{% if treatment.face %}bold** plain{% endif %}",
        "> {% if treatment.face %}\n\nafter\n\n{% endif %}",
        "[a {% if treatment.face %}b](tel:1){% endif %}",
        "# {% if treatment.face %}Heading\n\nBody {% endif %}",
    ],
)
def test_compile_source_refuses_a_condition_that_cuts_through_elements(compiled_of, body):
    with pytest.raises(ContentError, match="starts in one paragraph"):
        compiled_of(body)


def test_compile_source_says_where_a_condition_cuts(compiled_of):
    with pytest.raises(ContentError) as refused:
        compiled_of("Hello\n\n- one {% if treatment.face %}\n- two{% endif %}")

    assert (refused.value.problems[0].line, refused.value.problems[0].column) == (3, 7)


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("Hello\n{% if treatment.face %}\nface\n{% endif %}\nbye", "<p>Hello</p><p>face</p><p>bye</p>"),
        ("- a\n{% if treatment.face %}\n- b\n{% endif %}\n- c", "<ul><li>a</li><li>b</li><li>c</li></ul>"),
        ("- {% if treatment.face %}a{% endif %}\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("{% if treatment.face %}a{% endif %}\n\nb", "<p>a</p><p>b</p>"),
        ("**{% if treatment.face %}a{% endif %}**", "<p><strong>a</strong></p>"),
        (
            "- **A:** {% if treatment.face %}b{% else %}c{% endif %}",
            "<ul><li><strong>A:</strong> b</li></ul>",
        ),
        ("- **A:**{% if treatment.face %} b{% endif %}", "<ul><li><strong>A:</strong> b</li></ul>"),
        ("> {% if treatment.face %}\n> a\n> {% endif %}", "<blockquote><p>a</p></blockquote>"),
        ("{% comment %}\nnote\n{% endcomment %}\nb", "<p>b</p>"),
        ("{% case treatment.variant %}\n{% when 'standard' %}\na\n{% else %}\nb\n{% endcase %}", "<p>a</p>"),
        ("3. c\n4. d", '<ol start="3"><li>c</li><li>d</li></ol>'),
        ("#### Small", "<h3>Small</h3>"),
    ],
)
def test_compile_source_places_conditions_as_their_author_means_them(rendered_of, body, html):
    assert words_of(rendered_of(body, {"treatment.face": True})) == html


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("- a\n{% if treatment.face %}\n- b\n{% endif %}\n- c", "<ul><li>a</li><li>c</li></ul>"),
        ("- {% if treatment.face %}a{% endif %}\n- b", "<ul><li>b</li></ul>"),
        ("x\n\n- {% if treatment.face %}a{% endif %}", "<p>x</p>"),
        ("**{% if treatment.face %}a{% endif %}**\n\nb", "<p>b</p>"),
    ],
)
def test_compile_source_leaves_nothing_of_a_branch_not_taken(rendered_of, body, html):
    assert words_of(rendered_of(body, {"treatment.face": False})) == html


def words_of(message):
    """The body's HTML without styles and line ends."""
    inside = re.search(r'class="words".*?<div[^>]*>(.*?)</div>', message.html, re.DOTALL)[1]
    return re.sub(r"\n\s*", "", re.sub(r' style="[^"]*"', "", inside))


@pytest.mark.parametrize(
    "written",
    [
        r"\{\{ clinic.name \}\}",
        "&#123;&#123; clinic.name }}",
        r"\{\% if x \%}",
        "*{*{ 'x' }}",
        "{ {",
    ],
)
def test_compile_source_never_makes_liquid_of_escaped_braces(rendered_of, page_of, written):
    message = rendered_of(f"{written} {{{{ clinic.phone }}}}")

    assert "{" in page_of(message.html).text
    assert "{" in message.text
    assert "020 7946 0100" in message.text


@pytest.mark.parametrize(
    "html", ["<script>alert(1)</script>", "<img src=x onerror=y>", "<b>", "<!-- x -->", "<a href=x>"]
)
def test_compile_source_shows_html_as_words(rendered_of, page_of, html):
    page = page_of(rendered_of(f"a {html} b").html)

    assert html in page.text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[a](ftp://example.com)", "does not lead anywhere"),
        ("[a](page)", "does not lead anywhere"),
        ("[a]({{ clinic.phone }})", "does not lead anywhere"),
        ("[a](https://{{ clinic.name }}/x)", "must name its website"),
        ("[a](tel:{% if treatment.face %}1{% endif %})", "cannot stand inside a link"),
        ("![a](https://example.com/x.png)", "Pictures"),
        (">" * 14 + " deep", "nested too deeply"),
        ("{{ patient.name }}", "no placeholder"),
        ('[a](https://example.com "{{ clinic.name }}")', "has no place"),
        ("a{% endif %}", "closes nothing"),
    ],
)
def test_compile_source_refuses_what_it_cannot_send(compiled_of, body, message):
    with pytest.raises(ContentError, match=message):
        compiled_of(body)


def test_compile_source_leaves_a_script_link_as_words(rendered_of, page_of):
    page = page_of(rendered_of("[a](javascript:alert(1))").html)

    assert not [link for link in page.links() if not link.startswith(("tel:", "https:"))]


def test_compile_source_names_the_field_of_each_problem(brand):
    with pytest.raises(ContentError) as refused:
        compile_source(Source("{{ a.b }}", "{{ c.d }}", "{{ e.f }}"), brand=brand, locale="en-GB")

    assert [problem.field for problem in refused.value.problems] == ["subject", "preheader", "body"]


def test_compile_source_gives_a_digest_of_all_three_forms(compiled_of):
    compiled = compiled_of("Hello")

    assert compiled.digest == digest_of(compiled.subject, compiled.html, compiled.text)
    assert compiled.digest != compiled_of("Hello!").digest


@pytest.mark.parametrize(
    "body",
    [
        "*a **a " * 2_800,
        "[" * 20_000,
        ">" * 20_000,
        "![a" * 6_600,
        "{% if treatment.face %}a{% endif %}" * 240,
        "# a\n" * 5_000,
    ],
)
def test_compile_source_of_hostile_markdown_ends_soon(compiled_of, body):
    started = time.process_time()
    try:
        compiled_of(body)
    except ContentError as refused:
        assert refused.problems  # noqa: PT017
    assert time.process_time() - started < 10  # quadratic time would be minutes


def test_brand_refuses_what_is_no_colour():
    with pytest.raises(ValueError, match="colour"):
        Brand("Clinic", "red; x")
