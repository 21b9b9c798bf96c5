"""The demo's directory: who bore which name and belonged to what, and when, as its events show it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from ..directory.model import Incoming, Membership, MembershipKind, Profile
from ..event.model import Belonging
from .trail import YEAR
from .world import Company, Person, Version, build_world

EARLIER = timedelta(days=30)
"""So long before the trail begins everybody is there, so that what arrives late has its people too."""


def demo_directory(count: int, seed: int, end: datetime, *, period: timedelta = YEAR) -> Incoming:
    """The directory that belongs to `demo_events` of the same arguments; agrees with what those events have frozen."""
    end = end.astimezone(UTC)
    world = build_world(count, seed, end - period, end)
    since = end - period - EARLIER
    profiles: list[Profile] = []
    memberships: list[Membership] = []
    for company in (*world.companies, world.operator):
        profiles += _own_profiles(company, since)
        for person in company.people:
            profiles += _names(company, person, since)
            memberships += _belongings(company, person, "group", since)
            memberships += _belongings(company, person, "role", since)
    return Incoming(tuple(profiles), tuple(memberships))


def directory_json(incoming: Incoming) -> bytes:
    """A directory as the JSON that `trailbook directory import` reads."""
    plural = {"user": "users", "group": "groups", "role": "roles", "tenant": "tenants"}
    file: dict[str, list[dict[str, object]]] = {name: [] for name in (*plural.values(), "memberships")}
    for profile in incoming.profiles:
        entry = {"id": profile.id, "name": profile.name, **_time(profile)}
        if profile.kind != "tenant":
            entry["tenant"] = profile.tenant
        file[plural[profile.kind]].append(entry)
    for one in incoming.memberships:
        file["memberships"].append({"user": one.user, "tenant": one.tenant, one.kind: one.id, **_time(one)})
    return msgspec.json.format(msgspec.json.encode(file), indent=1)


def _time(row: Profile | Membership) -> dict[str, object]:
    return {key: at for key in ("valid_from", "valid_to") if (at := getattr(row, key)) is not None}


def _own_profiles(company: Company, since: datetime) -> Iterator[Profile]:
    yield Profile("tenant", company.id, company.id, company.name, since)
    for group in company.groups:
        yield Profile("group", company.id, group.id, group.name, since)
    for role in company.roles:
        yield Profile("role", company.id, role.id, role.name, since)


def _names(company: Company, person: Person, since: datetime) -> Iterator[Profile]:
    for index, version in enumerate(person.versions):
        following = person.versions[index + 1] if index + 1 < len(person.versions) else None
        if following is None or following.target.name != version.target.name:
            until = following.since if following else None
            yield Profile("user", company.id, person.id, version.target.name, since, until)
            since = until or since


def _belongings(company: Company, person: Person, kind: MembershipKind, since: datetime) -> Iterator[Membership]:
    def held(version: Version) -> tuple[Belonging, ...]:
        return version.groups if kind == "group" else version.roles

    started = {one.id: since for one in held(person.versions[0])}
    for version in person.versions[1:]:
        now = {one.id for one in held(version)}
        for left in [id for id in started if id not in now]:
            yield Membership(company.id, person.id, kind, left, "", started.pop(left), version.since)
        for joined in sorted(now - started.keys()):
            started[joined] = version.since
    for id, joined_at in started.items():
        yield Membership(company.id, person.id, kind, id, "", joined_at)
