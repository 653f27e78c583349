"""One settings module for every installation; what differs comes from the environment.

`deploy/env.example` lists each variable with its meaning.
"""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ

from carehub.core.patience import Connection

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("CAREHUB_DEMO", default=False)
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SERVER_NAME = env.str("CAREHUB_SERVER_NAME", default="web")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "axes",
    "csp",
    "pgtrigger",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "carehub.core",
    "carehub.directory",
    "carehub.events",
    "carehub.audit",
    "carehub.access",
    "carehub.accounts",
    "carehub.records",
    "carehub.conditions",
    "carehub.plans",
    "carehub.messaging",
    "carehub.delivery",
    "carehub.console",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.NoStore",
    "config.middleware.Refusals",
    "config.middleware.DatabaseOutage",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
            ],
        },
    }
]

# --- PostgreSQL: the truth. Timeouts everywhere, so that a silent partition is an error in seconds, not a hang.
# CONN_MAX_AGE must stay 0: under ASGI each request runs on a thread of its own and would leak its connection;
# the pool keeps connections warm instead.
# A waiter may time out twice: for its turn at the row, and for the transaction that holds it.
# Longer than PostgreSQL's deadlock_timeout (1 s), or a deadlock would pass for a long wait and never be counted.
LOCK_TIMEOUT_MS = 1_200
STATEMENT_TIMEOUT_MS = 5_000


def _database(url: str) -> dict[str, Any]:
    database = dict(env.db_url_config(url))
    database.update(
        ENGINE="carehub.core.postgres",
        CONN_MAX_AGE=0,
        CONN_HEALTH_CHECKS=True,
        ATOMIC_REQUESTS=False,
        OPTIONS={
            "connect_timeout": 3,
            "tcp_user_timeout": 5_000,
            "keepalives_idle": 10,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "application_name": SERVER_NAME,
            "options": f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS}",
            "pool": {
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL_SIZE", default=12),
                "timeout": 3.0,
                # Or the pauses between its attempts would outlast the outage.
                "reconnect_timeout": 3.0,
                "connection_class": Connection,
            },
        },
    )
    return database


DATABASES = {"default": _database(env.str("DATABASE_URL"))}

# --- Redis: hints and queues; may lose anything at any time.
REDIS_URL = env.str("REDIS_URL")
REDIS_TIMEOUT_SECONDS = 0.5
CHANNEL = env.str("CAREHUB_CHANNEL", default="carehub")

# --- People and how they log in
AUTH_USER_MODEL = "directory.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "/log-in"
LOGIN_REDIRECT_URL = "/"

SESSION_ENGINE = "carehub.accounts.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# The demo is plain HTTP on loopback, where `Secure` and the `__Host-` prefix would lock everybody out.
_HTTPS = not DEMO and not DEBUG
SESSION_COOKIE_NAME = "__Host-carehub_session" if _HTTPS else "carehub_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-carehub_csrf" if _HTTPS else "carehub_csrf"
CSRF_COOKIE_HTTPONLY = False  # live.js and htmx send it back as X-CSRFToken
CSRF_FAILURE_VIEW = "config.rest.csrf_failure"

# Five wrong passwords for one account from one address pause that pair for 15 minutes; a stranger elsewhere
# cannot lock the owner out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "username"
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

# --- What browsers may do with us
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# `carehub up` and the tests serve from the packages; a production image runs `collectstatic` once.
if "collectstatic" not in sys.argv and not (Path(STATIC_ROOT) / "staticfiles.json").is_file():
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True
    WHITENOISE_AUTOREFRESH = False

# --- HTTP API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "config.authentication.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "config.operation.Operation",
    "DEFAULT_THROTTLE_CLASSES": [],
    "EXCEPTION_HANDLER": "config.rest.problem",
    "UNAUTHENTICATED_USER": None,
}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": timedelta(hours=12),
    "TOKEN_LIMIT_PER_USER": None,
    "AUTO_REFRESH": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CareHub",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "DESCRIPTION": "Every change to a shared care record reaches everybody who must know it. "
    "What is pushed live is described in docs/asyncapi.yaml and docs/protocol.md.",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "POSTPROCESSING_HOOKS": ["config.openapi.finish"],
}

# --- Work that may be late
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_DEFAULT_QUEUE = CHANNEL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5.0,
    "socket_connect_timeout": 2.0,
    "visibility_timeout": 3600,
    "global_keyprefix": f"{CHANNEL}:",
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Threads, for they wait for other people's servers most of the time; delivery.transports says who may take how many.
# Celery's time limits need processes, so each send is cut off by a clock of its own.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 16

globals().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="carehub@localhost")
EMAIL_TIMEOUT = 5  # for each step; the whole send is cut off by delivery.transports
# Networks whose private addresses gateways may have, and http:// ones.
WEBHOOK_NETWORKS = env.list("WEBHOOK_NETWORKS", default=[])
PUBLIC_URL = env.str("CAREHUB_PUBLIC_URL", default="http://127.0.0.1:8000")

# E-mail addresses are unique without regard to case: a constraint on Lower(email), which this check cannot see.
# axes.W002: its middleware would answer a lock-out with a page of its own; accounts.actions does it.
SILENCED_SYSTEM_CHECKS = ["auth.W004", "axes.W002"]

USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
LANGUAGE_CODE = "en-gb"
USE_I18N = False

# Logs carry ids, routes and figures; never clinical text, bodies or query strings.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"level": "INFO"},
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "ERROR"},
        "axes": {"level": "ERROR"},
        "daphne": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}
