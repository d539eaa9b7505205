"""The site as an ASGI application: `uvicorn orgsite.asgi:application`."""

import warnings

from orgsite import env
from orgsite.handler import django_application

env.choose_settings()

# Static files come straight from the source folders: there is no STATIC_ROOT, and each is read whole, not streamed.
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

pages_and_api = django_application()

from django.conf import settings  # noqa: E402 - Django has to be set up first

from audit.stream.serving import Streams  # noqa: E402
from orgsite import garbage  # noqa: E402
from orgsite.bounded import BoundedBody  # noqa: E402
from orgsite.ending import Ending  # noqa: E402
from orgsite.proxies import BehindProxies, Proxies  # noqa: E402
from workspaces.services.housekeeping import keep_house_in_background  # noqa: E402

_bounded = BoundedBody(Streams(pages_and_api))
application = Ending(BehindProxies(_bounded, proxies=Proxies.of(settings.ORGSITE_TRUSTED_PROXIES)))
keep_house_in_background()
garbage.settle()
garbage.watch_in_background()
