from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

from aftercare.outbox.links import SIGNED_ID
from aftercare.pages.check_in import check_in_page
from aftercare.pages.check_in_number import number_page
from aftercare.pages.check_in_photos import photos_page
from aftercare.pages.opening import stray_link
from aftercare.pages.reading import calendar_file, reading_page
from aftercare.pages.unsubscribe import unsubscribe_page


class TokenConverter(StringConverter):
    """What stands in a link for a message; whatever else does is a stray link."""

    regex = SIGNED_ID


register_converter(TokenConverter, "token")

app_name = "pages"
urlpatterns = [
    path("c/<token:token>/", check_in_page, name="check_in"),
    path("c/<token:token>/number/", number_page, name="check_in_number"),
    path("c/<token:token>/photos/", photos_page, name="check_in_photos"),
    path("m/<token:token>/", reading_page, name="reading"),
    path("m/<token:token>/dates.ics", calendar_file, name="calendar"),
    path("u/<token:token>/", unsubscribe_page, name="unsubscribe"),
    re_path(r"^(?P<kind>[cmu])/(?P<rest>.*)$", stray_link),
]
