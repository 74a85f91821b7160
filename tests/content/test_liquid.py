import time

import pytest

from aftercare.content.liquid import find_problems


@pytest.mark.parametrize(
    "source",
    [
        "Plain words, a { brace } and 100 %}",
        "{{ patient.first_name }}",
        "{{ clinic['name'] }}",
        "{{ treatment.products | default: 'nothing' | capitalize }}",
        "{% if treatment.face and treatment.products != '' or from.makeup %}a{% endif %}",
        "{% if treatment.has_products %}a{% elsif treatment.face %}b{% else %}c{% endif %}",
        "{% unless treatment.has_products %}a{% endunless %}",
        "{% case treatment.depth_band %}{% when 'light', 'medium' %}a{% else %}b{% endcase %}",
        "{% if treatment.areas contains 'face' %}a{% endif %}",
        "{% if treatment.next_visit == blank %}a{% endif %}",
        "{% comment %}{% anything {{ goes {% endcomment %}",
    ],
)
def test_find_problems_passes_what_is_allowed(source):
    assert find_problems(source) == []


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("{{ patient.firstname }}", "no placeholder called “patient.firstname”", "{{ patient.first_name }}"),
        ("{{ patient }}", "no placeholder called “patient”", ""),
        ("{{ clinic.name.size }}", "no placeholder called “clinic.name.size”", "{{ clinic.name }}"),
        ("{{ clinic[patient.first_name] }}", "no placeholder", ""),
        ("{{ links.unsubscribe }}", "no placeholder", ""),
        ("{{ '<b>' }}", "Only a placeholder can stand", "{{ patient.first_name }}"),
        ("{{ 7 }}", "Only a placeholder can stand", ""),
        ("{{ treatment.face }}", "yes or no", "{% if treatment.face %}"),
        ("{{ clinic.name | capitalise }}", "“capitalise” cannot be used", "“capitalize”"),
        ("{{ clinic.name | web_address }}", "“web_address” cannot be used", "default"),
        ("{{ clinic.name | default }}", "not used like this", "default: 'nothing'"),
        ("{{ clinic.name | default: (1..9) }}", "Only placeholders, words in quotes", ""),
        ("{{ clinic.name | }}", "cannot be understood", ""),
        ("{{ }}", "cannot be understood", "{{ patient.first_name }}"),
        ("{clinic.phone}", "needs two braces", "{{ clinic.phone }}"),
        ("{% if treatment.depth_band == 'ligth' %}a{% endif %}", "never “ligth”", "“light”"),
        ("{% case treatment.variant %}{% when 'xyz' %}a{% endcase %}", "never “xyz”", "standard, rf, prp"),
        ("{% if clinic.name > 'a' %}a{% endif %}", "Only placeholders, words in quotes", ""),
        ("{% if 3 == 3 %}a{% endif %}", "Only placeholders, words in quotes", ""),
        ("{% if %}a{% endif %}", "asks nothing", ""),
        ("{% if treatment.face %}a{% endif x %}", "takes nothing", ""),
        ("{% if treatment.face %}a{% else if treatment.face %}b{% endif %}", "written elsif", "elsif"),
        ("{% if treatment.face %}a{% else %}b{% else %}c{% endif %}", "does not belong here", ""),
        ("{% unless treatment.face %}a{% elsif treatment.face %}b{% endunless %}", "does not belong", ""),
        ("{% case treatment.variant %}lost{% when 'rf' %}a{% endcase %}", "never sent", "after"),
        ("{% if treatment.face %}a", "is never closed", "{% endif %}"),
        ("{% if treatment.face %}a{% endunless %}", "closes nothing", "endif"),
        ("a{% endif %}", "closes nothing", ""),
        ("{% iff treatment.face %}a{% endif %}", "cannot be used here", "“if”"),
        ("{% if treatment.face %}" * 6 + "{% endif %}" * 6, "nested too deeply", ""),
    ],
)
def test_find_problems_says_what_is_wrong_and_how_to_mend_it(source, message, hint):
    problem = find_problems(source)[0]

    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    "tag",
    [
        "for i in (1..9)",
        "include 'x'",
        "render 'x'",
        "raw",
        "assign a = 'b'",
        "capture a",
        "liquid",
        "tablerow a in b",
    ],
)
def test_find_problems_refuses_every_other_tag(tag):
    assert "cannot be used here" in find_problems("{% " + tag + " %}")[0].message


def test_find_problems_lists_all_of_them_by_place():
    problems = find_problems("{{ a.b }}\n\n  {{ c.d }} {% endif %}")

    assert [(problem.line, problem.column) for problem in problems] == [(1, 1), (3, 3), (3, 13)]


@pytest.mark.parametrize(
    "source",
    [
        "{{ (1..100000000) | join: ',' }}",
        "{% for i in (1..100000000) reversed %}{{ i }}{% endfor %}",
        "{% assign a = 'x' %}" + "{% assign a = a | append: a %}" * 40,
        "{{ clinic.name | replace: '', clinic.name }}",
        "{{" + " " * 19_000,
        "{% raw %}" * 2_000,
        "{% if treatment.face %}" * 800,
        "{{ clinic" + "[clinic" * 30 + "]" * 30 + " }}",
        "{% if " + " and ".join(["treatment.face"] * 15) + " == (1..9) %}{% endif %}",
        "{% comment %}" * 1_500,
    ],
)
def test_find_problems_refuses_hostile_input_at_once(source):
    started = time.process_time()
    problems = find_problems(source)

    assert problems
    assert time.process_time() - started < 0.5
