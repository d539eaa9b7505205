"""The site as an ASGI application: `uvicorn orgsite.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orgsite.settings")

application = get_asgi_application()

from workspaces.services.housekeeping import keep_house_in_background  # noqa: E402 - Django has to be set up first

keep_house_in_background()
