"""Fields of forms: what stands in them, what is wrong with which, and how moments and lists are typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from fastapi import Response

from ....errors import BadInput, NotAllowed, Outdated, TooMuch, TrailbookError
from ....report.clock import zone_named
from ..forms import Form
from ..language import marked as _
from ..screens import Visit

REFUSED = (BadInput, NotAllowed, Outdated, TooMuch)
"""What is told beside the form that it is about; whatever else goes wrong is a page of its own."""


class Read(Protocol):
    """An endpoint that reads one thing and says its version in the header ETag."""

    def __call__(self, work: Any, id: str, response: Response) -> Any: ...


class Fields:
    """The fields of a form: with the values as they are or, when it was refused, as they were sent.

    A form that was stale has the values of now, and tells beside them what was sent: nothing is overwritten unseen.
    `now` has all fields of the form. `places`: which of them is meant where an error names it otherwise.
    """

    def __init__(
        self,
        now: Mapping[str, Any],
        sent: Form | None = None,
        wrong: TrailbookError | None = None,
        places: Mapping[str, str] | None = None,
    ) -> None:
        self._now = now
        self._sent = sent
        self._wrong = wrong
        self._places = places or {}
        self.stale = isinstance(wrong, Outdated)

    def value(self, name: str) -> str:
        """What stands in a field."""
        if self._sent is None or self.stale:
            return str(self._now.get(name, ""))
        return self._sent.one(name)

    def holds(self, name: str, one: str) -> bool:
        """Whether a box, one of several of this name, is ticked."""
        if self._sent is None or self.stale:
            return one in self._now.get(name, ())
        return one in self._sent.all(name)

    def any(self, *names: str) -> bool:
        """Whether anything stands in one of these fields, or is wrong with it: then it should be seen."""
        return any(self._held(name) or self.fault(name) for name in names) or self.stale

    def _held(self, name: str) -> bool:
        return bool(self._now.get(name) if self._sent is None or self.stale else self._sent.all(name))

    @property
    def faulty(self) -> str:
        """The field that something is wrong with; empty if there is none, or it is none of the form's."""
        if self._wrong is None or self.stale:
            return ""
        # Such as `scope.groups.groups` or `hidden.0`: the innermost that is a field of the form.
        places = [self._places.get(one, one) for one in reversed(self._wrong.place.split("."))]
        return next((one for one in places if one in self._now), "")

    def fault(self, name: str) -> str:
        """What is wrong with a field; empty if nothing is."""
        return self._wrong.problem if self._wrong is not None and self.faulty == name else ""

    def unsaved(self, name: str) -> str:
        """What was sent of a field in a form that was stale, if it is something else than what it holds now."""
        if not self.stale or self._sent is None:
            return ""
        sent = self._sent.one(name)
        return sent if sent != str(self._now.get(name, "")).strip() else ""

    def ticked(self, name: str, one: str) -> bool | None:
        """Whether a box was ticked in a form that was stale, if it is otherwise now; None: it is not."""
        if not self.stale or self._sent is None:
            return None
        sent = one in self._sent.all(name)
        return sent if sent != self.holds(name, one) else None


def version_of(read: Read, visit: Visit, id: str) -> tuple[Any, str]:
    """What an endpoint answers of this id, and its ETag."""
    response = Response()
    found = read(visit.work, id, response)
    return found, response.headers.get("ETag", "")


def moment_of(visit: Visit, text: str, place: str) -> datetime | None:
    """A date and a time as they were typed, in the zone of the page; nothing typed: None. Raises BadInput."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            _("This is no date and time."), place=place, remedy=_("Write it as in 2021-11-17T14:07.")
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone_named(visit.showing.zone))


def typed(visit: Visit, moment: datetime | None) -> str:
    """A moment as it is typed into a field, to the minute, in the zone of the page."""
    return f"{moment.astimezone(zone_named(visit.showing.zone)):%Y-%m-%dT%H:%M}" if moment else ""


def lines(text: str) -> list[str]:
    """The lines of a text that are not empty, without space around them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def blank(*names: str, **given: Any) -> dict[str, Any]:
    """A form that nobody has filled in: these fields are empty, and those have what is given."""
    return {**dict.fromkeys(names, ""), **given}


def filled(**fields: Any) -> dict[str, Any]:
    """The fields that anything was given for."""
    return {name: value for name, value in fields.items() if value not in ("", None, [])}
