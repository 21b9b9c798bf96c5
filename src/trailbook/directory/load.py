"""Reading users, groups, roles, tenants and memberships from JSON and CSV: a file is right as a whole or refused."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from ..errors import BadFile
from ..event.model import DEFAULT_TENANT, Instant, utc
from ..event.wording import counted
from .model import Incoming, Membership, MembershipKind, Profile

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes."""

MOST_ENTRIES = 1_000_000

COLUMNS = ("kind", "tenant", "id", "name", "groups", "roles", "valid_from", "valid_to")

_NO_NUL = r"^[^\x00]*$"
_Id = Annotated[str, Meta(min_length=1, max_length=1024, pattern=_NO_NUL)]
_Name = Annotated[str, Meta(max_length=1024, pattern=_NO_NUL)]
_Ids = Annotated[tuple[_Id, ...], Meta(max_length=1000)]


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class _Party(_Entry, frozen=True, kw_only=True):
    id: _Id
    tenant: _Id | None = None
    name: _Name = ""


class _User(_Party, frozen=True, kw_only=True):
    groups: _Ids | None = None
    roles: _Ids | None = None


class _Tenant(_Entry, frozen=True, kw_only=True):
    id: _Id
    name: _Name = ""


class _Membership(_Entry, frozen=True, kw_only=True):
    user: _Id
    tenant: _Id | None = None
    group: _Id | None = None
    role: _Id | None = None
    group_tenant: _Name = ""


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    users: tuple[_User, ...] = ()
    groups: tuple[_Party, ...] = ()
    roles: tuple[_Party, ...] = ()
    tenants: tuple[_Tenant, ...] = ()
    memberships: tuple[_Membership, ...] = ()


_CSV_TYPES: dict[str, type[_Entry]] = {
    "user": _User,
    "group": _Party,
    "role": _Party,
    "tenant": _Tenant,
    "membership": _Membership,
}


class _Placed(NamedTuple):
    """An entry and where in the file it is; `kind` is one of `_CSV_TYPES`."""

    place: str
    kind: str
    entry: _Entry


def load(path: Path) -> Incoming:
    """The contents of a directory file, JSON or CSV by its suffix. Raises BadFile, naming line or field."""
    readers = {".json": read_json, ".csv": read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadFile(
            f"A directory is not read from a '{path.suffix}' file." if path.suffix else "The file has no suffix.",
            place=str(path),
            remedy="Give a .json or .csv file.",
        )
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadFile(
            f"The file cannot be read: {error.strerror}.", place=str(path), remedy="Check the path and its permissions."
        ) from error
    return reader(data, str(path))


def read_json(data: bytes, file: str, tenant: str = DEFAULT_TENANT) -> Incoming:
    """What JSON says: `users`, `groups`, `roles`, `tenants` and `memberships`, each a list. Raises BadFile.

    `tenant` is that of the entries that name none.
    """
    text = _text(data, file)
    try:
        whole = msgspec.json.decode(text, type=_File)
    except msgspec.ValidationError as error:
        raise _invalid(error, file) from error
    except msgspec.DecodeError as error:
        at = re.search(r"\(byte (\d+)\)", str(error))
        line = text.encode()[: int(at[1])].count(b"\n") + 1 if at else text.count("\n") + 1
        problem = re.sub(r" \(byte \d+\)", "", str(error))
        raise _bad(f"This is not JSON: {problem}.", file, f"line {line}") from error
    return _incoming(_json_entries(whole), file, tenant)


def _json_entries(whole: _File) -> Iterator[_Placed]:
    for field, kind in (("users", "user"), ("groups", "group"), ("roles", "role"), ("tenants", "tenant")):
        for index, entry in enumerate(getattr(whole, field)):
            yield _Placed(f"{field}[{index}]", kind, entry)
    for index, entry in enumerate(whole.memberships):
        yield _Placed(f"memberships[{index}]", "membership", entry)


def read_csv(data: bytes, file: str, tenant: str = DEFAULT_TENANT) -> Incoming:
    """What CSV with a header says: the columns of COLUMNS, in any order, of which `kind` and `id` are needed.

    `groups` and `roles` hold ids with `;` between them. A row of the kind `membership` adds its groups and roles to
    the user `id`; a user's own row names all that the user has, if the file has the column. `tenant` is that of
    the rows that name none. Raises BadFile.
    """
    return _incoming(_csv_entries(_text(data, file), file), file, tenant)


def _csv_entries(text: str, file: str) -> Iterator[_Placed]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows)]
        _check_header(header, file)
        for cells in rows:
            if any(cells):
                place = f"line {rows.line_num}"
                if len(cells) != len(header):
                    problem = f"The row has {counted(len(cells), 'cell')}, and the header {len(header):,}."
                    raise _bad(problem, file, place)
                yield from _csv_row(dict(zip(header, map(str.strip, cells), strict=True)), file, place)
    except csv.Error as error:
        raise _bad(f"This is not CSV: {error}.", file, f"line {rows.line_num}") from error


def _check_header(header: list[str], file: str) -> None:
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            problem = "comes twice" if name in COLUMNS else "is unknown"
            raise _bad(f"The column '{name}' {problem}; there are {', '.join(COLUMNS)}.", file, "line 1")
    for name in ("kind", "id"):
        if name not in header:
            raise _bad(f"The column '{name}' is missing.", file, "line 1")


def _csv_row(cells: dict[str, str], file: str, place: str) -> Iterator[_Placed]:
    kind = cells.pop("kind").lower()
    if kind not in _CSV_TYPES:
        raise _bad(f"'{kind}' is no kind; there are {', '.join(_CSV_TYPES)}.", file, f"{place}, kind")
    lists = {
        name: [part for one in cells.pop(name).split(";") if (part := one.strip())]
        for name in ("groups", "roles")
        if name in cells
    }
    fields: dict[str, Any] = {name: cell for name, cell in cells.items() if cell}
    if kind == "tenant" and fields.get("tenant") == fields.get("id"):
        fields.pop("tenant", None)
    wanted = [fields | lists if kind == "user" else fields]
    if kind == "membership":
        user = {"user" if name == "id" else name: cell for name, cell in fields.items()}
        wanted = [user | {name.removesuffix("s"): id} for name, ids in lists.items() for id in ids]
        if not wanted:
            raise _bad("The membership names no group and no role.", file, place)
    elif kind != "user" and any(lists.values()):
        raise _bad(f"A {kind} has no groups or roles.", file, place)
    for one in wanted:
        try:
            yield _Placed(place, kind, msgspec.convert(one, _CSV_TYPES[kind]))
        except msgspec.ValidationError as error:
            raise _invalid(error, file, place) from error


def _incoming(entries: Iterable[_Placed], file: str, stand_in: str) -> Incoming:
    profiles: list[Profile] = []
    memberships: list[Membership] = []
    complete: list[tuple[str, str, MembershipKind, datetime | None]] = []
    places: dict[tuple[str, str, str], dict[datetime | None, str]] = {}
    for number, (place, kind, entry) in enumerate(entries):
        if number == MOST_ENTRIES:
            raise _bad(f"The file has more than {MOST_ENTRIES:,} entries.", file, place, remedy="Split it.")
        since, until = _period(entry, file, place)
        match entry:
            case _Membership(user=user, tenant=named, group=group, role=role, group_tenant=home):
                tenant = named or stand_in
                if (group is None) == (role is None):
                    raise _bad("A membership names either a group or a role.", file, place)
                if group is not None:
                    memberships.append(Membership(tenant, user, "group", group, home, since, until))
                if role is not None:
                    memberships.append(Membership(tenant, user, "role", role, home, since, until))
                continue
            case _User(id=id, tenant=named, name=name, groups=groups, roles=roles):
                tenant = named or stand_in
                profiles.append(Profile("user", tenant, id, name, since, until))
                lists: tuple[tuple[MembershipKind, tuple[str, ...] | None], ...] = (("group", groups), ("role", roles))
                for joined, ids in lists:
                    memberships += [Membership(tenant, id, joined, one, "", since, until) for one in ids or ()]
                    if ids is not None and until is None:
                        complete.append((tenant, id, joined, since))
            case _Party(id=id, tenant=named, name=name):
                kind_of_party: MembershipKind = "group" if kind == "group" else "role"
                profiles.append(Profile(kind_of_party, named or stand_in, id, name, since, until))
            case _Tenant(id=id, name=name):
                profiles.append(Profile("tenant", id, id, name, since, until))
        party = profiles[-1]
        _check_repeated(places.setdefault(party.party(), {}), since, file, place)
    return Incoming(tuple(profiles), tuple(memberships), frozenset(complete))


def _check_repeated(places: dict[datetime | None, str], since: datetime | None, file: str, place: str) -> None:
    """Refuse entries of one party of which it cannot be said which is the later."""
    first = next(iter(places.values()), "")
    if since in places or (places and (since is None or None in places)):
        raise _bad(
            f"This is there already, at {places.get(since, first)}.",
            file,
            place,
            remedy="Give each entry of one party its own valid_from. Nothing was imported.",
        )
    places[since] = place


def _period(entry: _Entry, file: str, place: str) -> tuple[datetime | None, datetime | None]:
    try:
        since = utc(entry.valid_from) if entry.valid_from is not None else None
        until = utc(entry.valid_to) if entry.valid_to is not None else None
    except OverflowError as error:
        raise _bad("The time is outside the years 1 to 9999 in UTC.", file, place) from error
    if since is not None and until is not None and since >= until:
        raise _bad("valid_to is not after valid_from.", file, place)
    return since, until


def _text(data: bytes, file: str) -> str:
    if len(data) > LARGEST_FILE:
        raise _bad(f"The file is larger than {LARGEST_FILE // 1024**2} MB.", file, remedy="Split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _bad("This is not UTF-8.", file, f"line {line}", remedy="Save the file as UTF-8.") from error
    if not text.strip():
        raise _bad("The file is empty.", file)
    return text


def _invalid(error: msgspec.ValidationError, file: str, place: str = "") -> BadFile:
    """What msgspec found, as a sentence with its place: `Expected ... - at `$.users[3].name`` says both."""
    problem, _, path = str(error).partition(" - at `$")
    field = path.strip(".`")
    if "regex" in problem:
        problem = "Expected text without NUL characters"
    remedy = "Write times with their zone, as 2021-11-17T14:07:00Z." if field.endswith(("_from", "_to")) else ""
    return _bad(f"{problem}.".replace("`", "'"), file, ", ".join(filter(None, (place, field))), remedy=remedy)


def _bad(problem: str, file: str, place: str = "", *, remedy: str = "") -> BadFile:
    return BadFile(
        problem, place=f"{file}, {place}" if place else file, remedy=remedy or "Nothing was imported; mend the file."
    )
