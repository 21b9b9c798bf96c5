"""How a store is named: by the path of its file, or by the URL of a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

DATABASES = ("postgresql://", "postgres://")


def is_database(store: str) -> bool:
    """Whether a store is in a database rather than in a file."""
    return store.startswith(DATABASES)


def shown(store: str) -> str:
    """A store's name as it may be shown: a URL without password and parameters, since these may hold one too."""
    if not is_database(store):
        return store
    try:
        parts = urlsplit(store)
    except ValueError:
        return DATABASES[0]
    user, at, hosts = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{hosts}{parts.path}"


def folder_of(store: str) -> Path:
    """The folder that a store's file is in; for a database, the one in which we run."""
    return Path() if is_database(store) else Path(store).parent
