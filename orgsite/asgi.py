"""The site as an ASGI application: `uvicorn orgsite.asgi:application`."""

import warnings

import django

from orgsite import env

env.choose_settings()

# Static files come from the source folders: there is no STATIC_ROOT, and each file is read whole, not streamed.
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 - Django has to be set up first
from django.urls import get_resolver  # noqa: E402

from audit.stream.serving import PATHS, Streams  # noqa: E402
from lib import gc_tuning  # noqa: E402
from orgsite.server.asgi_layers import AtPaths, BoundedBody, GracefulShutdown, Handler  # noqa: E402
from orgsite.server.trusted_proxies import BehindProxies, Proxies  # noqa: E402
from workspaces.services.security.event_listeners import HUB  # noqa: E402
from workspaces.worker.housekeeping_loop import housekeeping_loop  # noqa: E402
from workspaces.worker.loop import run_in_background  # noqa: E402

_django = Handler()
_bounded = BoundedBody(AtPaths(PATHS, Streams(_django, HUB), otherwise=_django))
application = GracefulShutdown(BehindProxies(_bounded, proxies=Proxies.of(settings.ORGSITE_TRUSTED_PROXIES)))
run_in_background(housekeeping_loop())
get_resolver().url_patterns  # noqa: B018 - loads all pages now, not with the first request
gc_tuning.freeze_loaded()
gc_tuning.watch_in_background()
