"""What may stand at the end of a query that is being typed: keys, words, and whom and what the reader may know of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from starlette.responses import Response

from ...access import decide
from ...directory.directory import Directory
from ...directory.viewer import Viewer
from ...directory.visible import visible_profiles
from ...errors import NotAllowed, TooSlow
from ...event.facets import escape
from ...event.model import KINDS, Kind
from ...event.text import fold, words
from ...query.completion import Piece, last_piece, words_for
from ...query.language import KEYS, value_text
from ...query.lexer import LONGEST_QUERY
from ...query.tree import EVERYTHING, Involves
from ...report.hidden import Hidden
from ...store.ports import FACET_FIELDS
from .. import answers
from ..strict import Strict
from .screens import Visit, Visiting
from .showing import harmless

router = APIRouter(prefix="/reports/parts", include_in_schema=False, route_class=Strict)

SECONDS = 0.5
"""How long finding values of events may take; who types does not wait longer."""
MOST = 10
_LOOKED_THROUGH = 1_000


class Option(NamedTuple):
    """What may stand there: the text as the language writes it, what it means, and the value without its quotes."""

    text: str
    hint: str = ""
    value: str = ""


@router.get("/completion")
def completion(visit: Visiting, query: Annotated[str, Query(max_length=LONGEST_QUERY)] = "") -> Response:
    """Options for the end of a query: `{"at": where it begins, "options": [{"text", "hint", "value"}]}`.

    It tells words that events hold, not events, and is no look at a report.
    """
    viewer = decide.viewer(visit.caller, visit.work.now)
    piece = last_piece(query)
    found = [Option(word) for word in words_for(piece)] if not piece.quoted else []
    if piece.key in KEYS:
        found += _values(visit, viewer, piece)
    by_text = {one.text: one for one in reversed(found)}
    told: dict[str, Any] = {"at": piece.at, "options": [one._asdict() for one in reversed(by_text.values())][:MOST]}
    return answers.json(told)


def _values(visit: Visit, viewer: Viewer, piece: Piece) -> list[Option]:
    """Values of the key that begin with what is typed; none that would tell what is hidden from the reader."""
    hidden = Hidden(viewer)
    side, _, rest = piece.key.rpartition(".")
    kind = next((one for one in KINDS if one == rest), None)
    try:
        if kind is not None:
            direction: Any = side or "either"
            hidden.check_query(Involves(kind, ("-",), direction))
            return _parties(visit, viewer, kind, piece)
        if piece.key in FACET_FIELDS and hidden.counts(piece.key):
            return _kept(visit, viewer, piece)
    except (NotAllowed, TooSlow):
        pass
    return []


def _parties(visit: Visit, viewer: Viewer, kind: Kind, piece: Piece) -> list[Option]:
    """The parties of the directory that begin so: by name where only one bears it."""
    found = beginning(visit.service.directory(), viewer, kind, piece.text)
    named = Counter(name for _, name in found)
    options = []
    for exact, name in found[:MOST]:
        value = name if name and named[name] == 1 else exact
        options.append(Option(value_text(piece.key, value), harmless(f"{name} {exact}".strip()), value))
    return options


def beginning(directory: Directory, viewer: Viewer, kind: Kind, text: str) -> list[tuple[str, str]]:
    """The parties that the viewer may know of whose id or name, or a word of it, begins so: exact ID and name of each.

    They are in order of their names; one that had several names comes with the last that fits.
    """
    typed = fold(text)
    found: dict[str, str] = {}
    for profile in visible_profiles(directory, viewer):
        if profile.kind != kind:
            continue
        exact = f"{escape(profile.tenant)}/{profile.id}"
        if any(one.startswith(typed) for one in _beginnings(profile.name, profile.id, exact)):
            found[exact] = profile.name
    return sorted(found.items(), key=lambda one: (fold(one[1]), one[0]))


def _beginnings(name: str, id: str, exact: str) -> Iterator[str]:
    yield fold(exact)
    yield fold(id)
    yield fold(name)
    yield from words(name)


def _kept(visit: Visit, viewer: Viewer, piece: Piece) -> list[Option]:
    """The values that events hold, the most frequent first. Raises TooSlow."""
    typed = fold(piece.text)
    reader = visit.service.store.limited(SECONDS)
    counts = reader.facet_counts(viewer, EVERYTHING, piece.key, limit=_LOOKED_THROUGH)
    return [Option(value_text(piece.key, one.value)) for one in counts if fold(one.value).startswith(typed)][:MOST]
