"""The settings of the application: SQLite as durable as ours, and nothing that is not needed."""

import os

SECRET_KEY = "only measured"
USE_TZ = True
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "rival.views"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "auditlog", "rival"]
MIDDLEWARE = ["auditlog.middleware.AuditlogMiddleware"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("RIVAL_DATABASE", ":memory:"),
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536",
            "transaction_mode": "IMMEDIATE",
        },
    }
}
