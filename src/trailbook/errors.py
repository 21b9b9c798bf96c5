"""Every error a caller can meet; each says what is wrong, where, and what to do about it."""

from __future__ import annotations


class TrailbookError(Exception):
    """Something a caller must know: `problem` (a sentence), `place` (where; may be empty), `remedy` (what to do)."""

    def __init__(self, problem: str, *, place: str = "", remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.problem}" + (f" {self.remedy}" if self.remedy else "")


class BadInput(TrailbookError):
    """What the caller gave cannot be used as it is; giving it again unchanged will fail again."""


class BadEvent(BadInput):
    """An event breaks a rule; `place` is the field, such as `targets[2].name`."""


class Conflict(BadEvent):
    """An event of this id is there already with other contents; what is stored is never changed."""


class TooLarge(BadInput):
    """What was sent is longer than is accepted."""


class Unsupported(BadInput):
    """What was sent is in a form that is not understood here."""


class BadQuery(BadInput):
    """A query cannot be understood; `at` is the offset of the character that is wrong, `text` the whole query."""

    def __init__(self, problem: str, *, text: str = "", at: int = 0, remedy: str = "") -> None:
        super().__init__(problem, place=f"query, character {at + 1}" if text else "query", remedy=remedy)
        self.text = text
        self.at = at


class BadDefinition(BadInput):
    """A report definition, column, zone or locale that does not exist or does not fit."""


class BadFile(BadInput):
    """A file that cannot be read as what it is said to be."""


class BadMap(BadInput):
    """A map of another system's records onto events that is not usable."""


class NotAllowed(TrailbookError):
    """The viewer may not see or do this."""


class NotSignedIn(TrailbookError):
    """Who is asking is not known: no key or session was given, or it does not hold, or no longer."""


class NotThere(TrailbookError):
    """There is nothing of this id, or nothing that the viewer may know of: the two are never told apart."""


class Outdated(TrailbookError):
    """What was to be changed has been changed by someone else since it was read; read it again."""


class Mismatch(Outdated):
    """What was to be changed is not what the request says it was read as (If-Match)."""


class TooMuch(TrailbookError):
    """More than may be taken now: a quota is used up or a queue is full. Trying again after `retry_after` s is safe."""

    def __init__(self, problem: str, *, retry_after: float, place: str = "", remedy: str = "") -> None:
        super().__init__(problem, place=place, remedy=remedy)
        self.retry_after = retry_after


class Overloaded(TooMuch):
    """There is no room to wait in: the service takes in less than it is sent just now."""


class Unreachable(TrailbookError):
    """Another system that is needed does not answer as it should; trying again is safe."""


class RecorderError(TrailbookError):
    """An event could not be captured, or a recorder not be set up; only a strict recorder raises it for an event."""


class StoreError(TrailbookError):
    """The store could not do it; what was there is kept, and trying again is safe."""


class DiskFull(StoreError):
    """There is no room left; nothing of this was stored."""


class Busy(StoreError):
    """Others were writing for longer than this was ready to wait; nothing of this was stored."""


class TooSlow(StoreError):
    """A read took longer than it was allowed to."""


class Damaged(StoreError):
    """What the store holds does not agree with itself or with a head noted elsewhere."""


class OtherHead(Damaged):
    """What the store holds does not agree with a head that was given: one of the two is not what it was."""
