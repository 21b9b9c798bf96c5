"""How PostgreSQL goes about the reads: each trap that was measured before (design, section 5) is kept out of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import postgres
import pytest
from sealed import NOON, seal, simple

from trailbook.directory.viewer import OPERATOR, Viewer, parse_viewer
from trailbook.event.model import PartyKey
from trailbook.query.tree import EVERYTHING, And, Condition, Field, Not, Occurred, Or, Parties
from trailbook.store.keys import microseconds
from trailbook.store.postgres import connect, rows
from trailbook.store.postgres.months import month_of
from trailbook.store.postgres.store import PostgresStore

EVENTS, MONTHS = 3_000, 3
LAST = NOON + timedelta(days=31 * (MONTHS - 1))
BUSY, RARE, UNUSUAL = (PartyKey("user", "acme", user) for user in ("busy", "rare", "unusual"))
ACME = parse_viewer("tenant:acme")
Plan = dict[str, Any]


def user(number: int) -> str:
    """Of 1,000 events, one is of the rare user, ten are of the unusual one, and half of the rest of the busy one."""
    return "rare" if number % 1_000 == 7 else "unusual" if number % 100 == 3 else "busy" if number % 2 else f"u{number}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresStore]:
    """Some months of events in two books."""
    with closing(PostgresStore(postgres.url(tmp_path_factory.mktemp("plans")))) as made:
        for month in range(MONTHS):
            made.append([
                seal(simple(
                    month * EVENTS + n,
                    at=NOON + timedelta(days=31 * month, seconds=n),
                    tenant="globex" if n % 5 == 0 else "acme",
                    user=user(n),
                    action="play" if n % 3 else "stop",
                ))
                for n in range(EVENTS)
            ])  # fmt: skip
        made._busyness.flush()
        yield made


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans of what is asked for events from now on, as they were gone through."""
    seen: list[Plan] = []
    original = connect.Connection.rows

    def asked(self: connect.Connection, sql: str, values: Any = None, way: connect.Way = "any") -> list[connect.Row]:
        found = original(self, sql, values, way)
        if "trailbook.seen" in sql:
            explained = original(self, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values, way)
            seen.append(explained[0][0][0]["Plan"])
        return found

    monkeypatch.setattr(connect.Connection, "rows", asked)
    return seen


def nodes(plan: Plan) -> Iterator[Plan]:
    """All steps of a plan."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def steps(plans: list[Plan]) -> list[Plan]:
    """The steps of some plans that read events, but for those never come to."""
    return [
        node
        for plan in plans
        for node in nodes(plan)
        if "event_" in node.get("Relation Name", node.get("Index Name", "")) and node["Actual Loops"]
    ]


def indexes(plans: list[Plan]) -> set[str]:
    """Which kinds of index some plans use."""
    names = [node["Index Name"] for node in steps(plans) if "Index Name" in node]
    return {"tokens" if "tokens" in name else "time" for name in names}


def kinds(plans: list[Plan]) -> set[str]:
    """The kinds of the steps that read events."""
    return {node["Node Type"] for node in steps(plans)}


@pytest.mark.parametrize("viewer", [OPERATOR, ACME], ids=["root", "tenant"])
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_page_of_who_is_rare_comes_by_the_index_of_tokens(
    store: PostgresStore, plans: list[Plan], viewer: Viewer, order: Any
) -> None:
    page = store.page(viewer, Parties((RARE,)), order=order)
    assert len(page.rows) == sum(user(n) == "rare" and n % 5 > 0 for n in range(EVENTS)) * MONTHS
    assert indexes(plans) == {"tokens"}
    assert "Seq Scan" not in kinds(plans)


@pytest.mark.parametrize("viewer", [OPERATOR, ACME], ids=["root", "tenant"])
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_page_of_who_is_busy_comes_by_the_index_of_time_and_looks_at_few_rows(
    store: PostgresStore, plans: list[Plan], viewer: Viewer, order: Any
) -> None:
    assert len(store.page(viewer, Parties((BUSY,)), order=order).rows) == 50
    assert indexes(plans) == {"time"}
    assert kinds(plans) <= {"Index Scan", "Index Only Scan"}
    assert sum(node["Actual Rows"] for node in steps(plans)) < 300


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_page_of_who_is_busy_but_was_asleep_comes_by_the_index_of_time_all_the_same(
    tmp_path: Path, plans: list[Plan], monkeypatch: pytest.MonkeyPatch, order: Any
) -> None:
    many, asleep = 6_000, 300
    monkeypatch.setattr(rows, "PATIENCE", 1)
    with closing(PostgresStore(postgres.url(tmp_path))) as store:
        users = ["busy" if n % 2 and asleep < n < many - asleep else "other" for n in range(many)]
        store.append([seal(simple(n, at=NOON + timedelta(seconds=n), user=one)) for n, one in enumerate(users)])
        assert len(store.page(OPERATOR, Parties((BUSY,)), order=order).rows) == 50
    assert len(plans) == 2
    assert indexes(plans) == {"time"}


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_of_who_is_rather_busy_look_at_some_days_first_and_leave_none_out(
    tmp_path: Path, plans: list[Plan], monkeypatch: pytest.MonkeyPatch, order: Any
) -> None:
    monkeypatch.setattr(rows, "BY_STATEMENT", 0.0)
    monkeypatch.setattr(rows, "BY_TIME", 100.0)
    monkeypatch.setattr(rows, "PATIENCE", 1)
    many = 1_000
    # On every other day of three months somebody else is there, too; in the middle nobody is for a while.
    times = [NOON + timedelta(days=(n * 60 // many) + 30 * (n > many // 2), seconds=n) for n in range(many)]
    users = ["unusual" if at.day % 2 and n % 2 else "other" for n, at in enumerate(times)]
    with closing(PostgresStore(postgres.url(tmp_path))) as store:
        store.append([seal(simple(n, at=at, user=one)) for n, (at, one) in enumerate(zip(times, users, strict=True))])
        store._busyness.flush()
        found, cursor = [], None
        while not found or cursor:
            page = store.page(OPERATOR, Parties((UNUSUAL,)), order=order, cursor=cursor, limit=7)
            found += [row.event.occurred_at for row in page.rows]
            cursor = page.after
    theirs = [at for at, one in zip(times, users, strict=True) if one == "unusual"]
    assert found == (theirs if order == "oldest" else theirs[::-1])
    conditions = [node.get("Index Cond", "") for plan in plans for node in nodes(plan)]
    on_days = [condition for condition in conditions if condition.count("tokens") == 2]
    assert len(on_days) > 5


def test_of_times_that_no_clock_shows_no_days_are_looked_at_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BY_STATEMENT", 0.0)
    monkeypatch.setattr(rows, "BY_TIME", 100.0)
    far = NOON.replace(year=2150)
    with closing(PostgresStore(postgres.url(tmp_path))) as store:
        store.append([seal(simple(n, at=far + timedelta(days=n), user="busy")) for n in range(200)])
        store._busyness.flush()
        found = store.page(OPERATOR, Parties((BUSY,)), limit=3).rows
    assert [row.event.occurred_at for row in found] == [far + timedelta(days=199 - n) for n in range(3)]


def test_a_page_of_everything_sorts_nothing_and_looks_at_no_more_than_it_shows(
    store: PostgresStore, plans: list[Plan]
) -> None:
    assert len(store.page(OPERATOR, EVERYTHING).rows) == 50
    assert indexes(plans) == {"time"}
    assert all(node["Node Type"] != "Sort" for plan in plans for node in nodes(plan))
    assert sum(node["Actual Rows"] for node in steps(plans)) <= 51


def test_a_page_that_the_newest_month_fills_looks_at_no_other(store: PostgresStore, plans: list[Plan]) -> None:
    newest = month_of(microseconds(LAST)).name
    for condition in (EVERYTHING, Parties((BUSY,)), Parties((UNUSUAL,))):
        plans.clear()
        limit = 20 if condition == Parties((UNUSUAL,)) else 50
        assert len(store.page(OPERATOR, condition, limit=limit).rows) == limit
        touched = {
            node["Relation Name"] for node in steps(plans) if node.get("Actual Rows") and "Relation Name" in node
        }
        assert touched == {newest}


def test_a_following_page_begins_where_the_last_one_ended(store: PostgresStore, plans: list[Plan]) -> None:
    first = store.page(OPERATOR, Parties((BUSY,)))
    for _ in range(5):
        plans.clear()
        page = store.page(OPERATOR, Parties((BUSY,)), cursor=first.after)
        first = page
        assert len(page.rows) == 50
        assert sum(node["Actual Rows"] for node in steps(plans)) < 300


def test_what_was_thought_busy_and_is_not_there_is_looked_for_by_its_tokens(
    store: PostgresStore, plans: list[Plan]
) -> None:
    never = And((Parties((BUSY,)), Field("book", ("globex",)), Occurred(LAST + timedelta(hours=2))))
    assert store.page(OPERATOR, never).rows == ()
    assert sum(node["Actual Rows"] for node in steps(plans)) == 0


@pytest.mark.parametrize(
    ("condition", "operators"),
    [
        (Parties((RARE,)), {"@>", "&&"}),
        (And((Parties((RARE,), "by"), Field("action", ("play",)))), {"@>"}),
        (Or((Parties((RARE,), "by"), Parties((UNUSUAL,), "by"))), {"&&"}),
        (And((Parties((RARE,), "by"), Not(Field("action", ("play",))))), {"&&", "@>"}),
    ],
    ids=["one", "and", "or", "not"],
)
def test_all_tokens_of_a_condition_are_looked_up_in_the_index_but_for_those_that_must_not_be_there(
    store: PostgresStore, plans: list[Plan], condition: Condition, operators: set[str]
) -> None:
    store.count(OPERATOR, condition)
    looked_up = [node["Index Cond"] for node in steps(plans) if "tokens" in node.get("Index Name", "")]
    assert len(looked_up) >= MONTHS
    assert all(any(operator in one for operator in operators) for one in looked_up)
    assert all("NOT" not in one for one in looked_up)
    assert all(
        node["Rows Removed by Index Recheck"] == 0 for node in steps(plans) if "Rows Removed by Index Recheck" in node
    )
    assert "Seq Scan" not in kinds(plans)


def test_a_period_leaves_out_the_months_outside_of_it(store: PostgresStore, plans: list[Plan]) -> None:
    first = month_of(microseconds(NOON)).name
    until = NOON + timedelta(days=1)
    assert store.count(OPERATOR, Occurred(None, until)) == EVENTS
    store.page(OPERATOR, And((Parties((RARE,)), Occurred(None, until))))
    assert {node["Relation Name"] for node in steps(plans) if "Relation Name" in node} == {first}


def test_no_statement_is_prepared_so_that_each_is_planned_with_its_values(store: PostgresStore) -> None:
    for _ in range(12):
        store.page(OPERATOR, Parties((RARE,)))
        store.parties(OPERATOR, "user", "rare")
    with store._database.reading(None) as connection:
        assert connection.rows("SELECT count(*) FROM pg_prepared_statements") == [(0,)]
        assert connection.rows("SHOW plan_cache_mode") == [("force_custom_plan",)]


def test_the_policy_of_the_table_would_keep_a_search_from_the_index_which_the_view_does_not(
    store: PostgresStore,
) -> None:
    sql = "EXPLAIN (FORMAT JSON) SELECT count(*) FROM trailbook.{} WHERE tokens @> '{{1}}'::int[]"
    number = store._numbers.book("acme")
    with store._database.reading(number) as connection:
        of_table, of_view = (
            {
                node.get("Index Name", "")
                for node in nodes(connection.rows(sql.format(name), way="tokens")[0][0][0]["Plan"])
            }
            for name in ("event", "seen")
        )
    assert not any("tokens" in name for name in of_table)
    assert any("tokens" in name for name in of_view)
