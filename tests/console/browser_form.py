"""What a browser would send of a console's form, as it stands on the page."""

from html.parser import HTMLParser


class _Form(HTMLParser):
    """The controls of the form whose id ends in ``_form``."""

    def __init__(self):
        super().__init__()
        self.fields = {}
        self._inside = self._select = self._area = None
        self._multiple = False

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self._inside = (given.get("id") or "").endswith("_form")
        elif not self._inside or "disabled" in given:
            return
        elif tag == "input":
            self._input(given)
        elif tag == "select":
            self._select, self._multiple = given.get("name"), "multiple" in given
        elif tag == "option" and self._select and ("selected" in given):
            self.fields.setdefault(self._select, []).append(given.get("value", ""))
        elif tag == "textarea":
            self._area = given.get("name")
            self.fields[self._area] = [""]

    def handle_endtag(self, tag):
        if tag == "form":
            self._inside = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data):
        if self._area:
            self.fields[self._area] = [self.fields[self._area][0] + data.removeprefix("\n")]

    def _input(self, given):
        kind, name = given.get("type", "text"), given.get("name")
        if not name or kind in ("submit", "file", "button"):
            return
        if kind in ("checkbox", "radio") and "checked" not in given:
            return
        self.fields.setdefault(name, []).append(given.get("value", "on" if kind == "checkbox" else ""))


def as_browser(answer):
    """The fields of the page's form, each with the values it would be sent with."""
    parser = _Form()
    parser.feed(answer.content.decode())
    return {name: values for name, values in parser.fields.items() if "__prefix__" not in name}
