"""SETTINGS: people and access, and what an installation is, each page by the very functions that the API calls."""

from __future__ import annotations

from . import keys, overview, roles

ROUTERS = (overview.router, roles.router, keys.router)
"""One for each section."""
