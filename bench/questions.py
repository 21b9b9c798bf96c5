"""What is asked: parties that are busy and rare in this very trail, and conditions on them, in both ways of asking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .plain import Plain

PAGE = 50
ACTIONS = ("play", "search", "export", "login", "update", "view")


class Question(NamedTuple):
    """One filter: what it is, in Trailbook's query language, and for the baseline. `aimed`: it fills a page."""

    what: str
    query: str
    parties: tuple[str, ...]
    where: str = ""
    aimed: bool = True


class Cast(NamedTuple):
    """Parties of a trail, as `kind:tenant/id`, most events first within each kind."""

    involved: dict[str, int]
    plain: Plain

    def action_of(self, party: str) -> str:
        """The rarest of some actions that fills a page for the party, or if none does, the most frequent."""
        events = {action: self.plain.count((party,), f"e.action = '{action}'") for action in ACTIONS}
        filling = [action for action in ACTIONS if events[action] >= PAGE]
        return min(filling, key=events.__getitem__) if filling else max(ACTIONS, key=events.__getitem__)

    def busy(self, kind: str, within: str = "") -> str:
        """The party of a kind (and a tenant) with the most events."""
        return max(self._of(kind, within), key=lambda party: self.involved[party])

    def rare(self, kind: str) -> str:
        """The one with the fewest events that still fill a page, or if none does, with the most."""
        filling = [party for party in self._of(kind) if self.involved[party] >= PAGE]
        return min(filling, key=lambda party: self.involved[party]) if filling else self.busy(kind)

    def people(self, tenant: str, number: int) -> list[str]:
        """Users of a tenant, the busiest first."""
        users = sorted(self._of("user", tenant), key=lambda party: -self.involved[party])
        return users[:number]

    def _of(self, kind: str, within: str = "") -> list[str]:
        start = f"{kind}:{within}/" if within else f"{kind}:"
        return [party for party in sorted(self.involved) if party.startswith(start)]


def cast_of(plain: Plain) -> Cast:
    """The parties of the baseline's trail."""
    return Cast(plain.involved(), plain)


def written(party: str) -> str:
    """A party as a query asks for it: a tenant by its id, the others by `tenant/id`."""
    kind, _, rest = party.partition(":")
    return f"{kind}:{rest.partition('/')[2] if kind == 'tenant' else rest}"


def pages(cast: Cast) -> Iterator[Question]:
    """The filters whose first page is asked for."""
    yield Question("everything", "", ())
    for kind in ("user", "group", "tenant", "role"):
        for degree, party in (("busy", cast.busy(kind)), ("rare", cast.rare(kind))):
            yield Question(f"{degree} {kind}", written(party), (party,))
    group = cast.busy("group")
    tenant = group.partition(":")[2].partition("/")[0]
    user, role = cast.busy("user", tenant), cast.busy("role", tenant)
    action = cast.action_of(user)
    yield Question("user and action", f"{written(user)} action:{action}", (user,), f"e.action = '{action}'")
    yield Question("group and action", f"{written(group)} action:export", (group,), "e.action = 'export'")
    yield Question("group, role and outcome", f"{written(group)} {written(role)} outcome:success", (group, role),
                   "e.outcome = 'success'")  # fmt: skip
    yield Question("tenant without a resource", f"tenant:{tenant} -resource:calls", (f"tenant:{tenant}/{tenant}",),
                   "e.resource <> 'calls'")  # fmt: skip
    stranger = next(user for user in reversed(cast.people("acme", 10_000)))
    other = next(one for one in cast.involved if one.startswith("group:") and not one.startswith("group:acme/"))
    yield Question("user and a strange group (empty)", f"{written(stranger)} {written(other)}", (stranger, other),
                   aimed=False)  # fmt: skip


def crowd(cast: Cast) -> str:
    """What `as of now` asks for: the members of a group by name, up to 500 people of one tenant."""
    largest = max({party.partition(":")[2].partition("/")[0] for party in cast.involved if party.startswith("user:")},
                  key=lambda tenant: len(cast.people(tenant, 10_000)))  # fmt: skip
    return "user:" + ",".join(party.partition(":")[2] for party in cast.people(largest, 500))
