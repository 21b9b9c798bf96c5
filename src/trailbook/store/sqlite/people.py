"""The directory's rows: read as a whole, changed in one transaction, kept for ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from ...directory.directory import Directory
from ...directory.model import Changes, Membership, Profile

_PROFILE = "kind, tenant, id, name"
_MEMBERSHIP = "tenant, user, kind, id, group_tenant"


def read_directory(connection: sqlite3.Connection) -> Directory:
    """All that is known of users, groups, roles and tenants."""
    profiles = connection.execute(f"SELECT {_PROFILE}, valid_from, valid_to FROM profile")
    memberships = connection.execute(f"SELECT {_MEMBERSHIP}, valid_from, valid_to FROM membership")
    return Directory(
        [Profile(*row[:4], *map(_moment, row[4:])) for row in profiles],
        [Membership(*row[:5], *map(_moment, row[5:])) for row in memberships],
    )


def directory_version(connection: sqlite3.Connection) -> int:
    """A number that grows with each change of the directory."""
    (version,) = connection.execute("SELECT value FROM setting WHERE name = 'directory_version'").fetchone()
    return int(version)


def keep_changes(connection: sqlite3.Connection, changes: Changes) -> None:
    """Write the changes, inside the write transaction in which they were decided."""
    if not changes:
        return
    for profile in changes.closed_profiles:
        _close(connection, "profile", _PROFILE, _of_profile(profile))
    for membership in changes.closed_memberships:
        _close(connection, "membership", _MEMBERSHIP, _of_membership(membership))
    _add(connection, changes.added_profiles, changes.added_memberships)
    connection.execute("UPDATE setting SET value = value + 1 WHERE name = 'directory_version'")


def replace_directory(connection: sqlite3.Connection, directory: Directory, version: int) -> None:
    """Put this directory and its version in the place of what is there, inside a write transaction."""
    connection.execute("DELETE FROM profile")
    connection.execute("DELETE FROM membership")
    _add(connection, directory.profiles, directory.memberships)
    connection.execute("UPDATE setting SET value = ? WHERE name = 'directory_version'", (version,))


def _add(connection: sqlite3.Connection, profiles: Iterable[Profile], memberships: Iterable[Membership]) -> None:
    connection.executemany("INSERT INTO profile VALUES (?, ?, ?, ?, ?, ?)", map(_of_profile, profiles))
    connection.executemany("INSERT INTO membership VALUES (?, ?, ?, ?, ?, ?, ?)", map(_of_membership, memberships))


def _close(connection: sqlite3.Connection, table: str, columns: str, row: tuple[str | None, ...]) -> None:
    same = " AND ".join(f"{column} = ?" for column in columns.split(", "))
    sql = f"UPDATE {table} SET valid_to = ? WHERE {same} AND valid_from IS ? AND valid_to IS NULL"
    connection.execute(sql, (row[-1], *row[:-1]))


def _of_profile(one: Profile) -> tuple[str | None, ...]:
    return (one.kind, one.tenant, one.id, one.name, _text(one.valid_from), _text(one.valid_to))


def _of_membership(one: Membership) -> tuple[str | None, ...]:
    return (one.tenant, one.user, one.kind, one.id, one.group_tenant, _text(one.valid_from), _text(one.valid_to))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
