"""Pages for machines: is the process alive, can the site do its work, and the numbers for monitors.

Answered before every other middleware: no session, no redirect to https, and any host name, because a probe
asks by address and over plain HTTP.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus

import structlog
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from config import parts
from config.metrics import metrics

log = structlog.get_logger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]
OK, FAILS, NOT_KNOWN = "ok", "fails", "not known"


class Probes:
    """The middleware; it stands first."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        page = PAGES.get(request.path_info)
        if page is None:
            return self.get_response(request)
        answer = (
            page(request) if request.method in {"GET", "HEAD"} else HttpResponseNotAllowed(["GET", "HEAD"])
        )
        answer["Cache-Control"] = "no-store"
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


def healthz(_request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all; asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when every part does its work, else 503; names the part, and nothing about it."""
    states = states_of_parts()
    ready = set(states.values()) == {OK}
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse({"ready": ready, "parts": states}, status=status)


def states_of_parts() -> Mapping[str, str]:
    states = {"database": _state("database", parts.database_answers)}
    if settings.REDIS_URL:
        states["broker"] = _state("broker", parts.broker_answers)
    known = states["database"] == OK
    states["tick"] = _state("tick", parts.tick_is_recent) if known else NOT_KNOWN
    return states


def _state(part: str, does_its_work: Callable[[], bool]) -> str:
    try:
        return OK if does_its_work() else FAILS
    except Error as error:
        log.warning("part_not_ready", part=part, error=type(error).__name__)
        return FAILS


PAGES: Mapping[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}
