"""Where a mail service posts its reports: verified and read by anymail, then stored in one insert."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.views.decorators.csrf import csrf_exempt

from aftercare.hooks.providers import VIEWS, view_of
from aftercare.outbox import clock
from aftercare.outbox.models import DeliveryEvent
from aftercare.outbox.reports import read
from aftercare.outbox.tracking import store

LARGEST = 1_000_000
"""Bytes of a post. SparkPost's batches, the largest, stay below half of it."""
LONGEST_NUMBER = 19
"""Digits of a length that is read: Python refuses to read thousands of them."""

log = structlog.get_logger(__name__)


@csrf_exempt  # the provider has no cookie; its signature or log-in is the proof
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """Takes reports of the provider that is set, from itself alone.

    413 unread if too large; 400 or 401 if not proven or not readable, so that the provider tries again;
    200 once every report is stored. An error of the database is a 500: then nothing is, and it tries again.
    """
    if provider not in VIEWS or provider != settings.WEBHOOK_PROVIDER:
        raise Http404
    if _length(request) > LARGEST:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return storing(view_of(provider)).as_view()(request)


class Storing:
    """Comes before one of anymail's views: what that has verified and read is stored, not signalled."""

    esp_name: str
    events: Iterable[DeliveryEvent] = ()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = super().post(request, *args, **kwargs)  # type: ignore[misc]
        except (DatabaseError, InterfaceError):
            raise  # ours, not theirs: the service must report again
        except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes do to a parser, it is their fault
            # The error's own words are left out: they may quote the log-in, an address or a text.
            log.warning("report_refused", service=self.esp_name, error=type(error).__name__)
            return HttpResponseBadRequest()
        store(self.events, now=clock.database_now())
        return response

    def parse_events(self, request: HttpRequest) -> list[Any]:
        """Reads all before any is stored, and leaves anymail none to tell others of."""
        now = clock.database_now()
        reports = super().parse_events(request)  # type: ignore[misc]
        read_all = (read(report, provider=self.esp_name, now=now) for report in reports)
        self.events = [event for event in read_all if event is not None]
        return []


def storing(view: Any) -> Any:
    return type(view.__name__, (Storing, view), {})


def _length(request: HttpRequest) -> int:
    """As announced; without an announcement nothing of the body is read."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    return int(announced) if announced.isdecimal() and len(announced) < LONGEST_NUMBER else LARGEST + 1
