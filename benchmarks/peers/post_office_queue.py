"""``python -m benchmarks.peers.post_office_queue COUNT later|now``: queues mails; when they are rendered."""

import sys

import django

django.setup()

from django.db import connection  # noqa: E402
from post_office import mail  # noqa: E402
from post_office.models import EmailTemplate  # noqa: E402

from benchmarks.peers.letter import LETTER, address, values  # noqa: E402

BATCH = 500
count, later = int(sys.argv[1]), sys.argv[2] == "later"

with connection.cursor() as cursor:
    cursor.execute("TRUNCATE post_office_log, post_office_email CASCADE")
template, _made = EmailTemplate.objects.update_or_create(
    name="aftercare",
    language="",
    default_template=None,
    defaults={"subject": LETTER["subject"], "content": LETTER["text"], "html_content": LETTER["html"]},
)
for start in range(0, count, BATCH):
    mail.send_many(
        [
            {
                "recipients": address(number),
                "sender": LETTER["sender"],
                "template": template,
                "context": values(number),
                "headers": LETTER["headers"],
                "render_on_delivery": later,
            }
            for number in range(start, min(start + BATCH, count))
        ]
    )
with connection.cursor() as cursor:
    cursor.execute("ANALYZE")
