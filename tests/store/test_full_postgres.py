"""A disk of PostgreSQL's server that fills up, at each moment of an append: its answer is given in its place."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import postgres
import psycopg
import pytest
from sealed import seal, simple

from trailbook.directory.viewer import OPERATOR
from trailbook.errors import DiskFull
from trailbook.event.canonical import Sealed
from trailbook.query.tree import EVERYTHING
from trailbook.store.postgres.store import PostgresStore

FULL = """
    CREATE OR REPLACE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
"""
MOMENTS = {
    "numbers are given out": "CREATE TRIGGER full_disk BEFORE INSERT ON trailbook.token",
    "events are copied in": "CREATE TRIGGER full_disk BEFORE INSERT ON trailbook.event",
    "ids are kept": "CREATE TRIGGER full_disk BEFORE INSERT ON trailbook.identity",
    "books are closed": "CREATE TRIGGER full_disk BEFORE UPDATE ON trailbook.book",
    "all is committed": """
        CREATE CONSTRAINT TRIGGER full_disk AFTER UPDATE ON trailbook.book DEFERRABLE INITIALLY DEFERRED
    """,
}


def events(start: int, user: str) -> list[Sealed]:
    """Five events of a user."""
    return [seal(simple(number, user=user)) for number in range(start, start + 5)]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_full_disk_is_told_and_takes_nothing_along_and_once_there_is_room_all_goes_on(
    moment: str, tmp_path: Path
) -> None:
    first, second, third = (events(start, user) for start, user in ((0, "ann"), (5, "bob"), (10, "cleo")))
    with (
        closing(PostgresStore(postgres.url(tmp_path))) as store,
        psycopg.connect(postgres.owned(tmp_path), autocommit=True) as administrator,
    ):
        store.append(first)
        heads = store.heads(OPERATOR)
        administrator.execute(f"{FULL}; {MOMENTS[moment]} FOR EACH ROW EXECUTE FUNCTION public.full_disk()")
        for _ in range(2):
            with pytest.raises(DiskFull, match="disk is full; nothing of this batch was stored"):
                store.append(second)
            assert store.heads(OPERATOR) == heads
            assert store.count(OPERATOR, EVERYTHING) == len(first)
        administrator.execute("DROP FUNCTION public.full_disk() CASCADE")
        assert [one.status for one in store.append(second)] == ["stored"] * len(second)
        assert [one.position for one in store.append(third)] == [10, 11, 12, 13, 14]
        assert store.verify(heads, lambda done, total: None) == []
