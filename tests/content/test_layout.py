import re
from dataclasses import replace

import pytest

from aftercare.content import layout
from aftercare.content.colour import contrast
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


def test_page_links_to_itself_to_the_phones_and_to_unsubscribe(page_of, brand):
    links = page_of(mail(brand).html).links()

    read, leave = "https://aftercare.example.com/m/sample", "https://aftercare.example.com/u/sample"
    assert links == [f"{read}#plan", "tel:02079460100", "tel:999", read, leave]


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


def test_brand_digest_covers_the_layouts_own_code(brand, monkeypatch):
    before = brand.digest
    layout._digest.cache_clear()
    monkeypatch.setattr(layout, "_contact", lambda words, numbers: "<p>other</p>")

    assert brand.digest != before
    layout._digest.cache_clear()


def test_page_has_one_button_and_it_can_be_clicked_in_all_of_its_size(brand):
    html = mail(brand).html

    button = re.search(r'<td[^>]*class="button".*?</table>', html, re.DOTALL)[0]
    assert html.count('class="button"') == 1
    assert "See your dates and messages" in button
    assert 'bgcolor="#0f766e"' in button  # Word knows the cell's colour
    assert "mso-padding-alt: 14px 24px" in button.replace("alt:1", "alt: 1")


@pytest.mark.parametrize(
    "colour", ["#ffffff", "#000000", "#fde047", "#0f766e", "#7f7f7f", "#ff0000", "#1b232c"]
)
def test_page_can_be_read_in_every_colour_light_and_dark(colour):
    colours = layout._colours(Brand("Clinic", colour))

    pairs = [("on_colour", "colour"), ("accent", "card"), ("card", "accent"), ("accent_dark", "dark")]
    assert all(contrast(colours[words], colours[ground]) >= 4.5 for words, ground in pairs)
    assert contrast("#e6ebf0", colours["dark"]) >= 4.5
    assert contrast("#a9b5c1", "#12181f") >= 4.5
    assert contrast("#52606d", "#eef1f4") >= 4.5


def test_page_is_turned_round_for_a_language_that_is_read_from_the_right(page_of, brand):
    source = Source("مرحبا", "", "# مرحبا\n\n> - واحد\n")
    html = compile_source(source, brand=brand, locale="ar").html
    page = page_of(html)

    assert ("lang", "ar") in page.attributes
    assert {value for name, value in page.attributes if name == "dir"} == {"rtl"}
    assert "اتصل بنا" in page.text
    assert "border-right: 5px solid" in html
    assert "padding-right: 24px" in html
    assert "direction:ltr" not in html


def test_plain_text_names_the_plan_and_both_links(brand):
    text = mail(brand).text

    assert "See your dates and messages: https://aftercare.example.com/m/sample\n" in text
    assert "Unsubscribe from these messages: https://aftercare.example.com/u/sample\n" in text


def test_number_in_the_words_can_be_tapped_and_stays_in_one_line(brand):
    body = (
        "Call {{ clinic.phone }} or [ask us](tel:{{ clinic.phone }}).\n\n> Closed: {{ clinic.out_of_hours }}"
    )
    numbers = ("clinic.phone", "clinic.out_of_hours")
    compiled = compile_source(Source("Hi", "", body), brand=replace(brand, numbers=numbers), locale="en-GB")
    message = render(compiled, sample_values("en-GB"))

    words = re.search(r'class="words".*?</div>', message.html, re.DOTALL)[0]
    links = re.findall(r"<a[^>]*>[^<]*</a>", words)
    assert [re.sub(r"<[^>]*>", "", link) for link in links] == [
        "020 7946 0100",
        "ask us",
        "020 7946 0199",
    ]
    assert ["nowrap" in link for link in links] == [True, False, True]
    assert all('href="tel:0207946' in link for link in links)
    assert "Call 020 7946 0100 or ask us: 020 7946 0100." in message.text


def test_out_of_hours_contact_is_a_link_only_where_it_is_a_number(page_of, brand):
    numbers = (*brand.numbers, "clinic.out_of_hours")

    assert "tel:02079460199" in page_of(mail(replace(brand, numbers=numbers)).html).links()
    assert "tel:02079460199" not in page_of(mail(brand).html).links()


def test_way_to_the_questions_stands_right_after_the_warning_box_too(brand):
    body = "> **Get help now**\n\nMuch more.\n\n> Another box"
    compiled = compile_source(Source("Hi", "", body), brand=replace(brand, asks=True), locale="en-GB")
    html = render(compiled, sample_values("en-GB")).html

    after = re.sub(r"<[^>]*>", " ", html.partition("</blockquote>")[2]).split()
    assert after[:5] == ["Answer", "a", "few", "questions", "Much"]
    assert html.count("Answer a few questions") == 2
