"""The same message sent by other means: django-post_office, a Celery task for each message, smtplib alone.

A Django project of its own, which knows nothing of Aftercare but the message (see :mod:`benchmarks.copying`).
"""
