"""The pages of one's own account. Signing up, and managing several addresses, are not among them."""

from allauth.account import views
from allauth.mfa.urls import urlpatterns as second_factor
from django.urls import include, path, re_path

from aftercare.console.accounts.details import address_page, details_page
from aftercare.console.accounts.factors import behind_the_factor
from aftercare.console.accounts.joining import invitation_page
from aftercare.console.accounts.speaking import language_page

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("details/", details_page, name="account_details"),
    path("details/address/<str:token>/", address_page, name="account_address"),
    path("language/", language_page, name="account_language"),
    path("invitation/<str:token>/", invitation_page, name="invitation"),
    path("second-factor/", include(list(behind_the_factor(second_factor)))),
]
