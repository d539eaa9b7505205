"""The site's settings with a key for tests, so that a bare `pytest` needs nothing from the environment."""

import os

os.environ.setdefault("ORGSITE_SECRET_KEY", "a key that protects nothing but tests")
os.environ.setdefault("ORGSITE_THROTTLE", "off")

from orgsite.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow hash protects no test user
# Look for a static file when it is asked for: each test client would list all of them at its first request.
WHITENOISE_AUTOREFRESH = True

if name := os.environ.get("ORGSITE_TEST_DATABASE"):  # another part of the run has its own on the same server
    DATABASES["default"]["TEST"] = {"NAME": name}  # noqa: F405
