"""Maps of other systems' records onto events: loading them, and choosing what of a map applies to a record."""

from __future__ import annotations

import tomllib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, tzinfo
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from ..errors import BadEvent, BadMap
from ..event.model import Event
from .conditions import Test, condition
from .paths import Compiler, Fetch, as_text
from .plan import Plan, View, hashed_id
from .read import CsvShape
from .sections import LISTS, Sections, check_keys
from .shaping import Shape
from .times import Moment, moment, zone
from .values import value

NATIVE = "native"
_LARGEST_MAP = 1 << 20
_ABOUT = ("title", "description", "docs", "detect", "csv")
_MAP_KEYS = (*_ABOUT, "record", "tables", "event", "initiator", *LISTS, "rule")
_RULE_KEYS = ("title", "when", "event", "initiator", *LISTS, *(f"add_{key}" for key in LISTS))


class UnknownType(BadEvent):
    """A record of a type that no map is named for; `type` is what its envelope says."""

    def __init__(self, type: str, place: str) -> None:
        super().__init__(
            f"No map is named for records of type {type!r}.",
            place=place,
            remedy="Name one in the [envelope.maps] of a map of your own and import with --map.",
        )
        self.type = type


class MapInfo(Struct, frozen=True):
    """What is known of a shipped map; `docs` are the addresses of the vendor's documentation that it follows."""

    name: str
    title: str
    description: str
    docs: tuple[str, ...]


class Mapping(Protocol):
    """A format: what turns records into events."""

    name: str
    title: str
    csv: CsvShape | None
    notes: Counter[str]
    shipped: bool

    def events(self, record: Any) -> list[Event]:
        """The events of a record, as submissions. Raises BadEvent."""

    def convert(self, record: Any) -> Event:
        """The event of a record that holds one. Raises BadEvent, also if it holds several."""

    def detects(self, record: Any) -> bool:
        """Whether the record is one of this format."""

    def chosen(self, record: Any) -> str:
        """The name of the map that the record goes through; empty if none is named for it."""

    def unmatched(self) -> list[str]:
        """The paths that were tried, and found nothing in any record so far."""


class _About(ABC):
    """What every kind of map has: a name, a title, a test for its records, notes on what it could not place."""

    def __init__(self, compiler: Compiler, table: dict[str, Any]) -> None:
        self.name = compiler.name
        for key, kind in (("title", str), ("description", str), ("docs", list)):
            if not isinstance(table.get(key, kind()), kind):
                raise compiler.error(
                    key, f"This must be a {'text' if kind is str else 'list of addresses'}.", "Correct it."
                )
        self.title: str = table.get("title", self.name)
        self.csv = _csv(compiler, table["csv"]) if "csv" in table else None
        self.shipped = False
        self.notes: Counter[str] = Counter()
        own = Compiler(compiler.name)  # detection must not count as a use of the map's paths
        self._detect: Test | None = condition(own, table["detect"], "detect") if "detect" in table else None

    def detects(self, record: Any) -> bool:
        """Whether the record is one of this format."""
        return isinstance(record, dict) and self._detect is not None and self._detect(record, record)

    def chosen(self, record: Any) -> str:
        """The name of the map that the record goes through: this one."""
        return self.name

    @abstractmethod
    def events(self, record: Any) -> list[Event]:
        """The events of a record."""

    def convert(self, record: Any) -> Event:
        """The event of a record that holds one. Raises BadEvent, also if it holds several."""
        made = self.events(record)
        if len(made) != 1:
            raise BadEvent(f"The record holds {len(made)} events.", remedy="Take them with events().")
        return made[0]


class RecordMap(_About):
    """A map of one system's records."""

    def __init__(self, name: str, table: dict[str, Any], otherwise_zone: str = "") -> None:
        record = table.get("record", {})
        empty = record.get("empty", []) if isinstance(record, dict) else []
        compiler = Compiler(name)
        check_keys(compiler, table, _MAP_KEYS, "")
        if not isinstance(empty, list) or not all(isinstance(one, str) for one in empty):
            raise compiler.error("record.empty", "This must be a list of texts.", 'Write it like ["-", "N/A"].')
        super().__init__(compiler, table)
        compiler = Compiler(name, frozenset(empty), table.get("tables"))
        self._uses = compiler.uses
        self._shape = Shape(compiler, check_keys(compiler, record, record, "record"))
        zone_name = record.get("zone", otherwise_zone)
        self._zone = zone(compiler, zone_name, "record.zone") if zone_name else None
        self._base = Sections(compiler, table, "")
        for key in ("action", "resource", "time"):
            if key not in self._base.event:
                raise compiler.error("event", f"{key!r} is missing.", f"Say where a record holds its {key}.")
        self._rules = _Rules(compiler, table.get("rule", []))
        self._plans: dict[tuple[int, ...], Plan] = {}

    def events(self, record: Any, within: tzinfo | None = None, otherwise: datetime | None = None) -> list[Event]:
        """The events of a record. `within` is the zone of times without one, `otherwise` the time if there is none.

        Raises BadEvent that says which field of the event could not be made.
        """
        if not isinstance(record, dict):
            raise BadEvent("The record is not a JSON object.", remedy="Check that the file is in this format.")
        made: list[Event] = []
        ids: Counter[str] = Counter()
        for data, seen in self._shape.views(record):
            rules = self._rules.that_hold(seen)
            plan = self._plans.get(rules)
            if plan is None:
                plan = self._plans[rules] = Plan(self.name, [self._base, *self._rules.sections(rules)], self.notes)
            event = plan.event(View(data, seen, within or self._zone, otherwise))
            earlier = ids[event.id]
            ids[event.id] += 1
            if earlier:  # several events of one record have the record's id; one with its own has it also when alone
                event = msgspec.structs.replace(event, id=hashed_id(self.name, f"{event.id}#{earlier}".encode()))
            made.append(event)
        return made

    def unmatched(self) -> list[str]:
        """The paths that were tried, and found nothing in any record so far, as `place: path`."""
        found = {use.text for use in self._uses if use.found}
        return [f"{use.place}: {use.text}" for use in self._uses if use.tried and use.text not in found]


class _Rules:
    """The rules of a map. Those that ask for a value of the path most asked for are found by that value."""

    def __init__(self, compiler: Compiler, tables: Any) -> None:
        if not isinstance(tables, list):
            raise compiler.error("rule", "This must be a list of tables.", "Write each as [[rule]].")
        self._sections: list[Sections] = []
        self._tests: list[Test] = []
        asked: Counter[str] = Counter()
        for at, table in enumerate(tables):
            title = table.get("title") if isinstance(table, dict) else None
            place = f"rule {at + 1}" + (f" ({title})" if title else "")
            check_keys(compiler, table, _RULE_KEYS, place)
            if "when" not in table:
                raise compiler.error(place, "'when' is missing.", "Say when the rule applies.")
            self._tests.append(condition(compiler, table["when"], f"{place}, when"))
            self._sections.append(Sections(compiler, table, f"{place}, "))
            asked.update(key for key, wanted in table["when"].items() if _asks_for_values(key, wanted))
        self._path: Fetch | None = None
        key = ""
        if asked:
            key = asked.most_common(1)[0][0]
            self._path = Compiler(compiler.name, compiler.empty).path(key, "rule")
        self._always: list[int] = []
        by_value: dict[str, list[int]] = {}
        for at, table in enumerate(tables):
            wanted = table["when"].get(key)
            if key and _asks_for_values(key, wanted):
                for one in wanted if isinstance(wanted, list) else [wanted]:
                    by_value.setdefault(as_text(one), []).append(at)
            else:
                self._always.append(at)
        self._by_value = {text: sorted({*found, *self._always}) for text, found in by_value.items()}

    def that_hold(self, seen: Any) -> tuple[int, ...]:
        """The numbers of the rules whose condition the record meets, in order."""
        candidates = self._always
        if self._path is not None:
            candidates = self._by_value.get(as_text(self._path(seen, seen)), candidates)
        return tuple([at for at in candidates if self._tests[at](seen, seen)])

    def sections(self, rules: tuple[int, ...]) -> list[Sections]:
        """What these rules say."""
        return [self._sections[at] for at in rules]


def _asks_for_values(key: str, wanted: Any) -> bool:
    return "[*]" not in key and key not in ("any", "all", "none") and isinstance(wanted, (str, int, float, list))


class EnvelopeMap(_About):
    """A map that takes records out of an envelope and hands them to the map that the envelope names."""

    def __init__(self, name: str, table: dict[str, Any], load: Callable[[str], Mapping]) -> None:
        compiler = Compiler(name)
        check_keys(compiler, table, (*_ABOUT, "envelope"), "")
        super().__init__(compiler, table)
        envelope = check_keys(compiler, table["envelope"], ("record", "choose", "zone", "time", "maps"), "envelope")
        if "choose" not in envelope:
            raise compiler.error("envelope", "'choose' is missing.", "Name the field that says which map to take.")
        self._record: Fetch = compiler.path(envelope.get("record", "$"), "envelope.record")
        self._choose: Fetch = value(compiler, envelope["choose"], "envelope.choose")
        self._time: Moment | None = moment(compiler, envelope["time"], "envelope.time") if "time" in envelope else None
        self._zone = zone(compiler, envelope["zone"], "envelope.zone") if "zone" in envelope else None
        names = envelope.get("maps", {})
        if not isinstance(names, dict) or not names or not all(isinstance(one, str) for one in names.values()):
            raise compiler.error(
                "envelope.maps", "This must be a table of maps' names.", 'E.g. "Okta.SystemLog" = "okta".'
            )
        loaded = {one: load(one) for one in set(names.values())}
        self._maps: dict[str, RecordMap] = {}
        for type, one in names.items():
            inner = loaded[one]
            if not isinstance(inner, RecordMap):
                raise compiler.error(
                    f"envelope.maps.{type}", f"{one!r} cannot stand in an envelope.", "Name a plain map."
                )
            self._maps[type] = inner
            inner.notes = self.notes

    def events(self, record: Any) -> list[Event]:
        """The events of a record. Raises UnknownType where the envelope names no map, and BadEvent."""
        if not isinstance(record, dict):
            raise BadEvent("The record is not a JSON object.", remedy="Check that the file is in this format.")
        type = as_text(self._choose(record, record))
        inner = self._maps.get(type)
        if inner is None:
            raise UnknownType(type[:200], f"map {self.name}")
        otherwise = None
        if self._time is not None:
            with suppress(BadEvent):  # then the record must have a time of its own
                otherwise = self._time(record, record, self._zone)
        return inner.events(self._record(record, record), self._zone, otherwise)

    def chosen(self, record: Any) -> str:
        """The name of the map that the envelope names; empty if it names none."""
        inner = self._maps.get(as_text(self._choose(record, record)))
        return inner.name if inner is not None else ""

    def unmatched(self) -> list[str]:
        """None: a mixed file need not hold every field of every system."""
        return []


class NativeMap(_About):
    """Trailbook's own format: nothing to map."""

    def events(self, record: Any) -> list[Event]:
        """The event of a record. Raises BadEvent."""
        try:
            return [msgspec.convert(record, Event)]
        except msgspec.ValidationError as error:
            raise BadEvent(f"{error}.", remedy="See `trailbook formats show native`.") from None

    def unmatched(self) -> list[str]:
        """None: there are no paths."""
        return []


def _csv(compiler: Compiler, table: Any) -> CsvShape:
    check_keys(compiler, table, ("delimiter", "header", "columns"), "csv")
    try:
        shape = msgspec.convert(table, CsvShape)
    except msgspec.ValidationError as error:
        raise compiler.error("csv", f"{error}.", 'E.g. delimiter = ";", header = false, columns = ["time"].') from None
    if len(shape.delimiter) != 1 or (not shape.header and not shape.columns):
        raise compiler.error(
            "csv", "The delimiter is one character, and without a header columns are needed.", "Correct it."
        )
    return shape


def load_map(name: str, zone: str = "") -> Mapping:
    """The map of a shipped format (`okta`) or of a file (`my/app.toml`). Raises BadMap.

    `zone` is that of times which carry none, where the map does not say.
    """
    if not name.endswith(".toml"):
        mapping = _build(name, _parse(name, map_text(name)), zone, load_map)
        mapping.shipped = True
        return mapping
    path = Path(name)
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_MAP + 1)
        if len(raw) > _LARGEST_MAP:
            raise BadMap("The map is larger than 1 MiB.", place=name, remedy="Is this a map?")
        text = raw.decode()
    except OSError as error:
        raise BadMap(
            f"The map cannot be read: {error.strerror}.", place=name, remedy="Check the path and its rights."
        ) from None
    except UnicodeDecodeError:
        raise BadMap("The map is not UTF-8.", place=name, remedy="Save it as UTF-8.") from None

    def beside(other: str) -> Mapping:
        return load_map(str(path.parent / other) if other.endswith(".toml") else other)

    return _build(path.stem, _parse(name, text), zone, beside)


def _parse(place: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also of a number of too many digits
        raise BadMap(f"The map is not valid TOML: {error}.", place=place, remedy="Correct that line.") from None
    except RecursionError:
        raise BadMap("The map is nested too deeply.", place=place, remedy="Is this a map?") from None


def _build(name: str, table: dict[str, Any], zone: str, load: Callable[[str], Mapping]) -> Mapping:
    if name == NATIVE:
        return NativeMap(Compiler(name), table)
    if "envelope" in table:
        return EnvelopeMap(name, table, load)
    return RecordMap(name, table, zone)


def map_text(name: str) -> str:
    """The text of a shipped map. Raises BadMap that suggests the format that was meant."""
    known = _names()
    if name not in known:
        meant = get_close_matches(name, known, 1)
        hint = f"Did you mean {meant[0]}? " if meant else ""
        raise BadMap(
            f"There is no format {name!r}.", remedy=f"{hint}Known are: {', '.join(known)}; or give a file.toml."
        )
    return (resources.files(__package__) / "maps" / f"{name}.toml").read_text("utf-8")


def shipped_maps() -> list[MapInfo]:
    """All shipped maps, by name."""
    found = []
    for name in _names():
        table = _parse(name, map_text(name))
        found.append(MapInfo(name, table["title"], table["description"], tuple(table.get("docs", ()))))
    return found


def _names() -> list[str]:
    folder = resources.files(__package__) / "maps"
    return sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))
