from django.urls import path

from aftercare.hooks.views import receive

app_name = "hooks"
urlpatterns = [path("<slug:provider>/", receive, name="receive")]
