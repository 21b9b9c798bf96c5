"""What every change over the API shares: who makes it when, whether it is of what was read, and the event of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from fastapi import Depends, Header, Query
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request

from ..access.decide import require, within_scope
from ..access.model import Caller, Right
from ..access.own import own_event
from ..directory.viewer import Scope
from ..errors import Mismatch, NotThere, Outdated
from ..event.model import Change, Event, PartyKey, Reference, Target
from ..store.ports import Record
from .callers import Asking
from .service import Service, origin_of, service_of

R = TypeVar("R")

PREFIX: Final = "/api/v1"
_ATTEMPTS = 5

Name = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text of one line that names something."""
Id = Annotated[str, Query(min_length=1, max_length=1024, pattern=r"^[^\x00]*$")]
After = Annotated[str, Query(max_length=1024, description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="At most this many.")]
IfMatch = Annotated[
    str | None, Header(max_length=1024, description="The ETag of what is to be changed: 412 if it is that no longer.")
]


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    place: str = ""
    remedy: str = ""


class Given(BaseModel):
    """What a request gives: no field that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an endpoint documents, besides those of every one that only who is known may call."""
    return {
        status: {"description": "A problem.", "content": {"application/problem+json": {}}, "model": Problem}
        for status in (400, 401, 403, 422, *statuses)
    }


class Work(NamedTuple):
    """A request to look at or change something: on what, by whom, and when (UTC)."""

    service: Service
    caller: Caller
    request: Request
    now: datetime

    def require(self, right: Right) -> None:
        """See `decide.require`."""
        require(self.caller, right, self.now)

    def event(
        self,
        resource: str,
        action: str,
        *,
        tenant: str,
        of: Target | None = None,
        targets: tuple[Target, ...] = (),
        related: tuple[Reference, ...] = (),
        changes: Mapping[str, Change] | None = None,
        data: Any = None,
    ) -> Event:
        """The event of a change, in the book of `tenant`: of what (a user, say), and old and new values."""
        return own_event(
            self.caller,
            origin_of(self.request),
            self.now,
            id=self.service.new_id(),
            tenant=tenant,
            resource=resource,
            action=action,
            targets=(*((of,) if of else ()), *targets),
            related=related,
            changes=changes,
            data=data,
        )

    def keep(self, changed: Sequence[Record], events: Iterable[Event], removed: Sequence[Record] = ()) -> None:
        """See `Service.keep`."""
        self.service.keep(changed, removed=removed, events=events)

    def sees(self, scope: Scope) -> bool:
        """Whether all that lies in `scope` is within what the caller manages."""
        return within_scope(self.caller.seat.scope, scope)


def work_of(request: Request, caller: Asking) -> Work:
    """What an endpoint works with."""
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


def until_kept(attempt: Callable[[], R]) -> R:
    """Do it anew while others change what it reads. Raises Outdated when they do not cease to."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except Mismatch:
            raise
        except Outdated:
            continue
    return attempt()


def user_target(user: PartyKey, name: str = "") -> Target:
    """A user as the target of an event; what is not known of it comes from the directory."""
    return Target("user", user.id, name, user.tenant)
