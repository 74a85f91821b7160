"""Reading pages whose phone numbers are links."""

import re


def without_links(html):
    """The page with the words of its links alone, as a reader sees a sentence."""
    return re.sub(r"</?a\b[^>]*>", "", html)
