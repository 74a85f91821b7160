from django.urls import path

from aftercare.pages.unsubscribe import unsubscribe_page

app_name = "pages"
urlpatterns = [path("u/<str:token>/", unsubscribe_page, name="unsubscribe")]
