"""A store of several tenants in which every text is a canary, and what says whose each one is, by the design alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

from scope.watchers import AFTER, FREE, Involved, Watcher
from trails import sealed_trail

from trailbook.directory.model import Changes, Membership, Profile
from trailbook.event.model import Belonging, Change, Event, Initiator, Kind, Reference, Target
from trailbook.store.ports import Store

TENANTS = ("acme", "globex", "ops", "default")
NAMESAKE = "Ann Lee"
CANARY = re.compile(rb"lk\d{5}x|1eaf[0-9a-f]{4}-0000", re.IGNORECASE)
"""What no request ever holds: found in an answer, it was let out of the store."""

_BEFORE, _WITHIN = AFTER - timedelta(days=40), AFTER + timedelta(days=2)

Sees = Callable[[Watcher], bool]


class World:
    """Canaries with whoever may see them, and baits: words of the same events that requests may use."""

    def __init__(self) -> None:
        self._sees: dict[str, list[Sees]] = defaultdict(list)
        self.columns: dict[str, str] = {}
        """What each canary is: of one that is part of an event, the column."""
        self.names: dict[tuple[str, str, str], str] = {}
        """What groups and roles are called in the directory, by kind, tenant and id."""
        self.events: list[Event] = []
        self.baits: dict[str, list[str]] = defaultdict(list)
        """Values that requests may use, by field."""
        self.bait_of: dict[str, Sees] = {}
        """Who may find the event that a bait word is part of."""

    def canary(self, *seen_by: Sees) -> str:
        """A text that only these may see."""
        text = f"lk{len(self._sees):05d}x"
        self._sees[text].extend(seen_by)
        return text

    def tell(self, canary: str, seen_by: Sees) -> None:
        """These may see it as well."""
        self._sees[canary].append(seen_by)

    def may_see(self, canary: str, watcher: Watcher) -> bool:
        return any(sees(watcher) for sees in self._sees[canary])

    def seen_by(self, watcher: Watcher) -> set[str]:
        return {canary for canary in self._sees if self.may_see(canary, watcher)}

    def leaks(self, watcher: Watcher, answer: bytes) -> set[str]:
        """The canaries in an answer that the watcher may not see."""
        return {one for one in found(answer) if not self.may_see(one, watcher)}

    def _event_id(self, number: int, sees: Callable[[str], Sees]) -> str:
        if number % 2:
            id = str(UUID(int=0xBA17 << 112 | 0x4000 << 64 | 0x8 << 60 | number))
            self.baits["id"].append(id)
            return id
        short = f"1eaf{number:04x}-0000"
        self._sees[short].append(sees("id"))
        self.columns[short] = "id"
        return f"{short}-4000-8000-{number:012x}"

    def happened(self, book: str, initiator: str, target: str, at: datetime) -> None:
        """An event, each text of which is a canary (or, in every other event of some fields, a bait)."""
        number = len(self.events) + 1
        involved = _involved(book, initiator, target)

        def sees(column: str) -> Sees:
            return lambda watcher: watcher.sees_event(book, involved, at, column)

        def new(column: str) -> str:
            canary = self.canary(sees(column))
            self.columns[canary] = column
            return canary

        def bait(field: str) -> str:
            word = f"{field}bait{number}"
            self.baits[field].append(word)
            self.bait_of[word] = sees("id")
            return word

        def belonging(tenant: str, id: str, column: str) -> tuple[Belonging, ...]:
            return (Belonging(id, new(column), tenant),)

        def user(tenant: str, id: str) -> Target:
            name = NAMESAKE if id.startswith("lk") else new("targets")
            if id.startswith("lk"):
                self.tell(id, sees("targets"))
            groups = tuple(Belonging(one, new("target_groups"), tenant) for one in GROUPS_OF[_role(id)])
            return Target("user", id, name, tenant, groups, ())

        who: Initiator | None = None
        if initiator != "nobody":
            tenant, id = self.person(book, initiator)
            acts_as = user(book, "u2") if initiator == "acting" else None
            if acts_as is not None:
                self.tell(acts_as.name, sees("initiator"))
            groups = tuple(Belonging(one, new("groups"), tenant) for one in GROUPS_OF[_role(id)])
            verified = initiator != "unproven"
            if id.startswith("lk"):
                self.tell(id, sees("initiator"))
            who = Initiator(
                id,
                NAMESAKE if id.startswith("lk") else new("initiator"),
                tenant,
                verified=verified,
                ip=f"10.7.{number // 250}.{number % 250}" if number % 3 == 0 else new("ip"),
                user_agent=new("user_agent"),
                groups=groups if verified else (),
                roles=belonging(tenant, "r1", "roles") if verified else (),
                acts_as=acts_as,
            )
        targets: tuple[Target, ...] = ()
        if target in ("u1", "u2", "ann"):
            targets = (user(*self.person(book, target)),)
        elif target in ("g1", "g2"):
            targets = (Target("group", target, new("targets"), book),)
        elif target == "call":
            targets = (Target("calls", bait("related") if number % 2 else new("targets"), new("targets")),)
        self.events.append(
            Event(
                id=self._event_id(number, sees),
                occurred_at=at + timedelta(minutes=number),
                resource=new("resource") if number % 2 else "calls",
                action=bait("action") if number % 2 else new("action"),
                tenant=book,
                application=new("application") if number % 4 == 0 else "web",
                initiator=who,
                outcome="failure" if number % 5 == 0 else "success",
                reason=new(FREE),
                details=f"{new(FREE)} {bait('word')}",
                targets=targets,
                related=(Reference("order", bait("related") if number % 2 else new("related"), new(FREE)),),
                request_id=bait("request") if number % 2 else new("request_id"),
                trace_id=new(FREE),
                changes={new(FREE): Change(new(FREE), new(FREE))},
                data={new(FREE): [new(FREE)]},
            )
        )

    def person(self, book: str, who: str) -> tuple[str, str]:
        """The tenant and id of somebody: Ann's id is a canary, for she is asked for by name."""
        if who == "operator":
            return "ops", self.anns["ops"]
        return book, self.anns[book] if who == "ann" else {"acting": "u1", "unproven": "u3"}.get(who, who)

    anns: dict[str, str]


GROUPS_OF = {"u1": ("g1",), "ann": ("g2",), "u2": (), "u3": ()}
"""The ids of groups are the same in all tenants."""


def _role(id: str) -> str:
    return "ann" if id.startswith("lk") else id


def _involved(book: str, initiator: str, target: str) -> Involved:
    users: set[tuple[str, str]] = set()
    groups: set[tuple[str, str]] = set()

    def take(tenant: str, who: str) -> None:
        users.add((tenant, who))
        groups.update((tenant, group) for group in GROUPS_OF[who])

    match initiator:
        case "operator":
            take("ops", "ann")
        case "acting":
            take(book, "u1")
            take(book, "u2")
        case "u1" | "u2" | "ann":
            take(book, initiator)
    if target in GROUPS_OF:
        take(book, target)
    elif target.startswith("g"):
        groups.add((book, target))
    return Involved(frozenset(users), frozenset(groups))


INITIATORS = ("u1", "u2", "ann", "acting", "operator", "unproven", "nobody")
AIMS = ("nothing", "u1", "u2", "ann", "g1", "g2", "call")


def fill(world: World, store: Store) -> None:
    """Let it all happen, and keep who there is."""
    world.anns = {tenant: world.canary(_of_the_directory(tenant, "ann")) for tenant in TENANTS}
    for book, initiator, target, at in product(TENANTS, INITIATORS, AIMS, (_BEFORE, _WITHIN)):
        world.happened(book, initiator, target, at)
    store.append(sealed_trail(world.events))
    profiles, memberships = list(_profiles(world)), list(_memberships(world))
    store.change_directory(lambda known: Changes(tuple(profiles), (), tuple(memberships), ()))
    world.baits["user"] += ["u1", "u2", f'"{NAMESAKE}"', *(f"{one}/u1" for one in TENANTS)]
    world.baits["group"] += ["g1", "g2", *(f"{one}/g1" for one in TENANTS)]
    world.baits["role"] += ["r1"]
    world.baits["tenant"] += [*TENANTS]
    world.baits["ip"] += ["10.7.0.0/16", "10.7.1.1"]


def _of_the_directory(tenant: str, id: str, kind: str = "user", until: datetime | None = None) -> Sees:
    return lambda watcher: watcher.knows(kind, tenant, id, until)


def _profiles(world: World) -> Iterator[Profile]:
    for tenant in TENANTS:
        yield Profile("tenant", tenant, tenant, world.canary(_of_the_directory(tenant, tenant, "tenant")))
        for id in ("u1", "u2", "u4"):
            yield Profile("user", tenant, id, world.canary(_of_the_directory(tenant, id)))
        yield Profile("user", tenant, world.anns[tenant], NAMESAKE)
        gone = world.canary(_of_the_directory(tenant, "u1", until=_BEFORE))
        yield Profile("user", tenant, "u5", gone, datetime(2020, 1, 1, tzinfo=UTC), _BEFORE)
        parties: tuple[tuple[Kind, str], ...] = (("group", "g1"), ("group", "g2"), ("role", "r1"))
        for kind, id in parties:
            name = world.canary(_of_the_directory(tenant, id, kind))
            world.names[kind, tenant, id] = name
            yield Profile(kind, tenant, id, name)


def _memberships(world: World) -> Iterator[Membership]:
    for tenant in TENANTS:
        yield Membership(tenant, "u1", "group", "g1")
        yield Membership(tenant, "u1", "role", "r1")
        yield Membership(tenant, world.anns[tenant], "group", "g2")


def found(answer: bytes) -> set[str]:
    """The canaries in an answer."""
    return {one.decode().lower() for one in CANARY.findall(answer)}
