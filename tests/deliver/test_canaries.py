"""Whatever leaves by itself holds what its reader may see then: rights change at random, and events are canaries."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from deliver.scheduled import ACME, ANN, BOB, OUTSIDE, Office
from exported import ask, of
from msgspec.structs import replace
from sealed import seal, simple
from size import sized
from starlette.testclient import TestClient
from unpacked import unpacked

from trailbook.access import decide
from trailbook.access.kept import ACCOUNTS, REPORTS, ROLES, Found, Shelf
from trailbook.access.model import SHIPPED_ROLES, AccessRole, Account, Caller, Right
from trailbook.access.present import present
from trailbook.deliver import alerting, exports, message, owners, recipients
from trailbook.deliver.alerts import ALERTS, Alert, Occurrence
from trailbook.deliver.base import Base
from trailbook.deliver.channel import Failed, Message, Uncertain
from trailbook.deliver.deliveries import DELIVERIES
from trailbook.deliver.exports import EXPORTS
from trailbook.deliver.occurring import By
from trailbook.deliver.recipients import DOMAINS, Domains, Recipient
from trailbook.deliver.schedules import SCHEDULES, next_task
from trailbook.deliver.tasks import TASKS
from trailbook.deliver.watching import begin_watch
from trailbook.directory.directory import Directory
from trailbook.directory.model import Changes, Membership
from trailbook.directory.viewer import GroupScope, Root, Scope, SelfScope, TenantScope, Viewer
from trailbook.errors import NotSignedIn, TrailbookError
from trailbook.event.model import Belonging, Event, Initiator, PartyKey, Target
from trailbook.query.matches import matches
from trailbook.query.tree import EVERYTHING, And, Condition, Field, Occurred, Parties
from trailbook.report.saved import Share
from trailbook.settings import Settings
from trailbook.store.memory import MemoryStore
from trailbook.store.ports import Store
from trailbook.web import alerts as alerts_api
from trailbook.web.app import make_app
from trailbook.web.service import Service

CANARY = re.compile(rb"cn[0-9a-f]+[dpw]z")
PEOPLE = ("ann", "bob", "eve")
RECIPIENTS = (
    ANN, BOB, Recipient("account", "eve"), OUTSIDE, Recipient("folder", "weekly"),
    Recipient("webhook", "https://example.com/hook"),
)  # fmt: skip
SCOPES: tuple[Scope, ...] = (
    ACME, ACME, ACME, GroupScope("acme", ("north",)), GroupScope("acme", ("north", "south")), SelfScope("acme", "u1"),
    TenantScope("globex"), Root(),
)  # fmt: skip
NO_ADDRESSES = AccessRole("no-ip", "No addresses", frozenset(("view", "export", "schedule")), frozenset(("ip",)))
KNOWN = {one.id: one for one in (*SHIPPED_ROLES, NO_ADDRESSES)}
DEFINITIONS: tuple[dict[str, Any], ...] = (
    {}, {}, {"columns": ["details", "initiator", "targets"]}, {"columns": ["ip", "details"]},
    {"group_by": ["initiator"]}, {"query": "group:acme/north", "as_of": "now"}, {"query": "user:u1"},
)  # fmt: skip


class Town(Office):
    """People whose rights change, and all that is sent to them or taken by them, with who may see what of it."""

    def __init__(self, store: Store, folder: Path, random: Random) -> None:
        super().__init__(store, folder)
        self.random = random
        self.happened: list[Event] = []
        self.seen: Counter[str] = Counter()
        self.made: set[str] = set()
        self.leaks: list[str] = []
        settings = Settings(export_folder=str(folder / "files"), worker=False)
        self.served = Service(store, settings, clock=self.clock, randomness=Random(0).randbytes)
        app = make_app(self.served, find_caller=lambda *_: self.asking)
        self.http, self.asking = TestClient(app, raise_server_exceptions=False), None
        self.memberships: list[Membership] = []
        self.base.keep([ROLES.record(NO_ADDRESSES)])
        self.account("bob", "analyst", ACME)
        self.account("eve", "reader", ACME)
        for user in ("u0", "u1", "u2"):
            self.join(user)

    # What may be seen, in plain Python.

    def seat(self, id: str) -> tuple[Account, AccessRole] | None:
        """An account and its role, if it may do anything now."""
        found = ACCOUNTS.find(self.store, id, self.clock())
        assert found is not None
        account = found.value
        ended = account.expires_at is not None and account.expires_at <= self.clock()
        role = KNOWN.get(account.role)
        return None if role is None or account.disabled or ended else (account, role)

    def may(self, id: str, right: Right) -> bool:
        seat = self.seat(id)
        return seat is not None and right in seat[1].rights

    def allowed(self, *ids: str, within: str = "") -> set[str]:
        """The canaries that all of these accounts may see now, of this tenant's book if one is named."""
        seats = [self.seat(id) for id in ids]
        if any(one is None or "view" not in one[1].rights for one in seats):
            return set()
        found = set()
        for event in self.happened:
            conditions = [_seen_by(account) for account, _ in filter(None, seats)]
            if within:
                conditions.append(Field("book", (within,)))
            if all(matches(one, event) for one in conditions):
                found |= _canaries(event.details)
                if not any("ip" in role.hidden for _, role in filter(None, seats)):
                    found |= _canaries(event.initiator.ip)  # type: ignore[union-attr]
                found |= _canaries(event.initiator.name)  # type: ignore[union-attr]
        return found

    def check(self, what: str, found: set[str], allowed: set[str]) -> None:
        """Note what was found where it may not be."""
        self.must(found <= allowed, f"{what}: {sorted(found - allowed)}")
        self.seen[what] += len(found)

    def must(self, holds: bool, what: str) -> None:
        """Note it if that does not hold."""
        if not holds:
            self.leaks.append(what)

    # What leaves.

    asking: Caller | None

    def _send(self, sent: Message) -> None:
        """Look at a message that is sent now; some are not taken, and come again when rights have changed."""
        delivery = DELIVERIES.find(self.store, sent.id, self.clock())
        assert delivery is not None
        one = delivery.value
        shelf: Any = ALERTS if one.of == "alert" else SCHEDULES
        source = shelf.find(self.store, one.source, self.clock())
        assert source is not None
        owner, recipient = source.value.owner, one.recipient
        self.must(recipient in source.value.recipients, "to who is no recipient")
        self.must(self.may(owner, "schedule"), "of who may not schedule")
        if one.of == "schedule":
            self.must(self.shared_with(owner), "of a report that is not shared")
        if recipient.outside:
            self.must(self.may(owner, "export"), "to the outside, of who may not export")
            self.must(recipient.kind == "folder" or self.domain == "example.com", "to a domain that is not allowed")
            account = ACCOUNTS.find(self.store, owner, self.clock())
            assert account is not None
            tenant = getattr(account.value.scope, "tenant", "acme")
            allowed = self.allowed(owner, within="" if tenant == "acme" else "acme")
        else:
            self.must(sent.to == f"{recipient.to}@example.com", "to somebody else")
            allowed = self.allowed(owner, recipient.to)
        texts = (sent.subject, sent.text, sent.html, json.dumps(sent.data, default=str))
        whole = "\n".join((*texts, *(file.name for file in sent.attachments))).encode()
        files = b"\n".join(unpacked(file.path.read_bytes()) for file in sent.attachments)
        self.check(f"{one.of} to {recipient.kind}", _canaries(whole) | _canaries(files), allowed)
        if self.random.random() < self.failing:
            raise self.random.choice((Failed, Uncertain))("Not this time.")

    def shared_with(self, id: str) -> bool:
        """Whether somebody may run the report now."""
        found, seat = REPORTS.find(self.store, "r1", self.clock()), self.seat(id)
        assert found is not None
        if seat is None:
            return False
        account, role = seat
        if "reports" in role.rights and account.scope in (ACME, Root()):
            return True
        if getattr(account.scope, "tenant", "acme") != "acme":
            return False
        groups = {one.id for one in self.groups(id)}
        shares = {"tenant": True, "group": "north" in groups, "role": account.role == "analyst"}
        return found.value.owner == id or any(shares[one.kind] for one in found.value.sharing)

    def take(self, most: int) -> None:
        """Everybody tries to take files, so many of each kind at most."""
        for id in PEOPLE:
            try:
                self.asking = present(self.store, "account", id, self.clock())
            except NotSignedIn:
                continue
            for export in self.some(EXPORTS, most):
                answer = self.http.get(f"/api/v1/exports/{export.value.id}/file")
                if answer.status_code == 200:
                    self.must(self.may(id, "export"), "an export for who may not export")
                    self.check("export taken", _canaries(unpacked(answer.content)), self.allowed(id))
            for found in self.some(DELIVERIES, most):
                one = found.value
                for format in ("csv", "html") if one.of == "schedule" else ():
                    answer = self.http.get(f"/api/v1/deliveries/{one.id}/files/{format}")
                    if answer.status_code == 200:
                        self.must(one.recipient == Recipient("account", id), "a link for who is no recipient")
                        self.must(self.shared_with("ann"), "a link to a report that is not shared")
                        self.check("link followed", _canaries(answer.content), self.allowed("ann", id))
            for path in ("/api/v1/alerts/a1/occurrences", "/api/v1/alerts", "/api/v1/deliveries?state=all"):
                answer = self.http.get(path)
                if answer.status_code == 200:
                    self.check("list", _canaries(answer.content), self.allowed(id))

    def some(self, shelf: Shelf[Any], most: int) -> list[Found[Any]]:
        found = list(shelf.each(self.store, self.clock()))
        return self.random.sample(found, min(len(found), most))

    def export(self) -> None:
        """Somebody asks for a file in the background."""
        id = self.random.choice(PEOPLE)
        if self.may(id, "export"):
            caller = present(self.store, "account", id, self.clock())
            definition = {**self.random.choice(DEFINITIONS)}
            self.made.add(ask(self.base, caller, definition, format=self.format()))

    def look_at_exports(self) -> None:
        """What has been made just now holds what whoever asked may see now."""
        for id in sorted(self.made):
            export = of(self.base, id)
            if export.state in ("waiting", "running"):
                continue
            self.made.remove(id)
            if export.made is not None:
                self.must(self.may(export.by, "export"), "an export of who may not export")
                content = (self.folder / "files" / export.made.name).read_bytes()
                self.check("export made", _canaries(unpacked(content)), self.allowed(export.by))

    def format(self) -> str:
        return self.random.choice(("csv", "csv", "json", "html", "xlsx", *sized((), ("parquet", "pdf"))))

    # What changes.

    domain = "example.com"
    failing = 0.0

    def happen(self) -> None:
        """Something is recorded, mostly in acme."""
        random, batch = self.random, []
        for _ in range(random.randrange(1, 5)):
            number = len(self.happened)
            who, whom = random.choice(("u0", "u1", "u2")), random.choice(("u0", "u1", "u2", ""))
            tenant = random.choice(("acme", "acme", "acme", "globex"))
            event = simple(
                900_000 + number,
                self.clock(),
                tenant,
                outcome="failure",
                details=f"cn{number:x}dz",
                initiator=Initiator(
                    who, f"cn{number:x}wz", tenant, ip=f"cn{number:x}pz", groups=self.groups(who, tenant)
                ),
                targets=(Target("user", whom, "", tenant, self.groups(whom, tenant)),) if whom else (),
            )
            self.happened.append(event)
            batch.append(seal(replace(event, recorded_at=self.clock())))
        self.store.append(batch)

    def groups(self, user: str, tenant: str = "acme") -> tuple[Belonging, ...]:
        """Of which groups somebody is a member now."""
        joined = self.base.directory().groups_at("acme", user, self.clock()) or ()
        return tuple(Belonging(one.id, "", tenant) for one in joined)

    def join(self, user: str) -> None:
        """Somebody joins a group, or leaves all."""
        now, group = self.clock(), self.random.choice(("north", "south"))

        def change(known: Directory) -> Changes:
            ends = [one for one in self.memberships if one.user == user and one.valid_to is None]
            if ends:
                closed = [replace(one, valid_to=now) for one in ends]
                self.memberships = [one for one in self.memberships if one not in ends]
                return Changes(closed_memberships=tuple(closed))
            one = Membership("acme", user, "group", group, valid_from=now)
            self.memberships.append(one)
            return Changes(added_memberships=(one,))

        self.store.change_directory(change)

    def change_somebody(self) -> None:
        """An account gets another role, scope, period or end."""
        random, now = self.random, self.clock()
        id = random.choice(PEOPLE)
        known = ("administrator", "analyst", "analyst", "no-ip", "reader", "gone")
        self.account(
            id,
            random.choice(known) if random.random() < 0.5 else "analyst",
            random.choice(SCOPES),
            disabled=random.random() < 0.05,
            since=now - timedelta(minutes=random.randrange(20)) if random.random() < 0.2 else None,
            until=now - timedelta(minutes=random.randrange(20)) if random.random() < 0.1 else None,
            expires_at=now + timedelta(minutes=random.randrange(10)) if random.random() < 0.1 else None,
        )

    def change_sharing(self) -> None:
        found = REPORTS.find(self.store, "r1", self.clock())
        assert found is not None
        sharing = self.random.choice(((), (Share("tenant"),), (Share("group", "north"),), (Share("role", "analyst"),)))
        report = replace(
            found.value, owner=self.random.choice(PEOPLE), sharing=sharing, definition=self.random.choice(DEFINITIONS)
        )
        self.base.keep([REPORTS.record(report, found)])

    def change_domains(self) -> None:
        found = DOMAINS.find(self.store, "acme", self.clock())
        self.domain = self.random.choice(("example.com", "example.com", "example.org"))
        self.base.keep([DOMAINS.record(Domains("acme", (self.domain,)), found)])

    def change_schedule(self) -> None:
        """Other recipients and files; one that had stopped goes on."""
        formats = tuple(dict.fromkeys((self.format(), self.format())))
        size, turn = self.random.choice((0, 5 << 20)), self.schedule().turn
        fields = {"recipients": self.recipients(), "formats": formats, "attach_bytes": size, "skip_empty": False}
        if not self.schedule().active:
            fields |= {"active": True, "stopped": "", "turn": turn + 1}
        self.change(**fields)
        if "turn" in fields:
            self.again()

    def recipients(self) -> tuple[Recipient, ...]:
        return tuple(self.random.sample(RECIPIENTS, self.random.randrange(1, 6)))

    def again(self) -> None:
        """The schedule runs again."""
        self.base.keep([TASKS.record(next_task(self.schedule(), self.clock()))])

    def change_alert(self) -> None:
        """Bob's alert looks for something else, or tells others."""
        by: By = self.random.choice(("", "initiator", "target", "user"))
        self.keep_alert(self.recipients(), by, self.random.randrange(1, 4))

    def keep_alert(self, told: tuple[Recipient, ...], by: By, threshold: int) -> None:
        """Bob keeps his alert, if he may."""
        now, found = self.clock(), ALERTS.find(self.store, "a1", self.clock())
        turn = found.value.turn + 1 if found else 1
        alert = Alert("a1", "bob", "acme", "Failures", "outcome:failure", told, threshold, 3, by)
        alert = replace(alert, turn=turn)
        try:
            owner = alerting.check_all(self.base, alert, now)
        except TrailbookError:
            return
        self.base.keep([ALERTS.record(alert, found), *begin_watch(self.base, alert, owner, now)])

    def live(self, steps: int) -> None:
        """So many times something changes, with all that leaves meanwhile; at first all may have everything."""
        self.add(recipients=RECIPIENTS)
        self.keep_alert(RECIPIENTS, "initiator", 1)
        for _ in range(5):
            self.happen()
        self.work(minutes=6)
        while not self.seen["export made"]:
            self.export()
            self.work(minutes=1)
            self.look_at_exports()
        self.take(100)
        sent = {f"{of} to {kind}" for of in ("schedule", "alert") for kind in ("account", "mail", "folder", "webhook")}
        assert {one for one, number in self.seen.items() if number} >= {*sent, "export made", "link followed", "list"}
        self.failing = 0.3
        changes: list[Callable[[], None]] = [
            self.change_somebody, self.change_somebody, self.change_sharing, self.change_domains, self.change_schedule,
            self.change_alert, lambda: self.join(self.random.choice(("u0", "u1", "u2", *PEOPLE))),
        ]  # fmt: skip
        for _ in range(steps):
            for _ in range(self.random.randrange(1, 4)):
                self.random.choice((*changes, self.happen, self.happen, self.happen, self.export))()
            self.work(minutes=self.random.randrange(1, 7))
            self.look_at_exports()
            if self.random.random() < 0.3:
                self.take(6)


def _seen_by(account: Account) -> Condition:
    """What an account may see."""
    scope, condition = account.scope, EVERYTHING
    match scope:
        case TenantScope(tenant):
            condition = Field("book", (tenant,))
        case GroupScope(tenant, groups):
            parties = tuple(PartyKey("group", tenant, group) for group in groups)
            condition = And((Field("book", (tenant,)), Parties(parties)))
        case SelfScope(tenant, user):
            condition = And((Field("book", (tenant,)), Parties((PartyKey("user", tenant, user),))))
    return And((condition, Occurred(account.since, account.until)))


def _canaries(text: str | bytes) -> set[str]:
    return {one.decode() for one in CANARY.findall(text if isinstance(text, bytes) else text.encode())}


@pytest.mark.parametrize("seed", range(sized(1, 20)))
def test_nothing_leaves_that_its_reader_may_not_see_then(store: Store, tmp_path: Path, seed: int) -> None:
    town = Town(store, tmp_path, Random(seed))
    town.live(sized(8, 40))
    assert town.leaks == []


def _outright(viewer: Viewer, to: Viewer, name: str) -> Viewer:
    return to


def _all_of_it(base: Base, alert: Alert, occurrence: Occurrence, viewer: Viewer) -> Occurrence:
    return occurrence


BROKEN: dict[str, tuple[Any, str, Any]] = {
    "recipients see what the owner sees": (owners, "cut", _outright),
    "recipients see all that is theirs": (owners, "cut", lambda viewer, to, name: replace(viewer, name=name)),
    "the owner's rights are not asked": (decide, "require", lambda caller, right, now, who="": None),
    "who sees less gets the same file": (message, "_key", lambda viewer: "x"),
    "files are given to who sees less by now": (exports, "covers", lambda seat, viewer: True),
    "names are as the owner sees them": (alerting, "as_seen", _all_of_it),
    "what occurred stays as it was seen": (alerts_api, "as_seen", _all_of_it),
    "domains are not asked": (recipients, "allowed", lambda records, tenant, now: ("example.com",)),
}


@pytest.mark.parametrize("broken", sized(list(BROKEN)[::3], list(BROKEN)))
def test_it_is_found_if(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, instead = BROKEN[broken]
    monkeypatch.setattr(where, name, instead)
    for seed in range(40):
        town = Town(MemoryStore(), tmp_path / str(seed), Random(seed))
        town.live(8)
        if town.leaks:
            return
    pytest.fail("Nobody noticed.")
