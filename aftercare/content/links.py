"""Where a link may go, and how a placeholder becomes part of its address."""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from aftercare.content.ledger import Ledger

SCHEMES = ("http", "https", "mailto", "tel")
_FILTER = {"http": "url_part", "https": "url_part", "mailto": "mailbox", "tel": "dialled"}


def link_target(address: str, ledger: Ledger) -> tuple[dict[str, str], tuple[str, str] | None]:
    """``href`` for HTML and ``shown`` for plain text; or the message and the hint of a problem."""
    if ledger.tag.search(address):
        hint = _("Put a whole link into each branch of the condition.")
        return {}, (_("A condition cannot stand inside a link's address."), hint)
    scheme = address.partition(":")[0].lower()
    if scheme not in SCHEMES:
        message = _("This link does not lead anywhere: %(address)s") % {
            "address": ledger.any.sub("…", address)
        }
        return {}, (message, _("Start it with https://, mailto: or tel:"))
    if scheme in ("http", "https") and (
        not urlsplit(address).netloc or ledger.any.search(urlsplit(address).netloc)
    ):
        hint = _("Write the name of the website itself; placeholders may follow after it.")
        return {}, (_("A link must name its website."), hint)
    return {
        "href": ledger.filtered(address, _FILTER[scheme], ""),
        "shown": _shown(address, scheme, ledger),
    }, None


def _shown(address: str, scheme: str, ledger: Ledger) -> str:
    """A number or a mailbox is read without its scheme; a web address as it is opened."""
    if scheme in ("tel", "mailto"):
        return address.partition(":")[2]
    return ledger.filtered(address, _FILTER[scheme], _FILTER[scheme])
