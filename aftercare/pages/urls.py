from django.urls import path

from aftercare.pages.check_in import check_in_page
from aftercare.pages.check_in_photos import photos_page
from aftercare.pages.reading import calendar_file, reading_page
from aftercare.pages.unsubscribe import unsubscribe_page

app_name = "pages"
urlpatterns = [
    path("c/<str:token>/", check_in_page, name="check_in"),
    path("c/<str:token>/photos/", photos_page, name="check_in_photos"),
    path("m/<str:token>/", reading_page, name="reading"),
    path("m/<str:token>/dates.ics", calendar_file, name="calendar"),
    path("u/<str:token>/", unsubscribe_page, name="unsubscribe"),
]
