"""SETTINGS: people and access, and what an installation is, each page by the very functions that the API calls."""

from __future__ import annotations

from . import accounts, importing, keys, overview, people, roles, seats, sessions

ROUTERS = tuple(section.router for section in (overview, accounts, roles, keys, seats, people, importing, sessions))
"""One for each section."""
