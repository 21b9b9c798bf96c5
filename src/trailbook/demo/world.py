"""The demo's companies and people, and how names, groups and roles of some of them change in the period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Literal, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ..event.model import Belonging, Initiator, Target
from .words import (
    BRANCH_WORDS,
    BROWSERS,
    COMPANIES,
    FAMILY,
    GIVEN,
    GROUPS,
    MARKS,
    NAMESAKE,
    OPERATOR_TENANT,
    PHONE_APP,
    ROLES,
    SUPPORT_GROUP,
    CompanyWords,
)

MANY_EVENTS = 200_000
"""From so many events on there are 50 companies, below 12."""

T = TypeVar("T")


class Version(Struct, frozen=True):
    """A person as known from `since` on: as an initiator (at the office, at home, on the phone) and as a target."""

    since: datetime
    office: Initiator
    home: Initiator
    phone: Initiator
    target: Target

    @property
    def groups(self) -> tuple[Belonging, ...]:
        """The groups the person is in."""
        return self.target.groups or ()

    @property
    def roles(self) -> tuple[Belonging, ...]:
        """The roles the person has."""
        return self.target.roles or ()


class Person(Struct, frozen=True):
    """A user and its versions, oldest first; the first is valid from the beginning."""

    id: str
    versions: tuple[Version, ...]

    def as_of(self, moment: datetime) -> Version:
        """The person as it was at `moment`."""
        for version in reversed(self.versions):
            if version.since <= moment:
                return version
        return self.versions[0]


class Company(Struct, frozen=True):
    """A tenant with its people, in all and by what they do.

    `names_parties`: in a change of belonging, its system names the groups and roles as targets, not just the field.
    """

    id: str
    name: str
    offset: int
    names_parties: bool
    groups: tuple[Belonging, ...]
    roles: tuple[Belonging, ...]
    people: tuple[Person, ...]
    agents: tuple[Person, ...]
    supervisors: tuple[Person, ...]
    admins: tuple[Person, ...]


class Deed(Struct, frozen=True):
    """A change that makes a new version of a person, at `after.since`."""

    kind: Literal["rename", "move", "grant"]
    company: Company
    person: Person
    before: Version
    after: Version


class World(Struct, frozen=True):
    """All companies, the largest first; the one that runs the system; the deeds in order of time."""

    companies: tuple[Company, ...]
    operator: Company
    deeds: tuple[Deed, ...]


def pick(dice: Random, items: Sequence[T]) -> T:
    """One of `items`, each as likely (several times faster than `choice`)."""
    return items[int(dice.random() * len(items))]


def build_world(count: int, seed: int, start: datetime, end: datetime) -> World:
    """The world in which `count` events happen from `start` to `end`; the same arguments give the same world."""
    dice = Random(f"world {seed}")
    words = _companies(50 if count >= MANY_EVENTS else 12)
    users = min(5000, max(120, count // 50))
    share = users / sum(1 / rank for rank in range(1, len(words) + 1))
    plans = _Plans(dice, start, end, budget=count // 50)
    companies = [_company(plans, one, rank, max(6, round(share / (rank + 1)))) for rank, one in enumerate(words)]
    operator = _company(plans, OPERATOR_TENANT, len(words), 8)
    return World(tuple(companies), operator, tuple(sorted(_deeds([*companies, operator]), key=lambda d: d.after.since)))


def _companies(number: int) -> list[CompanyWords]:
    found = list(COMPANIES[:number])
    for index in range(number - len(found)):
        word, branch = BRANCH_WORDS[index % len(BRANCH_WORDS)], index // len(BRANCH_WORDS) + 1
        found.append(CompanyWords(f"{word}-{branch}", f"{word.title()} {branch}", index % 12 - 6, "english"))
    return found


class _Plans:
    """The dice, the period, and how many changes of people may still be planned."""

    def __init__(self, dice: Random, start: datetime, end: datetime, budget: int) -> None:
        self.dice, self.start, self.end, self.budget = dice, start, end, budget

    def later(self) -> datetime:
        """A moment well inside the period, in whole seconds."""
        seconds = (self.end - self.start).total_seconds()
        return self.start + timedelta(seconds=int(seconds * (0.1 + 0.8 * self.dice.random())))


class _House(NamedTuple):
    """What people of a company can become: the culture of their names, the groups and the roles there are."""

    culture: str
    groups: tuple[Belonging, ...]
    roles: tuple[Belonging, ...]


def _company(plans: _Plans, words: CompanyWords, rank: int, size: int) -> Company:
    dice = plans.dice
    labels = GROUPS[: min(len(GROUPS), 2 + size // 12)]
    if words is OPERATOR_TENANT:
        labels = (SUPPORT_GROUP, "Operations")
    groups = tuple(Belonging(f"g{number}", label) for number, label in enumerate(labels, 1))
    roles = tuple(Belonging(f"r-{role}", role) for role in ROLES)
    house = _House(words.culture, groups, roles)
    people: list[Person] = []
    agents: list[Person] = []
    supervisors: list[Person] = []
    admins: list[Person] = []
    for number in range(size):
        rest = number % 10
        role, pool = (2, admins) if rest == 0 else (1, supervisors) if rest == 1 else (0, agents)
        name = NAMESAKE if number == 2 and rank < 2 else _name(dice, words.culture)
        own = [pick(dice, groups)]
        if role == 1 or dice.random() < 0.25:
            own.append(groups[(groups.index(own[0]) + 1) % len(groups)])
        user = Target("user", f"u{number + 1:04d}", name, words.id, tuple(own), (roles[role],))
        first = _version(plans.start, user, rank, number)
        person = Person(user.id, _lifetime(plans, first, number, role, house))
        people.append(person)
        pool.append(person)
    return Company(
        words.id, words.name, words.offset, rank % 2 == 0, groups, roles,
        tuple(people), tuple(agents), tuple(supervisors), tuple(admins),
    )  # fmt: skip


def _name(dice: Random, culture: str) -> str:
    if dice.random() < 0.12:
        culture = "english"
    given, family = pick(dice, GIVEN[culture]), pick(dice, FAMILY[culture])
    if culture in ("japanese", "chinese", "korean"):
        name = family + given if not given.isascii() else f"{given} {family}"
    else:
        name = f"{given} {family}"
    return name + pick(dice, MARKS) if dice.random() < 0.025 else name


def _version(since: datetime, user: Target, rank: int, number: int) -> Version:
    """A version of `user`, whose addresses follow from the ranks of company and user."""
    network = "85.223.209" if rank == 0 else f"198.18.{rank}"
    office = Initiator(
        user.id, user.name, user.tenant, ip=f"{network}.{20 + number % 230}", user_agent=BROWSERS[number % 3],
        groups=user.groups, roles=user.roles,
    )  # fmt: skip
    home = replace(office, ip=f"2001:db8:{rank:x}:{number:x}::17", user_agent=BROWSERS[number % len(BROWSERS)])
    # The telephone app sends who it was and nothing else: groups and roles are left to the directory.
    phone = Initiator(user.id, user.name, user.tenant, ip=f"203.0.113.{number % 250}", user_agent=PHONE_APP)
    return Version(since, office, home, phone, user)


def _lifetime(plans: _Plans, first: Version, number: int, role: int, house: _House) -> tuple[Version, ...]:
    """`first` and what became of the person later: one agent in six changes, of those one in four twice."""
    dice = plans.dice
    versions = [first]
    if role == 0 and (number in (3, 4, 5) or dice.random() < 0.15):
        moments = sorted(plans.later() for _ in range(2 if dice.random() < 0.25 else 1))
        for step, moment in enumerate(moments):
            if plans.budget <= 0 or moment <= versions[-1].since:
                break
            plans.budget -= 1
            versions.append(_changed(dice, versions[-1], moment, (number + step) % 3, house))
    return tuple(versions)


def _changed(dice: Random, last: Version, since: datetime, kind: int, house: _House) -> Version:
    user = last.target
    free = [group for group in house.groups if group not in last.groups]
    if kind == 0 and free:
        user = replace(user, groups=(free[0], *last.groups[1:]))
    elif kind == 1 and house.roles[1] not in last.roles:
        user = replace(user, roles=(*last.roles, house.roles[1]))
    else:
        user = replace(user, name=_married(dice, user.name, house.culture))
    changed = {"name": user.name, "groups": user.groups, "roles": user.roles}
    return Version(
        since, replace(last.office, **changed), replace(last.home, **changed), replace(last.phone, name=user.name), user
    )


def _married(dice: Random, name: str, culture: str) -> str:
    """The name after a wedding: with a second family name or, where the family's name stands first, another one."""
    family = pick(dice, [one for one in FAMILY[culture] if one not in name])
    if " " in name:
        return f"{name}-{family}"
    own = next((one for one in FAMILY[culture] if name.startswith(one)), "")
    return family + name.removeprefix(own)


def _deeds(companies: list[Company]) -> Iterator[Deed]:
    for company in companies:
        for person in company.people:
            for before, after in zip(person.versions, person.versions[1:], strict=False):
                kind: Literal["rename", "move", "grant"] = (
                    "move" if before.groups != after.groups else "grant" if before.roles != after.roles else "rename"
                )
                yield Deed(kind, company, person, before, after)
