"""``python -m benchmarks.peers.smtp_limit COUNT``: smtplib alone, with a message ready for the wire."""

import os
import smtplib
import sys

from benchmarks.peers.letter import LETTER, address, whole

content, sender = whole(), LETTER["sender"]
with smtplib.SMTP("127.0.0.1", int(os.environ["SINK_PORT"])) as server:
    for number in range(int(sys.argv[1])):
        server.sendmail(sender, [address(number)], content)
