"""SETTINGS: people and access, and what an installation is, each page by the very functions that the API calls."""

from __future__ import annotations

from . import accounts, domains, formats, importing, keys, overview, people, roles, seats, sessions, storage

ROUTERS = tuple(
    section.router
    for section in (overview, accounts, roles, keys, seats, domains, people, importing, sessions, formats, storage)
)
"""One for each section."""
