"""SETTINGS: people and access, and what an installation is, each page by the very functions that the API calls."""

from __future__ import annotations

from . import accounts, keys, overview, people, roles, seats, sessions

ROUTERS = tuple(section.router for section in (overview, accounts, roles, keys, seats, sessions, people))
"""One for each section."""
