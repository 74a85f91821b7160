def test_text_underlines_headings_and_indents_nested_lists(text_of):
    body = "# Title\n\n## Part\n\nWords\n\n1. one\n   - inner\n   - other\n2. two\n\nEnd\\\nof it"

    assert text_of(body) == (
        "Title\n=====\n\nPart\n----\n\nWords\n\n1. one\n   - inner\n   - other\n2. two\n\nEnd\nof it"
    )


def test_text_writes_a_link_with_its_address(text_of):
    assert text_of("[Our page](https://example.com/a)") == "Our page: https://example.com/a"


def test_text_writes_a_phone_link_as_people_read_it(text_of):
    assert text_of("[Call us](tel:{{ clinic.phone }})") == "Call us: 020 7946 0100"


def test_text_writes_a_link_once_if_its_words_are_the_address(text_of):
    assert text_of("[{{ clinic.phone }}](tel:{{ clinic.phone }})") == "020 7946 0100"


def test_text_marks_a_quote_on_every_block(text_of):
    assert text_of("> **Now**\n>\n> - call\n> - wait\n\nAfter") == "> Now\n\n> - call\n> - wait\n\nAfter"


def test_text_keeps_paragraphs_of_a_list_item_below_it(text_of):
    assert text_of("- one\n\n  more\n\n- two") == "- one\n\n  more\n- two"


def test_text_writes_a_rule_and_a_heading_inside_an_item(text_of):
    assert text_of("- # Big\n\n---") == "-\n  Big\n  ===\n\n--------------------"


def test_text_joins_conditional_items_into_the_list(text_of):
    body = "- a\n{% if treatment.face %}\n- b\n{% else %}\n- c\n{% endif %}\n- d"

    assert text_of(body, {"treatment.face": False}) == "- a\n- c\n- d"
