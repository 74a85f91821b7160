"""The words for what gives a step its time, what becomes of its messages, and what patients wait with."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class StepKind(models.TextChoices):
    """What gives a step its time. A reminder and a message to a lot have none, and are in no plan."""

    ELAPSED = "elapsed", _("So long after the treatment ended")
    WALL_TIME = "wall_time", _("On a day, at a time of day")
    REMINDER = "reminder", _("So long after a check-in that nobody has answered")
    LOT = "lot", _("When a clinician writes to everybody treated with a lot")


PLANNED_KINDS = (StepKind.ELAPSED, StepKind.WALL_TIME)


class LateAction(models.TextChoices):
    SKIP = "skip", _("Skip")
    SKIP_AND_TASK = "skip_and_task", _("Skip, and open a follow-up task")


class UnknownPolicy(models.TextChoices):
    UNCONFIRMED = "unconfirmed", _("Leave it to staff")
    SEND_AGAIN = "send_again", _("Send once more after 15 minutes")


class NewerSession(models.TextChoices):
    """What becomes of a message not sent yet when the patient's next session is recorded."""

    SUPERSEDE = "supersede", _("The newer session's message takes its place")
    KEEP = "keep", _("Send it all the same")


class Topic(models.TextChoices):
    """What a patient waits with."""

    WASHING = "washing", _("Washing")
    MAKEUP = "makeup", _("Make-up")
    SUNSCREEN = "sunscreen", _("Sunscreen")
    EXERCISE = "exercise", _("Exercise")
    HEAT = "heat", _("Heat and sauna")
    SWIMMING = "swimming", _("Swimming")
    ALCOHOL = "alcohol", _("Alcohol")
    ACTIVES = "actives", _("Retinoids, acids, vitamin C, scrubs")
