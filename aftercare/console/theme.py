"""How the console looks and what its menu holds. Read by the settings, so nothing here touches a model."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

_static = lazy(static, str)


def _item(title: str | Promise, icon: str, name: str, **more: Any) -> dict[str, Any]:
    """An entry of the menu that leads to a model's list."""
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{name}_changelist"), **more}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Aftercare",
    "SITE_HEADER": "Aftercare",
    "SITE_SUBHEADER": _("The right words, at the right hour"),
    "SITE_SYMBOL": "healing",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _static("console/favicon.svg")}],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,
    "BORDER_RADIUS": "8px",
    "STYLES": [_static("console/pages.css"), _static("console/console.css")],
    "SCRIPTS": [_static("console/keyboard.js")],
    "DASHBOARD_CALLBACK": "aftercare.console.dashboard.fill_in",
    "ACCOUNT": {
        "navigation": [
            {"title": _("Name and e-mail"), "link": reverse_lazy("account_details")},
            {"title": _("Password"), "link": reverse_lazy("account_change_password")},
            {"title": _("Second factor"), "link": reverse_lazy("mfa_index")},
        ]
    },
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.7)",
            "100": "oklch(95.3% .051 180.8)",
            "200": "oklch(91% .096 180.4)",
            "300": "oklch(85.5% .138 181.1)",
            "400": "oklch(77.7% .152 181.9)",
            "500": "oklch(60% .118 184.7)",
            "600": "oklch(51.1% .096 186.4)",
            "700": "oklch(45% .085 187)",
            "800": "oklch(40% .07 188.2)",
            "900": "oklch(36% .063 188.4)",
            "950": "oklch(27.7% .046 192.5)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "command_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    {"title": _("Today"), "icon": "today", "link": reverse_lazy("admin:index")},
                    _item(_("Sessions"), "event_available", "treatments_treatmentsession"),
                    _item(_("Patients"), "groups", "clinics_patient"),
                    _item(_("Messages"), "outgoing_mail", "outbox_scheduledmessage"),
                    _item(
                        _("Follow-up tasks"),
                        "task_alt",
                        "followups_followuptask",
                        badge="aftercare.console.menu.open_tasks",
                    ),
                    _item(_("Check-ins"), "quick_phrases", "checkins_checkin"),
                ],
            },
            {
                "title": _("What is sent"),
                "separator": True,
                "items": [
                    _item(_("Protocols"), "event_note", "protocols_protocol"),
                    _item(_("Message templates"), "description", "content_messagetemplate"),
                    _item(_("Triage rules"), "rule", "checkins_ruleset"),
                    {
                        "title": _("Learning from answers"),
                        "icon": "monitoring",
                        "link": reverse_lazy("admin:checkins_checkin_learning"),
                    },
                    _item(
                        _("Lots"),
                        "inventory_2",
                        "lots_lotmail",
                        permission="aftercare.console.menu.may_write_to_lots",
                    ),
                    _item(_("Delivery events"), "mark_email_read", "outbox_deliveryevent"),
                    _item(_("Notices to staff"), "notifications", "outbox_staffnotice"),
                    _item(_("Addresses not to mail"), "unsubscribe", "outbox_suppression"),
                ],
            },
            {
                "title": _("The clinic"),
                "separator": True,
                "items": [
                    _item(_("Clinics"), "home_health", "clinics_clinic"),
                    _item(_("Practitioners"), "stethoscope", "clinics_practitioner"),
                    _item(_("Favourites"), "star", "treatments_favourite"),
                    _item(_("Members"), "badge", "clinics_membership"),
                    _item(
                        _("Invitations"),
                        "person_add",
                        "clinics_invitation",
                        permission="aftercare.console.menu.may_invite",
                    ),
                    _item(
                        _("Users"),
                        "manage_accounts",
                        "clinics_user",
                        permission="aftercare.console.menu.may_see_users",
                    ),
                ],
            },
        ],
    },
}
