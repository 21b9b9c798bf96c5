"""Reports to start from: each a question to the builder, whose address it is."""

from __future__ import annotations

from typing import NamedTuple

from ...event.model import PartyKey
from ...query.language import unparse
from ...query.tree import Involves, Parties
from .language import marked as _
from .showing import url

BUILDER = "/reports/new"
_DONE = "date_time,initiator,action,details,changes,ip"
"""The columns of what a user, group, role or tenant did, or what was done to it."""


class Start(NamedTuple):
    """A report to start from: what it is called, what it shows, and the parameters of the builder."""

    title: str
    about: str
    asks: dict[str, str]

    @property
    def path(self) -> str:
        """Where the builder has it."""
        return url(BUILDER, **self.asks)


STARTS: tuple[Start, ...] = (
    Start(_("Audit Trail Details"), _("Everything that you may see, newest first."), {}),
    Start(
        _("Sign-ins and failures"),
        _("Who signed in, who tried and failed, and where from."),
        {
            "query": "action:login,logout,sign_in,sign_out",
            "columns": "date_time,initiator,action,outcome,targets,ip,user_agent,application",
        },
    ),
    Start(
        _("Changes to users and access"),
        _("Who was added, changed or given access, with the values before and after."),
        {
            "query": "changed:* resource:users,groups,roles,tenants,accounts,access_roles,keys,seats",
            "columns": "date_time,initiator,resource,action,targets,changes,ip",
        },
    ),
    Start(
        _("Exports and downloads"),
        _("What was taken out, by whom."),
        {
            "query": "action:export*,download*",
            "columns": "date_time,initiator,groups,resource,details,related,ip",
        },
    ),
    Start(
        _("Activity by day"),
        _("How much happened on each day."),
        {"group_by": "day"},
    ),
)
"""What anybody asks for first. What was done to a user is asked for with their name: see `done_to`."""


def done_to(user: str) -> str:
    """Where the builder has what was done to a user, by id or name; the builder alone if none is named."""
    return url(BUILDER, query=unparse(Involves("user", (user,), "against")), columns=_DONE) if user else url(BUILDER)


def both_ways(party: PartyKey, zone: str) -> str:
    """Where the builder has what a party did and what was done to it, each row with which of the two it is."""
    return url(BUILDER, query=unparse(Parties((party,))), columns=f"{_DONE},matched", zone=zone)
