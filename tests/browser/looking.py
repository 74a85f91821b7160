"""What a browser finds wrong with a page as it stands."""

from axe_playwright_python.sync_playwright import Axe

GRAVE = ("serious", "critical")
#: What still fades or slides is at its end at once: half a colour is no colour that anybody chose.
END_TRANSITIONS = """() => document.getAnimations()
  .filter(one => one.effect?.getComputedTiming().endTime !== Infinity).forEach(one => one.finish())"""


def grave(page):
    """What axe finds serious or critical: the rule and the piece of the page."""
    page.evaluate(END_TRANSITIONS)
    found = Axe().run(page).response["violations"]
    return [(one["id"], node["html"]) for one in found if one["impact"] in GRAVE for node in one["nodes"]]


def fits(page, width):
    """Whether nothing stands out of a screen of so many pixels."""
    page.set_viewport_size({"width": width, "height": 1000})
    return page.evaluate("document.documentElement.scrollWidth") <= width
