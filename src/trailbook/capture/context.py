"""Who is acting, as the code around a call has said: one value for each thread, task or copied context."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ..event.model import Belonging, Initiator, InitiatorType
from .shapes import BelongingLike, InitiatorLike, TargetLike, as_belonging, as_initiator, as_target


class Acting(Struct, frozen=True):
    """Who acts, from where, and as part of what request. The address may be known before the user is."""

    initiator: Initiator | None = None
    placed: Initiator | None = None
    """The same with the address and the user agent."""
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""

    def place(self, initiator: Initiator) -> Initiator:
        """The initiator with the address and the user agent of this context, where it has none of its own."""
        if (initiator.ip or not self.ip) and (initiator.user_agent or not self.user_agent):
            return initiator
        return replace(initiator, ip=initiator.ip or self.ip, user_agent=initiator.user_agent or self.user_agent)


_acting: ContextVar[Acting] = ContextVar("trailbook_acting", default=Acting())  # noqa: B039 (it is frozen)


def acting() -> Acting:
    """What holds here."""
    return _acting.get()


@contextmanager
def acting_as(
    user: InitiatorLike | None = None,
    *,
    ip: str | None = None,
    user_agent: str | None = None,
    request_id: str | None = None,
    tenant: str = "",
    name: str = "",
    type: InitiatorType = "user",
    groups: Iterable[BelongingLike] | None = None,
    roles: Iterable[BelongingLike] | None = None,
    acts_as: str | TargetLike | None = None,
) -> Iterator[None]:
    """Events recorded within are this user's, unless they name another initiator.

    `user` is an id, a mapping of an initiator's fields, or an Initiator; the rest fills in what it leaves out. `tenant`
    is the user's; `acts_as` the user that is impersonated, as an id or target. What is not given holds on from around:
    so a web framework's first layer may give the address, and a later one the user. Raises BadEvent for what can be
    none of these.
    """
    outer = _acting.get()
    initiator = outer.initiator
    if user is not None:
        given = {
            "tenant": tenant,
            "name": name,
            "type": type,
            "groups": _belongings(groups, "groups"),
            "roles": _belongings(roles, "roles"),
            "acts_as": None
            if acts_as is None
            else as_target(("user", acts_as) if isinstance(acts_as, str) else acts_as),
        }
        initiator = _filled(as_initiator(user), given)
    inner = Acting(
        initiator,
        None,
        outer.ip if ip is None else ip,
        outer.user_agent if user_agent is None else user_agent,
        outer.request_id if request_id is None else request_id,
    )
    before = _acting.set(replace(inner, placed=inner.place(initiator)) if initiator is not None else inner)
    try:
        yield
    finally:
        _acting.reset(before)


def _filled(initiator: Initiator, given: Mapping[str, Any]) -> Initiator:
    fields = {
        field: value
        for field, value in given.items()
        if value not in ("", None) and getattr(initiator, field) in ("", None, "user")
    }
    return replace(initiator, **fields) if fields else initiator


def _belongings(given: Iterable[BelongingLike] | None, place: str) -> tuple[Belonging, ...] | None:
    return None if given is None else tuple(as_belonging(one, place) for one in given)
