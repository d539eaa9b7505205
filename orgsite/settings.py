"""Every setting of the site, and every environment variable it reads (README lists them)."""

from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from orgsite import env

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("ORGSITE_DEBUG")
SECRET_KEY = env.secret_key("ORGSITE_SECRET_KEY", debug=DEBUG)
# Signatures and sessions made with these keys stay valid; new ones are made with SECRET_KEY only.
SECRET_KEY_FALLBACKS = env.words("ORGSITE_SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ORGSITE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
NO_COLOR = bool(env.text("NO_COLOR"))  # any value counts: https://no-color.org
CSRF_TRUSTED_ORIGINS = env.words("ORGSITE_CSRF_TRUSTED_ORIGINS")

# ---- settings of the product itself

ORGSITE_TEMPLATES_DIR = Path(env.text("ORGSITE_TEMPLATES_DIR", str(BASE_DIR / "examples")))
ORGSITE_MAX_TEMPLATE_BYTES = env.integer("ORGSITE_MAX_TEMPLATE_BYTES", 12 * 1024 * 1024)
ORGSITE_MAX_TEMPLATE_NODES = env.integer("ORGSITE_MAX_TEMPLATE_NODES", 20_000)
ORGSITE_MAX_TEMPLATE_DEPTH = env.integer("ORGSITE_MAX_TEMPLATE_DEPTH", 64, most=150)
ORGSITE_REMOVAL_GUARD = env.fraction("ORGSITE_REMOVAL_GUARD", 0.5)
ORGSITE_LOCK_TIMEOUT = env.integer("ORGSITE_LOCK_TIMEOUT", 20, most=86_400)  # seconds
ORGSITE_PREVIEW_LIFETIME = env.integer("ORGSITE_PREVIEW_LIFETIME", 24 * 60 * 60)  # seconds
# Timeouts for clients: for a request's headers; for its body, and for reading the answer.
ORGSITE_HEAD_TIMEOUT = env.integer("ORGSITE_HEAD_TIMEOUT", 20, most=3_600)  # seconds
ORGSITE_BODY_TIMEOUT = env.integer("ORGSITE_BODY_TIMEOUT", 60, most=3_600)  # seconds

# The time that requests in progress get at shutdown. Kubernetes kills after 30 s by default.
ORGSITE_SHUTDOWN_GRACE = env.integer("ORGSITE_SHUTDOWN_GRACE", 25, most=3_600)  # seconds

ORGSITE_MAX_STREAMS = env.integer("ORGSITE_MAX_STREAMS", 2_000)  # listeners of one process
ORGSITE_MAX_STREAMS_PER_USER = env.integer("ORGSITE_MAX_STREAMS_PER_USER", 100)  # in one process
ORGSITE_STREAM_KEEPALIVE = env.integer("ORGSITE_STREAM_KEEPALIVE", 15, most=3_600)  # seconds
ORGSITE_STREAM_RECHECK = env.integer("ORGSITE_STREAM_RECHECK", 15, most=3_600)  # seconds
ORGSITE_THROTTLE = env.limit("ORGSITE_THROTTLE", 60)  # imports and removals of a user in a minute; None: no limit
ORGSITE_FAILED_LOGINS = env.limit("ORGSITE_FAILED_LOGINS", 10)  # in a minute; None: no limit

CENTURY = 100 * 365 * 24 * 60 * 60  # seconds; the calendar of a database ends, too

# ---- the container engine, and how containers are made

ORGSITE_ENGINE = env.choice("ORGSITE_ENGINE", "none", of=("none", "docker", "swarm", "fake"))
ORGSITE_RUNTIME_IMAGES = env.images("ORGSITE_RUNTIME_IMAGES", engine=ORGSITE_ENGINE)
ORGSITE_INSTALLATION = env.matching(
    "ORGSITE_INSTALLATION",
    "",  # a random one, made when it is first needed
    pattern=env.INSTALLATION,
    like="1 to 63 of a-z, 0-9, dot, hyphen and underscore, the first a letter or digit",
)
ORGSITE_URL = env.matching(
    "ORGSITE_URL", "http://127.0.0.1:8000", pattern=env.SITE_ADDRESS, like="an address like https://orgs.example"
).rstrip("/")  # as containers reach the site
ORGSITE_DOCKER_NETWORK = env.network("ORGSITE_DOCKER_NETWORK", engine=ORGSITE_ENGINE)
ORGSITE_DOCKER_LIMITS = env.limits("ORGSITE_DOCKER_LIMITS")
ORGSITE_DOCKER_RESTART = env.matching(
    "ORGSITE_DOCKER_RESTART",
    "unless-stopped",
    pattern=env.RESTART,
    like="one of no, always, unless-stopped, on-failure, on-failure:5",
)
ORGSITE_DOCKER_CAPABILITIES = env.capabilities("ORGSITE_DOCKER_CAPABILITIES")
ORGSITE_DOCKER_INIT = env.flag("ORGSITE_DOCKER_INIT", default=True)
ORGSITE_VOLUME_DRIVER = env.text("ORGSITE_VOLUME_DRIVER")
ORGSITE_VOLUME_OPTIONS = env.texts("ORGSITE_VOLUME_OPTIONS", pattern=env.ANYTHING, like='{"type": "nfs"}')
ORGSITE_STOP_GRACE = env.integer("ORGSITE_STOP_GRACE", 10, most=3_600)  # seconds
# How long the volumes of removed workspaces wait for a way back.
ORGSITE_DATA_GRACE = env.integer("ORGSITE_DATA_GRACE", 7 * 24 * 60 * 60, least=0, most=CENTURY)  # seconds
# For containers and volumes that the database does not know: `report` logs what `on` would do, `off` skips the sweep.
ORGSITE_SWEEP = env.choice("ORGSITE_SWEEP", "on", of=("on", "report", "off"))
ORGSITE_QUARANTINE = env.integer("ORGSITE_QUARANTINE", 24 * 60 * 60, least=0)  # seconds
ORGSITE_ENGINE_TIMEOUT = env.integer("ORGSITE_ENGINE_TIMEOUT", 30, most=3_600)  # seconds
ORGSITE_ENGINE_CONCURRENCY = env.integer("ORGSITE_ENGINE_CONCURRENCY", 8, most=1_000)
ORGSITE_SWARM_NODES = env.texts(
    "ORGSITE_SWARM_NODES", pattern=env.ENGINE_ADDRESS, like='{"node-1": "tcp://node-1.example:2376"}'
)

# ---- Django

INSTALLED_APPS = [
    "workspaces",  # before `django.contrib.auth`: of two commands with one name the first one counts
    "orgsite.apps.OrgAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "simple_history",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "audit",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "orgsite.server.middleware.ContentPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "orgsite.server.middleware.DatabaseAway",
    "orgsite.server.middleware.Refusals",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "orgsite.server.middleware.Common",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "orgsite.urls"

TEMPLATES = [
    {
        "BACKEND": "lib.template_backend.Templates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def _database() -> dj_database_url.DBConfig:
    url = env.text("DATABASE_URL", f"sqlite:///{BASE_DIR / 'orgsite.sqlite3'}")
    try:
        # Behind a pooler the next statement may run on another server connection, which lacks the cursor.
        config = dj_database_url.parse(url, disable_server_side_cursors=True)
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured("DATABASE_URL is neither a postgres:// nor a sqlite:// address.") from error
    config.setdefault("OPTIONS", {})
    if config["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE: a transaction takes the write lock when it begins, so two imports queue instead of failing halfway.
        config["OPTIONS"] |= {
            "transaction_mode": "IMMEDIATE",
            "timeout": ORGSITE_LOCK_TIMEOUT,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
    elif config["ENGINE"] == "django.db.backends.postgresql":
        config["ENGINE"] = "lib.postgresql"  # sets ORGSITE_LOCK_TIMEOUT, whatever options DATABASE_URL has
        config["OPTIONS"].setdefault("connect_timeout", 5)
    else:
        raise ImproperlyConfigured("DATABASE_URL must be a postgres:// or a sqlite:// address.")
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"  # if `next` is missing or leads to another site

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "orgsite.formats"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # no collectstatic step is needed

# A body has a template and a few more fields; Django spools files larger than 2.5 MB to the disk.
ORGSITE_MAX_BODY_BYTES = ORGSITE_MAX_TEMPLATE_BYTES + 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = ORGSITE_MAX_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # one check box for each workspace of a bulk delete

SESSION_ENGINE = "lib.sessions"

# ---- https

ORGSITE_HTTPS = env.flag("ORGSITE_HTTPS", default=ORGSITE_URL.startswith("https://"))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("ORGSITE_SECURE_COOKIES", default=ORGSITE_HTTPS)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # every form has its own token, so no script reads a cookie
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = env.flag("ORGSITE_HTTPS_REDIRECT", default=ORGSITE_HTTPS)
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)/?$"]  # probes come over plain http from inside
SECURE_HSTS_SECONDS = env.integer("ORGSITE_HSTS_SECONDS", 365 * 24 * 60 * 60, least=0) if ORGSITE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# W021: HSTS preloading commits a whole domain for good, so its owner has to decide that, not a site.
# W040: SQLite makes the indexes without their INCLUDE columns, and reads the row for them.
SILENCED_SYSTEM_CHECKS = ["security.W021", "models.W040"]
# The client's address and scheme are taken from these peers' headers, by `orgsite.server.trusted_proxies`.
ORGSITE_TRUSTED_PROXIES = env.proxies("ORGSITE_TRUSTED_PROXIES")
env.refuse_old("ORGSITE_BEHIND_PROXY", new="ORGSITE_TRUSTED_PROXIES", like="ORGSITE_TRUSTED_PROXIES=127.0.0.1")
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

SIMPLE_HISTORY_REVERT_DISABLED = True
SIMPLE_HISTORY_DATE_INDEX = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "workspaces.api.callers.BearerAuthentication",
        "workspaces.api.callers.AdminSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "workspaces.api.error_answers.as_json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Org workspaces",
    "DESCRIPTION": "Import org templates, cascade-delete workspaces, read the structure events.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {
        "database": {"()": "orgsite.logs.DatabaseInOneLine"},
        "refusal": {"()": "orgsite.logs.RefusalInOneLine"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["database", "refusal"]},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        # Anybody can send any host, any number of times: such a request gets 400 and no log line.
        "django.security.DisallowedHost": {"handlers": [], "propagate": False, "level": "CRITICAL"},
    },
}
