"""What an import changes in the directory: rows to add and open rows to close; what was known is never rewritten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from .directory import Directory
from .model import END, Changes, Incoming, Membership, Profile, end, start

R = TypeVar("R", Profile, Membership)
K = TypeVar("K", bound=Hashable)


class _State(NamedTuple):
    """From `since` on, and until the next state, just these values: a name, or groups."""

    since: datetime
    values: frozenset[Hashable]


def merge(directory: Directory, incoming: Incoming, moment: datetime) -> Changes:
    """What makes the directory say what `incoming` says as of `moment` (UTC); merging the same again changes nothing.

    - A row's own `valid_from` and `valid_to` win; without them it holds from `moment` on.
    - A new name ends the one before, and a complete list of groups or roles ends those that it leaves out: when the
      new row begins or, if the old one began no earlier, at `moment`. Parties that are not mentioned stay as they are.
    - A row that has an end ends what is open: a user's deletion, a membership's end. Past rows stay for ever.
    """
    added_profiles: list[Profile] = []
    closed_profiles: list[Profile] = []
    held_profiles = _by(directory.profiles, Profile.party)
    for party, profiles in _by(incoming.profiles, Profile.party).items():
        told = [_dated(row, moment) for row in profiles]
        states = [_State(start(row), frozenset((row.name,))) for row in told if row.name and row.valid_to is None]
        new, ended = _compare(held_profiles.get(party, []), told, states, lambda row: row.name, moment, one_only=True)
        added_profiles += new
        closed_profiles += ended

    added_memberships: list[Membership] = []
    closed_memberships: list[Membership] = []
    held_memberships = _by(directory.memberships, _slot)
    told_memberships = _by(incoming.memberships, _slot)
    lists: dict[tuple[str, str, str], set[datetime | None]] = defaultdict(set)
    for tenant, user, kind, since in incoming.complete:
        lists[tenant, user, kind].add(since)
    for slot in [*told_memberships, *(slot for slot in lists if slot not in told_memberships)]:
        rows = told_memberships.get(slot, [])
        states = [_list_state(rows, since, lists[slot], moment) for since in lists.get(slot, ())]
        dated = [_dated(row, moment) for row in rows]
        joined, left = _compare(held_memberships.get(slot, []), dated, states, Membership.party, moment)
        added_memberships += joined
        closed_memberships += left
    return Changes(tuple(added_profiles), tuple(closed_profiles), tuple(added_memberships), tuple(closed_memberships))


def _slot(row: Membership) -> tuple[str, str, str]:
    return row.tenant, row.user, row.kind


def _by(rows: Iterable[R], key: Callable[[R], K]) -> dict[K, list[R]]:
    found: dict[K, list[R]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _dated(row: R, moment: datetime) -> R:
    """The row with a beginning: its own, else `moment`, but not after its end."""
    return row if row.valid_from is not None else replace(row, valid_from=min(moment, row.valid_to or END))


def _list_state(
    rows: list[Membership], since: datetime | None, starts: set[datetime | None], moment: datetime
) -> _State:
    """What a complete list says: its own groups or roles, and those that the file tells one by one."""
    values = {
        row.party()
        for row in rows
        if row.valid_to is None and (row.valid_from == since or row.valid_from not in starts)
    }
    return _State(since or moment, frozenset(values))


def _compare(
    held: list[R],
    told: list[R],
    states: list[_State],
    value: Callable[[R], Hashable],
    moment: datetime,
    *,
    one_only: bool = False,
) -> tuple[list[R], list[R]]:
    """The rows to add and the closed rows. `one_only`: values exclude each other, as names do; an empty one is none."""
    states = sorted(states, key=lambda state: state.since)
    told = sorted((_ended_by_next(row, states, value(row)) for row in told), key=start)
    known: list[R] = []
    closed: list[R] = []
    for row in held:
        about = [one for one in told if one_only or value(one) == value(row)]
        if row.valid_to is None and (until := _ending(row, about, states, value(row), moment)) is not None:
            row = replace(row, valid_to=until)
            closed.append(row)
        known.append(row)
    added: list[R] = []
    for row in told:
        if not any(
            value(row) in ("", value(one)) and start(one) <= start(row) and end(row) <= end(one) for one in known
        ):
            known.append(row)
            added.append(row)
    return added, closed


def _ended_by_next(row: R, states: list[_State], value: Hashable) -> R:
    """The row, ended by the first later state that is without it."""
    if row.valid_to is None:
        for state in states:
            if start(row) < state.since and value not in state.values:
                return replace(row, valid_to=state.since)
    return row


def _ending(row: R, told: list[R], states: list[_State], value: Hashable, moment: datetime) -> datetime | None:
    """When a row that is open in the directory has ended, by what is told of it; None if it has not."""
    if told and all(one.valid_to is not None for one in told):
        ends = [end(one) for one in told if start(row) < end(one)]
        if ends:
            return max(ends)
    ended = _ended_by_next(row, states, value).valid_to
    if ended is None and states and value not in states[-1].values and start(row) <= moment:
        return moment
    return ended
