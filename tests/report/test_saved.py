"""Saved reports: what they ask for, what is refused, and with whom they are shared."""

from __future__ import annotations

from typing import Any

import pytest

from trailbook.errors import BadDefinition, BadQuery
from trailbook.report.saved import SavedReport, Share, Sharer, check, is_shared

DEFAULTS = {"zone": "Europe/Berlin", "locale": "de"}


def report(definition: dict[str, Any] | None = None, *sharing: Share) -> SavedReport:
    return SavedReport("r1", "a-1", "acme", "Failures", definition or {}, sharing=sharing)


def test_it_asks_under_its_title_with_what_is_usual_where_it_is_silent() -> None:
    asks = report({"query": "outcome:failure", "locale": "fr"}).asks(DEFAULTS)
    assert (asks.title, asks.query, asks.zone, asks.locale) == ("Failures", "outcome:failure", "Europe/Berlin", "fr")


@pytest.mark.parametrize(
    ("definition", "error", "place"),
    [
        ({"columns": ["nothing"]}, BadDefinition, "columns"),
        ({"title": "Other"}, BadDefinition, "definition.title"),
        ({"query": "("}, BadQuery, "query, character 2"),
        ({"limit": "x"}, BadDefinition, "limit"),
        ({"query": "action:" + "x" * 66_000}, BadDefinition, "definition"),
    ],
)
def test_what_could_not_be_run_is_refused(definition: dict[str, Any], error: type[Exception], place: str) -> None:
    with pytest.raises(error) as refused:
        check(report(definition), DEFAULTS)
    assert refused.value.place == place  # type: ignore[attr-defined]


def test_what_can_be_run_is_taken_as_it_is() -> None:
    kept = report({"query": "user:ann", "columns": ["id", {"key": "action", "label": "Did"}]})
    assert check(kept, DEFAULTS) is kept


OWNER = Sharer("a-1", "acme")
OTHER = Sharer("a-2", "acme", frozenset(("g1",)), "reader")
STRANGER = Sharer("a-3", "globex", frozenset(("g1",)), "reader")
NOBODY = Sharer("a-4", "acme")


@pytest.mark.parametrize(
    ("sharing", "other", "nobody"),
    [
        ((), False, False),
        ((Share("tenant"),), True, True),
        ((Share("group", "g1"),), True, False),
        ((Share("group", "g2"),), False, False),
        ((Share("role", "reader"),), True, False),
        ((Share("role", "analyst"), Share("group", "g1")), True, False),
        ((Share("role", ""),), False, False),
    ],
)
def test_it_is_shared_within_its_tenant_only(sharing: tuple[Share, ...], other: bool, nobody: bool) -> None:
    kept = report(None, *sharing)
    assert [is_shared(kept, who) for who in (OWNER, OTHER, STRANGER, NOBODY)] == [True, other, False, nobody]


def test_who_has_gone_to_another_tenant_leaves_it_behind() -> None:
    assert not is_shared(report(), Sharer("a-1", "globex"))
