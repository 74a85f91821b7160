"""Only the words of a mail, whatever stands around them."""

from aftercare.content.excerpt import words_of


def test_words_come_without_the_layout_and_its_styles(rendered_of):
    html = rendered_of(
        "# Hello {{ patient.first_name }}\n\n> **Call** [us](tel:1)\n\n- one\n- two & three\n"
    ).html

    assert words_of(html).replace("\n", "") == (
        "<h1>Hello Amara</h1><blockquote><p><strong>Call</strong> "
        '<a href="tel:1">us</a></p></blockquote><ul><li>one</li><li>two &amp; three</li></ul>'
    )


def test_what_a_value_says_stays_a_text(rendered_of):
    words = words_of(
        rendered_of("{{ patient.first_name }}", {"patient.first_name": "<b onclick=x>Ana</b>"}).html
    )

    assert words == "<p>&lt;b onclick=x&gt;Ana&lt;/b&gt;</p>"


def test_page_without_a_cell_for_the_message_has_no_words():
    assert words_of("<p class='other'>Hello</p>") == ""


def test_words_after_the_cell_are_left_out():
    assert words_of('<td class="a words"><div>In<br>side</div></td><td><p>Out</p></td>') == "In<br>side"
