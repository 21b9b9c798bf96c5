"""The directory's rows: read as a whole, changed in one transaction, kept for ever."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ...directory.directory import Directory
from ...directory.model import Changes, Membership, Profile
from .connect import Connection

_PROFILE = ("kind", "tenant", "id", "name", "valid_from", "valid_to")
_MEMBERSHIP = ("tenant", '"user"', "kind", "id", "group_tenant", "valid_from", "valid_to")
_Cells = tuple[str | None, ...]


def read_directory(connection: Connection) -> Directory:
    """All that is known of users, groups, roles and tenants."""
    profiles = connection.rows(f"SELECT {', '.join(_PROFILE)} FROM trailbook.profile")
    memberships = connection.rows(f"SELECT {', '.join(_MEMBERSHIP)} FROM trailbook.membership")
    return Directory(
        [Profile(*row[:4], *map(_moment, row[4:])) for row in profiles],
        [Membership(*row[:5], *map(_moment, row[5:])) for row in memberships],
    )


def directory_version(connection: Connection) -> int:
    """A number that grows with each change of the directory."""
    ((version,),) = connection.rows("SELECT directory_version FROM trailbook.trail")
    return int(version)


def lock_directory(connection: Connection) -> None:
    """Keep others from changing the directory until the transaction ends."""
    connection.rows("SELECT directory_version FROM trailbook.trail FOR NO KEY UPDATE")


def keep_changes(connection: Connection, changes: Changes) -> None:
    """Write the changes, inside the write transaction in which they were decided."""
    if not changes:
        return
    _close(connection, "profile", _PROFILE, map(_of_profile, changes.closed_profiles))
    _close(connection, "membership", _MEMBERSHIP, map(_of_membership, changes.closed_memberships))
    _add(connection, changes.added_profiles, changes.added_memberships)
    connection.run("UPDATE trailbook.trail SET directory_version = directory_version + 1")


def replace_directory(connection: Connection, directory: Directory, version: int) -> None:
    """Put this directory and its version in the place of what is there, inside a write transaction."""
    connection.run("DELETE FROM trailbook.profile")
    connection.run("DELETE FROM trailbook.membership")
    _add(connection, directory.profiles, directory.memberships)
    connection.run("UPDATE trailbook.trail SET directory_version = %s", (version,))


def _add(connection: Connection, profiles: Iterable[Profile], memberships: Iterable[Membership]) -> None:
    _insert(connection, "profile", _PROFILE, map(_of_profile, profiles))
    _insert(connection, "membership", _MEMBERSHIP, map(_of_membership, memberships))


def _insert(connection: Connection, table: str, columns: tuple[str, ...], rows: Iterable[_Cells]) -> None:
    given = list(rows)
    if given:
        arrays = ", ".join(["%b::text[]"] * len(columns))
        sql = f"INSERT INTO trailbook.{table} ({', '.join(columns)}) SELECT * FROM unnest({arrays})"
        connection.run(sql, [list(column) for column in zip(*given, strict=True)])


def _close(connection: Connection, table: str, columns: tuple[str, ...], rows: Iterable[_Cells]) -> None:
    given = list(rows)
    if given:
        arrays = ", ".join(["%b::text[]"] * len(columns))
        same = " AND ".join(f"p.{column} = t.{column}" for column in columns[:-2])
        sql = f"""
            UPDATE trailbook.{table} AS p SET valid_to = t.valid_to
            FROM unnest({arrays}) AS t ({", ".join(columns)})
            WHERE {same} AND p.valid_from IS NOT DISTINCT FROM t.valid_from AND p.valid_to IS NULL
        """
        connection.run(sql, [list(column) for column in zip(*given, strict=True)])


def _of_profile(one: Profile) -> _Cells:
    return (one.kind, one.tenant, one.id, one.name, _text(one.valid_from), _text(one.valid_to))


def _of_membership(one: Membership) -> _Cells:
    return (one.tenant, one.user, one.kind, one.id, one.group_tenant, _text(one.valid_from), _text(one.valid_to))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
