"""The sections of a map that apply to a record, laid over each other and turned into an event."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any, cast, get_args

import msgspec

from ..errors import BadEvent
from ..event.ids import stable_id
from ..event.model import Event, Initiator, InitiatorType, Outcome, Target
from .paths import Fetch, as_text
from .sections import LISTS, TEXT_FIELDS, Sections, address, belongings
from .times import Moment

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_OUTCOMES = frozenset(get_args(Outcome))
_TYPES = frozenset(get_args(InitiatorType))
_MOST_NOTES = 100
_encoder = msgspec.json.Encoder(order="sorted")


class View(msgspec.Struct, frozen=True):
    """One event of a record: its own data, how paths see it, and what its envelope adds."""

    data: dict[str, Any]
    seen: dict[str, Any]
    zone: tzinfo | None = None
    time: datetime | None = None


class Plan:
    """What all sections together say, later ones winning field by field."""

    def __init__(self, name: str, sections: Sequence[Sections], notes: Counter[str]) -> None:
        event: dict[str, Any] = {}
        who: dict[str, Any] = {}
        acts_as: dict[str, Fetch] = {}
        lists: dict[str, list[Any]] = {key: [] for key in LISTS}
        for one in sections:
            event.update(one.event)
            who.update(one.initiator)
            acts_as.update(one.acts_as)
            for key in LISTS:
                lists[key] = [*one.lists.get(key, lists[key]), *one.lists.get(f"add_{key}", [])]
        self._name = name
        self._notes = notes
        self._id: Fetch | None = event.get("id")
        self._id_from: list[Fetch] = event.get("id_from", [])
        self._time: Moment | None = event.get("time")
        self._data: Fetch | None = event.get("data")
        self._texts: list[tuple[str, Fetch]] = [(key, event[key]) for key in TEXT_FIELDS if key in event]
        self._who_texts: list[tuple[str, Fetch]] = [(k, who[k]) for k in ("name", "tenant", "user_agent") if k in who]
        self._who_id: Fetch | None = who.get("id")
        self._who_type: Fetch | None = who.get("type")
        self._unnamed: str = who.get("unnamed", "")
        self._verified: bool = who.get("verified", True)
        self._ips: list[Fetch] = who.get("ip", [])
        self._belongings = [(key, who[key]) for key in ("groups", "roles") if key in who]
        self._acts_as = acts_as
        self._targets = lists["targets"]
        self._related = lists["related"]
        self._changes = lists["changes"]

    def event(self, view: View) -> Event:
        """The event of a record. Raises BadEvent."""
        seen = view.seen
        fields: dict[str, Any] = {}
        for key, fetch in self._texts:
            found = fetch(seen, seen)
            if found is not None:
                fields[key] = found if type(found) is str else as_text(found)
        for key in ("action", "resource"):
            if not fields.get(key):
                raise BadEvent(
                    f"The record has nothing that map {self._name} takes for its {key}.",
                    place=key,
                    remedy="Check that the file is in this format, or give the map a fallback.",
                )
        fields.setdefault("application", self._name)
        outcome = fields.get("outcome")
        if outcome is not None and outcome not in _OUTCOMES:
            self._note(f"outcome {outcome[:50]!r} is not known to the map: taken as unknown")
            fields["outcome"] = "unknown"
        named = as_text(self._who_id(seen, seen)) if self._who_id is not None else ""
        initiator = self._initiator(seen, named)
        if initiator is not None:
            fields["initiator"] = initiator
        targets = self._affected(seen, initiator if named else None)
        if targets:
            fields["targets"] = targets
        if self._related and (related := tuple(dict.fromkeys(one for make in self._related for one in make(seen)))):
            fields["related"] = related
        if self._changes:
            found_changes: dict[str, Any] = {}
            for make in self._changes:
                found_changes.update(make(seen))
            if found_changes:
                fields["changes"] = found_changes
        fields["data"] = view.data if self._data is None else self._data(seen, seen)
        return Event(id=self._event_id(view), occurred_at=self._moment(view), **fields)

    def _moment(self, view: View) -> datetime:
        try:
            if self._time is None:
                raise BadEvent("The map names no time.", place="occurred_at", remedy="Add `time` to its [event].")
            return self._time(view.seen, view.seen, view.zone)
        except BadEvent:
            if view.time is None:
                raise
            return view.time

    def _event_id(self, view: View) -> str:
        seen = view.seen
        native = as_text(self._id(seen, seen)) if self._id is not None else ""
        if native:
            return native.lower() if _UUID.fullmatch(native) else hashed_id(self._name, native.encode())
        parts = [fetch(seen, seen) for fetch in self._id_from]
        if parts and None not in parts:  # with one missing, what is left may be the same for many records
            return hashed_id(self._name, _encoder.encode(parts))
        return hashed_id(self._name, _encoder.encode(view.data))

    def _initiator(self, seen: Any, named: str) -> Initiator | None:
        """Who did it. Where nobody is named, an address makes someone unnamed and unproven, if the map says so."""
        fields: dict[str, Any] = {}
        for fetch in self._ips:
            found = fetch(seen, seen)
            if found is not None and (ip := address(as_text(found))):
                fields["ip"] = ip
                break
        id = named or (self._unnamed if "ip" in fields else "")
        if not id:
            return None
        for key, fetch in self._who_texts:
            found = fetch(seen, seen)
            if found is not None:
                fields[key] = as_text(found)
        if self._who_type is not None and (found := self._who_type(seen, seen)) is not None:
            if found in _TYPES:
                fields["type"] = cast(InitiatorType, found)
            else:
                self._note(f"initiator type {as_text(found)[:50]!r} is not known to the map: taken as user")
        for key, makers in self._belongings:
            fields[key] = belongings(makers, seen)
        other = self._other(seen) if self._acts_as else None
        if other is not None and (other.id != id or other.tenant not in ("", fields.get("tenant", ""))):
            fields["acts_as"] = other  # who is named twice acts as nobody else
        return Initiator(id=id, verified=self._verified and bool(named), **fields)

    def _other(self, seen: Any) -> Target | None:
        found = {key: as_text(fetch(seen, seen)) for key, fetch in self._acts_as.items()}
        if not found.get("id"):
            return None
        kind = found.get("kind") or "user"
        return Target(kind=kind, id=found["id"], name=found.get("name", ""), tenant=found.get("tenant", ""))

    def _affected(self, seen: Any, named: Initiator | None) -> tuple[Target, ...]:
        """The targets, each once; with a claimed and unproven identity, the account claimed is one of them."""
        found: dict[tuple[str, str, str], Target] = {}
        for make in self._targets:
            for one in make(seen):
                found.setdefault((one.kind, one.tenant, one.id), one)
        if named is not None and not named.verified:
            claimed = Target(kind="user", id=named.id, name=named.name, tenant=named.tenant)
            found.setdefault(("user", claimed.tenant, claimed.id), claimed)
        return tuple(found.values())

    def _note(self, text: str) -> None:
        if text in self._notes or len(self._notes) < _MOST_NOTES:
            self._notes[text] += 1


def hashed_id(name: str, native: bytes) -> str:
    """A UUID that is always the same for the same map and bytes."""
    return stable_id(b"trailbook map\0" + name.encode() + b"\0" + native)
