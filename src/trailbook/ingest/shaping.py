"""How a map wants records to look before any path is taken: unwrapped, split, decoded, paired, merged, renamed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from html import unescape
from typing import Any

import msgspec

from .conditions import Test, condition
from .paths import Compiler

_Edit = Callable[[Any], Any]
_Names = list[tuple[str, list[tuple[str, ...]]]]
"""Names of fields, each with the paths that it may be found at."""
_XML_DATA = re.compile(r"<Data Name=[\"']([^\"']+)[\"']\s*(?:/>|>([^<]*)</Data>)")
_HEADED_LINE = re.compile(r"^(\t*)(?:([^\t\r\n:][^\t\r\n:]*):)?[\t ]*([^\r\n]*)", re.MULTILINE)
_LONGEST_HEADED = 1 << 16
_KEYS = ("empty", "unwrap", "split", "json", "xml", "headed", "pairs", "merge", "alias", "zone")


class Shape:
    """The `[record]` section. `views` gives, for each event of a record, its data and how paths see it."""

    def __init__(self, compiler: Compiler, table: dict[str, Any]) -> None:
        for key in table:
            if key not in _KEYS:
                raise compiler.error(f"record.{key}", "There is no such key.", f"Known are: {', '.join(_KEYS)}.")
        self._unwrap = _paths(compiler, table.get("unwrap", []), "record.unwrap")
        self._split = _plain_path(compiler, table["split"], "record.split") if "split" in table else None
        self._edits: list[tuple[tuple[str, ...], _Edit]] = []
        for name, edit in (("json", json_text), ("xml", _xml_text)):
            for path in _paths(compiler, table.get(name, []), f"record.{name}"):
                self._edits.append((path, edit))
        self._headed = [_headed(compiler, one, f"record.headed[{n}]") for n, one in enumerate(table.get("headed", []))]
        for at, one in enumerate(table.get("pairs", [])):
            self._edits.append(_pairs(compiler, one, f"record.pairs[{at}]"))
        self._merge = _paths(compiler, table.get("merge", []), "record.merge")
        self._alias = _aliases(compiler, table.get("alias", {}), "record.alias")

    def views(self, record: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Pairs of an event's own data and the view of it that paths are taken on."""
        for path in self._unwrap:
            inner = _at(record, path)
            if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
                return [view for one in inner for view in self._parts(one)]
        return self._parts(record)

    def _parts(self, record: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        if self._split is None:
            return [(record, self._view(record))]
        elements = _at(record, self._split)
        if not isinstance(elements, list) or not elements:
            return [(record, self._view(record))]
        parts = [_replaced(record, self._split, partial(_instead, one)) for one in elements]
        return [(part, self._view(part)) for part in parts]

    def _view(self, record: dict[str, Any]) -> dict[str, Any]:
        for path, edit in self._edits:
            if _at(record, path) is not None:
                record = _replaced(record, path, edit)
        for path, when, fields in self._headed:
            if when(record, record) and isinstance(text := _at(record, path), str):
                record = _renamed(headed_text(text), fields) | record
        for path in self._merge:
            inner = _at(record, path)
            if isinstance(inner, dict):
                record = inner | record
        for name, others in self._alias:
            if record.get(name) is None:
                for path in others:
                    if (found := _at(record, path)) is not None:
                        record = record | {name: found}
                        break
        return record


def _renamed(told: dict[str, Any], fields: _Names) -> dict[str, Any]:
    """What is found of `fields`, each under its name: the first of its paths that is there."""
    found = {name: [one for path in paths if (one := _at(told, path)) is not None] for name, paths in fields}
    return {name: values[0] for name, values in found.items() if values}


def _instead(other: Any, _: Any) -> Any:
    return other


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _replaced(record: dict[str, Any], path: tuple[str, ...], edit: _Edit) -> dict[str, Any]:
    """A copy of `record` with the value at `path`, which is there, edited; nothing of the original changes."""
    key, *rest = path
    return record | {key: _replaced(record[key], tuple(rest), edit) if rest else edit(record[key])}


def json_text(value: Any) -> Any:
    """The value of a text that holds a JSON object, list or text; anything else as it is (`12` stays a text)."""
    if not isinstance(value, str) or value[:1] not in ("{", "[", '"'):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


def _xml_text(value: Any) -> Any:
    """The fields of a Windows `<EventData>`; anything else as it is. Not an XML parser, so no entity can expand."""
    if not isinstance(value, str) or "<Data" not in value:
        return value
    return {unescape(name): unescape(text) for name, text in _XML_DATA.findall(value)}


def headed_text(text: str) -> dict[str, Any]:
    """The fields of a text with headings: `Subject:`, below it, indented, `Account Name:` and its value.

    `{"Subject": {"Account Name": "ann"}}`; an indented line without a name goes on with the value above; what has no
    heading stands by itself. Only the first 64 KiB are looked at.
    """
    told: dict[str, Any] = {}
    section, last = told, ""
    for indent, name, value in _HEADED_LINE.findall(text[:_LONGEST_HEADED]):
        name, value = name.rstrip(), value.rstrip()
        if not name:
            if indent and value and isinstance(section.get(last), str):
                section[last] += f"\n{value}"
        elif indent or value:
            section = section if indent else told
            section[name], last = value, name
        else:
            section = told[name] = {}
            last = ""
    return told


def _headed(compiler: Compiler, table: Any, place: str) -> tuple[tuple[str, ...], Test, _Names]:
    if not isinstance(table, dict) or table.keys() != {"path", "when", "fields"}:
        raise compiler.error(
            place,
            "This needs path, when and fields.",
            'E.g. path = "Message", when = { Id = "7" }, fields = { user = ["Subject.Account Name"] }.',
        )
    return (
        _plain_path(compiler, table["path"], f"{place}.path"),
        condition(compiler, table["when"], f"{place}.when"),
        _aliases(compiler, table["fields"], f"{place}.fields"),
    )


def _pairs(compiler: Compiler, table: Any, place: str) -> tuple[tuple[str, ...], _Edit]:
    if not isinstance(table, dict) or table.keys() != {"path", "name", "value"}:
        raise compiler.error(
            place, "A pair needs path, name and value.", 'E.g. { path = "a", name = "key", value = "value" }.'
        )
    name, values = table["name"], table["value"] if isinstance(table["value"], list) else [table["value"]]

    def edit(found: Any) -> Any:
        if not isinstance(found, list):
            return found
        made = {}
        for one in found:
            if isinstance(one, dict) and isinstance(one.get(name), str):
                made[one[name]] = next((one[key] for key in values if one.get(key) is not None), None)
        return made

    return _plain_path(compiler, table["path"], f"{place}.path"), edit


def _aliases(compiler: Compiler, table: Any, place: str) -> _Names:
    if not isinstance(table, dict):
        raise compiler.error(place, "This must be a table.", 'Write it like { EventID = ["event_id"] }.')
    return [(name, _paths(compiler, others, f"{place}.{name}")) for name, others in table.items()]


def _paths(compiler: Compiler, written: Any, place: str) -> list[tuple[str, ...]]:
    if not isinstance(written, list):
        raise compiler.error(place, "This must be a list of paths.", 'Write it like ["a.b"].')
    return [_plain_path(compiler, one, place) for one in written]


def _plain_path(compiler: Compiler, written: Any, place: str) -> tuple[str, ...]:
    parts = (
        tuple(re.sub(r"'([^']*)'", lambda m: m[1].replace(".", "\0"), written).split("."))
        if isinstance(written, str)
        else ()
    )
    if not all(parts) or not parts or any(set(part) & set("[]{}") for part in parts):
        raise compiler.error(
            place, f"{written!r} is no plain path.", "Here only keys with dots between them can stand."
        )
    return tuple(part.replace("\0", ".") for part in parts)
