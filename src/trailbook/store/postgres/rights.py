"""What has to be there before any table: the roles, our being their member, and the schema."""

from __future__ import annotations

from contextlib import suppress
from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from ...errors import StoreError
from .connect import OWNER, READER, WRITER, Row

ROLES: tuple[LiteralString, ...] = (OWNER, WRITER, READER)
_SET_IS_ASKED = 160_000
"""The version of PostgreSQL from which a member may be one that cannot become the role."""


def prepare(connection: psycopg.Connection[Row]) -> None:
    """Make what is missing. Raises StoreError with what an administrator has to run, if we may not do it."""
    missing = _missing(connection)
    try:
        for statement in missing:
            # Roles are the whole server's: who migrates another database may just have made them.
            with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation), connection.transaction():
                connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(
            "This user may not make what Trailbook needs in the database.",
            remedy="Let an administrator run in it: " + " ".join(one.as_string(None) + ";" for one in missing),
        ) from error


def may_become(connection: psycopg.Connection[Row], role: str) -> bool:
    """Whether the role is there and we may act in it."""
    right = "SET" if connection.info.server_version >= _SET_IS_ASKED else "MEMBER"
    sql = "SELECT pg_has_role(oid, %s) FROM pg_roles WHERE rolname = %s"
    return connection.execute(sql, (right, role)).fetchone() == (True,)


def has_store(connection: psycopg.Connection[Row]) -> bool:
    """Whether there is a store in this database. Raises StoreError if something else has our schema's name."""
    ((trail, tables),) = connection.execute("""
        SELECT coalesce(bool_or(c.relname = 'trail'), false), count(*)
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'trailbook'
    """).fetchall()
    if tables and not trail:
        raise StoreError(
            "There is a schema named trailbook in this database that is not Trailbook's.",
            remedy="Name another database.",
        )
    return bool(trail)


def _missing(connection: psycopg.Connection[Row]) -> list[Composed]:
    """The statements that make what is missing."""
    found = connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%b)", ([*ROLES],))
    there = {name for (name,) in found}
    ((user, schema),) = connection.execute("SELECT current_user, to_regnamespace('trailbook') IS NOT NULL").fetchall()
    statements = [SQL("CREATE ROLE {}").format(Identifier(role)) for role in ROLES if role not in there]
    if joined := [role for role in ROLES if not may_become(connection, role)]:
        roles = SQL(", ").join(map(Identifier, joined))
        statements.append(SQL("GRANT {} TO {}").format(roles, Identifier(user)))
    if not schema:
        statements.append(SQL("CREATE SCHEMA trailbook AUTHORIZATION {}").format(Identifier(OWNER)))
    return statements
