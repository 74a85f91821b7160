"""Settings for the tests: nothing of the caller's environment, eager tasks, a var folder of their own.

The database is SQLite in memory, or PostgreSQL when ``TEST_DATABASE_URL`` names a server.
"""

import atexit
import os
import shutil
import tempfile

from config.environment import WHAT_TO_WRITE
from config.mail import PROVIDERS
from config.parsing import parse_database

var = tempfile.mkdtemp(prefix="aftercare-tests-")
atexit.register(shutil.rmtree, var, ignore_errors=True)

for name in (*WHAT_TO_WRITE, *(name for pair in PROVIDERS.values() for names in pair for name in names)):
    os.environ.pop(name, None)
os.environ.update(AFTERCARE_VAR=var, TASKS_EAGER="true", SECRET_KEY="only-for-tests-" + "x" * 40)

from config.settings import *  # noqa: E402, F403

if url := os.environ.get("TEST_DATABASE_URL"):
    DATABASES = {"default": parse_database(url)}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LIMITS_READ_SECONDS = 0  # a test's clinics are not the last one's
STATIC_ROOT.mkdir()  # noqa: F405 (an empty one: the tests find static files where they are written)
MIDDLEWARE.append("tests.scope_guard.ScopeGuard")  # noqa: F405
