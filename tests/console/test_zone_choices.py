"""Which time zones a form offers."""

from html.parser import HTMLParser

import pytest
from django.urls import reverse

from aftercare.clinics.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


class Options(HTMLParser):
    """The values of a page's options, and which of them are chosen."""

    def __init__(self):
        super().__init__()
        self.values, self.chosen = [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "option":
            self.values.append(given["value"])
            self.chosen += [given["value"]] if "selected" in given else []


def options_of(client, clinic):
    client.force_login(factories.user(clinic, Role.OWNER))
    options = Options()
    options.feed(client.get(reverse("admin:clinics_clinic_change", args=[clinic.pk])).content.decode())
    return options


def test_places_of_regions_are_offered_and_no_odd_names(client):
    options = options_of(client, factories.clinic(time_zone="Europe/London"))

    assert {"Europe/London", "America/Argentina/Buenos_Aires", "UTC"} <= set(options.values)
    assert not {"Navajo", "MST7MDT", "Etc/GMT+12", "GB", "US/Pacific"} & set(options.values)
    assert "Europe/London" in options.chosen


@pytest.mark.parametrize("zone", ["US/Pacific", "Navajo", "Etc/GMT+5"])
def test_odd_zone_that_is_stored_stays_chosen(client, zone):
    options = options_of(client, factories.clinic(time_zone=zone))

    assert zone in options.chosen
