"""The demo's directory: who bore which name and belonged to what, and when, as its events show it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ..directory.model import Incoming, Membership, MembershipKind, Profile
from ..event.model import Belonging
from .trail import YEAR
from .world import Company, Person, Version, build_world


def demo_directory(count: int, seed: int, end: datetime, *, period: timedelta = YEAR) -> Incoming:
    """The directory that belongs to `demo_events` of the same arguments; agrees with what those events have frozen."""
    end = end.astimezone(UTC)
    world = build_world(count, seed, end - period, end)
    profiles: list[Profile] = []
    memberships: list[Membership] = []
    for company in (*world.companies, world.operator):
        profiles += _own_profiles(company)
        for person in company.people:
            profiles += _names(company, person)
            memberships += _belongings(company, person, "group")
            memberships += _belongings(company, person, "role")
    return Incoming(tuple(profiles), tuple(memberships))


def _own_profiles(company: Company) -> Iterator[Profile]:
    yield Profile("tenant", company.id, company.id, company.name)
    for group in company.groups:
        yield Profile("group", company.id, group.id, group.name)
    for role in company.roles:
        yield Profile("role", company.id, role.id, role.name)


def _names(company: Company, person: Person) -> Iterator[Profile]:
    since: datetime | None = None
    for index, version in enumerate(person.versions):
        following = person.versions[index + 1] if index + 1 < len(person.versions) else None
        if following is None or following.target.name != version.target.name:
            until = following.since if following else None
            yield Profile("user", company.id, person.id, version.target.name, since, until)
            since = until


def _belongings(company: Company, person: Person, kind: MembershipKind) -> Iterator[Membership]:
    def held(version: Version) -> tuple[Belonging, ...]:
        return version.groups if kind == "group" else version.roles

    started: dict[str, datetime | None] = {one.id: None for one in held(person.versions[0])}
    for version in person.versions[1:]:
        now = {one.id for one in held(version)}
        for left in [id for id in started if id not in now]:
            yield Membership(company.id, person.id, kind, left, "", started.pop(left), version.since)
        for joined in sorted(now - started.keys()):
            started[joined] = version.since
    for id, since in started.items():
        yield Membership(company.id, person.id, kind, id, "", since)
