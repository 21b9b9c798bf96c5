"""Deliveries that cannot be made at all come to an end with their reason, and their files go away."""

from __future__ import annotations

from pathlib import Path

import pytest
from deliver.scheduled import ANN, Office

from trailbook.deliver import sources
from trailbook.deliver.channel import Message
from trailbook.deliver.deliveries import DEAD_LETTERS, DELIVERIES, MOST_TRIES, revive
from trailbook.errors import DiskFull, TooMuch
from trailbook.store.ports import Store


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Office:
    office = Office(store, tmp_path)
    office._failed = lambda task, error: None  # type: ignore[method-assign]
    return office


@pytest.mark.parametrize(
    "error", [DiskFull("There is no room."), TooMuch("That is too much.", retry_after=1), RuntimeError("?")]
)
def test_what_cannot_be_made_is_given_up_with_its_reason(
    office: Office, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sheets_of(*given: object) -> None:
        raise error

    monkeypatch.setattr(sources, "sheets_of", sheets_of)
    office.add(recipients=(ANN,))
    office.work(minutes=5)
    office.change(active=False)
    for _ in range(30):
        office.work(hours=4)
    (delivery,) = office.deliveries()
    assert (delivery.state, len(office.sent)) == ("dead", 0)
    assert str(error).rstrip("?") in delivery.error
    assert [one.value.id for one in DEAD_LETTERS.each(office.store, office.clock())] == [delivery.id]


def test_a_way_out_that_breaks_is_not_tried_for_ever(office: Office) -> None:
    def breaks(message: Message) -> None:
        raise RuntimeError

    office.fails = breaks
    office.add()
    office.work(minutes=5)
    office.change(active=False)
    for _ in range(30):
        office.work(hours=4)
    (delivery,) = office.deliveries()
    assert (delivery.state, delivery.uncertain) == ("dead", True)
    assert delivery.tries <= MOST_TRIES + 1


def test_files_of_a_delivery_that_is_tried_again_late_go_away_too(office: Office) -> None:
    """Those that were made first are long gone by then."""
    office.add()
    office.fails = lambda message: (_ for _ in ()).throw(RuntimeError)
    office.work(minutes=5)
    office.change(active=False)
    for _ in range(60):
        office.work(hours=4)
    files = office.folder / "files"
    assert list(files.iterdir()) == []
    (letter,) = DEAD_LETTERS.each(office.store, office.clock())
    found = DELIVERIES.find(office.store, letter.value.id, office.clock())
    assert found is not None
    office.fails = lambda message: None
    decided = revive(found, letter, office.clock())
    office.base.keep(decided.changed, removed=decided.removed)
    assert office.work(minutes=1) == 1
    assert len(list(files.iterdir())) == 1
    office.work(days=8)
    assert list(files.iterdir()) == []
