"""Settings for the tests: nothing of the caller's environment, eager tasks, a var folder of their own.

The database is SQLite in memory, or PostgreSQL when ``TEST_DATABASE_URL`` names a server.
"""

import atexit
import os
import shutil
import tempfile

import dj_database_url

from config.environment import WHAT_TO_WRITE
from config.mail import PROVIDERS

var = tempfile.mkdtemp(prefix="aftercare-tests-")
atexit.register(shutil.rmtree, var, ignore_errors=True)

for name in (*WHAT_TO_WRITE, *(name for pair in PROVIDERS.values() for names in pair for name in names)):
    os.environ.pop(name, None)
os.environ.update(AFTERCARE_VAR=var, TASKS_EAGER="true", SECRET_KEY="only-for-tests-" + "x" * 40)

from config.settings import *  # noqa: E402, F403

if url := os.environ.get("TEST_DATABASE_URL"):
    DATABASES = {"default": dj_database_url.parse(url)}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
