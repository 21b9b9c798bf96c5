"""SETTINGS: people and access, and what an installation is, each page by the very functions that the API calls."""

from __future__ import annotations

from . import keys, overview

ROUTERS = (overview.router, keys.router)
"""One for each section."""
