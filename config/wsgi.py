import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# A new connection costs the database more than a patient's whole answer, and gunicorn's threads stay: each
# keeps its own for a while, asked at every request whether it still works. Workers' tasks open theirs anew.
for database in settings.DATABASES.values():
    database |= {"CONN_MAX_AGE": 300, "CONN_HEALTH_CHECKS": True}

application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)  # with every page, now and not while the first visitor waits
