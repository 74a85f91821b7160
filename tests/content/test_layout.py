import re

import pytest

from aftercare.content.compiling import Brand, Source, compile_source
from aftercare.content.placeholders import sample_values
from aftercare.content.rendering import render


def mail(brand, locale="en-GB", preheader=""):
    compiled = compile_source(Source("Hello", preheader, "Hello"), brand=brand, locale=locale)
    return render(compiled, sample_values(locale))


@pytest.mark.parametrize(
    ("locale", "advice"),
    [("en-US", "does not take the place of a clinician"), ("es-MX", "No sustituye a un profesional")],
)
def test_page_carries_contacts_and_advice_in_the_patients_language(page_of, brand, locale, advice):
    message = mail(brand, locale)
    clinic = sample_values(locale)["clinic"]

    for shown in (page_of(message.html).text, message.text):
        assert advice in shown
        assert all(clinic[name] in shown for name in ("name", "phone", "out_of_hours", "emergency_number"))


def test_page_links_to_unsubscribe_and_to_the_phones(page_of, brand):
    links = page_of(mail(brand).html).links()

    assert links == ["tel:02079460100", "tel:999", "https://aftercare.example.com/u/sample"]


def test_page_says_its_language_and_is_small_and_loads_nothing(page_of, brand):
    html = mail(brand, "es-ES").html
    page = page_of(html)

    assert ("lang", "es-ES") in page.attributes
    assert ("dir", "ltr") in page.attributes
    assert len(html.encode()) < 60_000
    assert not page.tags.keys() & {"script", "img", "link"}
    assert not re.search(r"url\(|@import", html)


def test_page_hides_the_preheader_above_the_message(page_of, brand):
    html = mail(brand, preheader="A <line> for {{ patient.first_name }}").html

    assert "A &lt;line&gt; for Amara" in html
    assert html.index("display:none") < html.index("A &lt;line&gt;") < html.index('class="words"')


def test_page_shows_the_logo_with_the_clinics_name(page_of):
    page = page_of(mail(Brand('A "B" <c>', "#000000", "https://example.com/logo.png?a=1&b=2")).html)

    assert ("alt", 'A "B" <c>') in page.attributes
    assert ("src", "https://example.com/logo.png?a=1&b=2") in page.attributes


def test_page_shows_the_clinics_name_as_text_without_a_logo(page_of):
    page = page_of(mail(Brand("{{ x }} [[body]] <c>", "#fde047")).html)

    assert "{{ x }} [[body]] <c>" in page.text


def test_page_corrects_a_colour_that_could_not_be_read(brand):
    html = mail(Brand("Clinic", "#fde047")).html

    assert "color:#1f2933" in html.replace(" ", "")
    assert (
        "color:#fde047"
        not in html.replace(" ", "").replace("background-color:#fde047", "").split("@media(prefers")[0]
    )


def test_brand_refuses_a_logo_that_is_no_web_address():
    with pytest.raises(ValueError, match="web address"):
        Brand("Clinic", "#000000", "javascript:alert(1)")


def test_brand_digest_changes_with_the_brand(brand):
    assert brand.digest == Brand(brand.name, brand.colour).digest
    assert brand.digest != Brand(brand.name, "#000000").digest
