"""What every change over the API shares: who makes it when, whether it is of what was read, and the event of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

from fastapi import Depends, Header, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from starlette.requests import Request

from ..access.decide import require
from ..access.model import Caller, Right
from ..access.own import Doing, own_event
from ..errors import BadInput, Mismatch, NotThere, Outdated
from ..event.changes import changes
from ..event.model import Event, Reference, Target, utc
from ..store.ports import Record
from .callers import Asking
from .problems import answers
from .service import Service, origin_of, service_of

PREFIX: Final = "/api/v1"
_RACES = 5


def _written(given: object) -> object:
    if isinstance(given, (int, float)) or (isinstance(given, str) and "-" not in given[:5]):
        raise ValueError("a time is written as in RFC 3339")
    return given


Name = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text of one line that names something."""
Id = Annotated[str, Query(min_length=1, max_length=1024, pattern=r"^[^\x00]*$")]
Tenant = Annotated[
    str | None,
    Query(min_length=1, max_length=1024, pattern=r"^[^\x00]*$", description="Whose it is; your own if left out."),
]
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
"""A time as in RFC 3339. A number would be taken for seconds since 1970, even one such as 20211117."""
After = Annotated[str, Query(max_length=1024, description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="At most this many.")]
IfMatch = Annotated[
    str | None, Header(max_length=1024, description="The ETag of what is to be changed: 412 if it is that no longer.")
]


class Given(BaseModel):
    """What a request gives: no field that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems of an endpoint that only who is known may call, for `responses=`."""
    return answers(401, 403, *statuses)


class Work(NamedTuple):
    """A request to look at or change something: on what, by whom, and when (UTC)."""

    service: Service
    caller: Caller
    request: Request
    now: datetime

    def require(self, right: Right) -> None:
        """See `decide.require`."""
        require(self.caller, right, self.now)

    @property
    def doing(self) -> Doing:
        """The same, as whoever decides on it is told."""
        return Doing(self.caller, origin_of(self.request), self.now, self.service.new_id)

    def event(
        self,
        resource: str,
        action: str,
        *,
        tenant: str,
        targets: tuple[Target, ...] = (),
        related: tuple[Reference, ...] = (),
        old: Mapping[str, Any] | None = None,
        new: Mapping[str, Any] | None = None,
        data: Any = None,
    ) -> Event:
        """The event of a change, in the book of `tenant`: whom it is done to, and old and new values."""
        return own_event(
            self.caller,
            origin_of(self.request),
            self.now,
            id=self.service.new_id(),
            tenant=tenant,
            resource=resource,
            action=action,
            targets=targets,
            related=related,
            changes=changes(old, new),
            data=data,
        )

    def keep(self, changed: Sequence[Record], events: Iterable[Event], removed: Sequence[Record] = ()) -> None:
        """See `Service.keep`."""
        self.service.keep(changed, removed=removed, events=events)


async def work_of(request: Request, caller: Asking) -> Work:
    """What an endpoint works with. It waits for nothing, and so needs no thread of its own."""
    service = service_of(request)
    return Work(service, caller, request, service.clock())


Working = Annotated[Work, Depends(work_of)]


def nothing() -> NotThere:
    """The one answer for what is not there and for what the caller may not know of."""
    return NotThere("There is nothing of this id, or nothing that you may know of.", remedy="Check the id.")


def etag(version: int | str) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def check_match(given: str | None, tag: str) -> None:
    """Raises Mismatch unless If-Match was left out or has this ETag (RFC 9110, 13.1.1)."""
    if given is not None and given.strip() != "*" and tag not in [one.strip() for one in given.split(",")]:
        raise Mismatch(
            "This has been changed since it was read.", place="If-Match", remedy="Read it again, and change that."
        )


def in_utc(moment: datetime | None, place: str) -> datetime | None:
    """The moment in UTC. Raises BadInput if UTC has no such year."""
    try:
        return None if moment is None else utc(moment)
    except OverflowError as error:
        raise BadInput(
            "The time is outside the years 1 to 9999 in UTC.", place=place, remedy="Give another."
        ) from error


def until_kept(attempt: Callable[[], None]) -> None:
    """Read, decide and keep; and do so anew if it was changed meanwhile, as what is noted of its use is."""
    for _ in range(_RACES - 1):
        try:
            return attempt()
        except Mismatch:
            raise
        except Outdated:
            continue
    return attempt()
