"""Everybody who may come to the service, by session, by key or without, and what they keep there: all canaries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from scope.watchers import AFTER, FREE, UNTIL, Watcher
from scope.world import World
from served import NOW

from trailbook.access.accounts import NAMES, Alias
from trailbook.access.kept import ACCOUNTS, KEYS, REPORTS, ROLES, SESSIONS
from trailbook.access.keys import make_key
from trailbook.access.model import (
    RIGHTS_OF_USE,
    SHIPPED_ROLES,
    AccessRole,
    Account,
    KeyUse,
    Origin,
    Right,
    seat_of_account,
)
from trailbook.access.sessions import make_session
from trailbook.deliver.alerts import ALERTS, OCCURRENCES, Alert, Occurrence
from trailbook.deliver.deliveries import DEAD_LETTERS, Delivery, begun, dead_letter
from trailbook.deliver.exports import EXPORTS, Export
from trailbook.deliver.manifest import SavedAs
from trailbook.deliver.recipients import DOMAINS, Domains, Recipient
from trailbook.deliver.runs import RUNS, Run
from trailbook.deliver.schedules import SCHEDULES, Schedule
from trailbook.deliver.times import Timing
from trailbook.directory.viewer import GroupScope, Root, Scope, SelfScope, TenantScope, Viewer
from trailbook.event.model import PartyKey
from trailbook.report.saved import SavedReport, Share
from trailbook.store.ports import Record
from trailbook.web.callers import COOKIE, CSRF_HEADER
from trailbook.web.granting import seat_role_id
from trailbook.web.service import Service

SHIPPED = {role.id: role for role in SHIPPED_ROLES}
SITES = ("acme", "globex")
"""The tenants that have viewers of every kind."""

HIDING: dict[str, frozenset[str]] = {
    "no-addresses": frozenset({"ip", "user_agent"}),
    "no-initiators": frozenset({"initiator"}),
    "no-targets": frozenset({"targets", "groups", "target_groups"}),
    "no-resources": frozenset({"resource", "request_id"}),
    "no-ids": frozenset({"id", "roles"}),
}


class Town:
    """Those who come, and the ids of what is kept, by kind and tenant."""

    def __init__(self, served: Service, world: World) -> None:
        self.served, self.world = served, world
        self.watchers: list[Watcher] = []
        self.ids: dict[str, list[tuple[frozenset[str], str]]] = {
            kind: []
            for kind in (
                "accounts",
                "keys",
                "roles",
                "seats",
                "sessions",
                "reports",
                "schedules",
                "alerts",
                "deliveries",
                "exports",
            )
        }
        self.spare: dict[str, list[tuple[str, str]]] = {kind: [] for kind in self.ids}
        for tenant in SITES:
            self._settle(tenant)
        self._account("root", Root(), "root", ("default", "root"))
        self._account("ops-reader", TenantScope("ops"), "reader", ("ops", "reader"))
        self._account("default-reader", TenantScope("default"), "analyst", ("default", "reader"))
        self._account("operator-in-acme", TenantScope("acme"), "administrator", ("ops", "operator"))
        self._account("unproven", TenantScope("acme"), "administrator", ("acme", "unproven"), proven=False)
        self.watchers.append(Watcher("nobody", TenantScope(""), frozenset(), ("", ""), known=False))
        for tenant in SITES:
            self._reports(tenant)
            self._schedules(tenant)
            self._alerts(tenant)
            self._export(tenant)
            self._spares(tenant)

    def _settle(self, tenant: str) -> None:
        own = TenantScope(tenant)
        self._account(f"{tenant}-admin", own, "administrator", (tenant, "admin"))
        self._account(f"{tenant}-reader", own, "reader", (tenant, "reader"))
        self._account(f"{tenant}-manager", GroupScope(tenant, ("g1",)), "analyst", (tenant, "manager"))
        self._account(f"{tenant}-chief", GroupScope(tenant, ("g2",)), "administrator", (tenant, "chief"))
        self._account(f"{tenant}-self", SelfScope(tenant, "u2"), "analyst", (tenant, "u2"))
        self._account(
            f"{tenant}-member", SelfScope(tenant, "u1"), "administrator", (tenant, "u1"), groups=frozenset({"g1"})
        )
        self._seat(f"{tenant}-auditor", tenant, frozenset())
        for name, hidden in HIDING.items():
            self._seat(f"{tenant}-{name}", tenant, hidden)
        hides = AccessRole(
            f"role-{tenant}", "", frozenset(("view", "export", "directory")), HIDING["no-addresses"], tenant
        )
        self._role(hides)
        self._account(f"{tenant}-hides", own, hides.id, (tenant, "hides"))
        uses: tuple[KeyUse, ...] = ("read", "ingest", "manage")
        for use in uses:
            self._key(tenant, use, frozenset({use}))
        self._key(tenant, "all", frozenset(uses), HIDING["no-resources"])

    def _account(
        self,
        id: str,
        scope: Scope,
        role: str,
        user: tuple[str, str],
        *,
        proven: bool = True,
        since: datetime | None = None,
        until: datetime | None = None,
        groups: frozenset[str] = frozenset(),
    ) -> Watcher:
        world, served = self.world, self.served
        tenant = "" if isinstance(scope, Root) else scope.tenant
        name, label, agent = (world.canary(lambda w: w.manages(tenant)) for _ in range(3))
        account = Account(
            id, name, role, scope, PartyKey("user", *user), label=label, since=since, until=until, created_at=NOW
        )
        found = ROLES.find(served.store, role, NOW)
        seat = seat_of_account(account, found.value if found else SHIPPED[role])
        token, session = make_session(
            account, Origin("10.9.9.9", agent), NOW, served.randomness, lasts=timedelta(hours=12), proven=proven
        )
        watcher = Watcher(
            id, scope, seat.rights, user, {"Cookie": f"{COOKIE}={token}", CSRF_HEADER: session.csrf},
            seat.hidden, since, until, id, role, groups, proven,
        )  # fmt: skip
        self._comes(watcher, label)
        world.columns.update({name: f"name of {id}", label: f"label of {id}", agent: f"user agent of {id}"})
        for own in (name, agent):
            world.tell(own, lambda w: w.account == id)
        served.keep([ACCOUNTS.record(account), NAMES.record(Alias(name, id)), SESSIONS.record(session)])
        self.ids["accounts"].append((frozenset({tenant, user[0]}), id))
        self.ids["sessions"].append((frozenset({tenant, user[0]}), session.id))
        return watcher

    def _comes(self, watcher: Watcher, label: str) -> None:
        """Their name is in what they are answered, and in the events of what they do."""
        self.watchers.append(watcher)
        homes = {watcher.home, watcher.user[0]} if watcher.name != "root" else {*SITES, "ops", "default"}
        self.world.tell(label, lambda w: w.name == watcher.name)
        for tenant, group in watcher.involved().groups:
            # What the directory says of them is filled into the events of what they do.
            self.world.tell(self.world.names["group", tenant, group], _does(watcher.home, watcher, "groups"))
            self.world.tell(self.world.names["role", tenant, "r1"], _does(watcher.home, watcher, "roles"))
        for home in homes:
            for column in ("initiator", "targets"):
                self.world.tell(label, _does(home, watcher, column))
            if watcher.may("access", "directory"):
                self.world.tell(label, _may_be_managed_in(home))

    def _seat(self, id: str, tenant: str, hidden: frozenset[str]) -> None:
        role = AccessRole(seat_role_id(id), "seat", frozenset(("view", "export")), hidden, tenant)
        self.served.keep([ROLES.record(role)])
        self._account(id, TenantScope(tenant), role.id, (tenant, f"seat:{id}"), since=AFTER, until=UNTIL)
        self.ids["seats"].append((frozenset({tenant}), id))

    def _role(self, role: AccessRole) -> None:
        name = self.world.canary(lambda w: w.manages(role.tenant))
        self.served.keep([ROLES.record(replace(role, name=name))])
        self.ids["roles"].append((frozenset({role.tenant}), role.id))

    def _key(self, tenant: str, name: str, uses: frozenset[KeyUse], hidden: frozenset[str] = frozenset()) -> None:
        label = self.world.canary(lambda w: w.manages(tenant))
        text, key = make_key(
            self.served.randomness, name=label, tenant=tenant, uses=uses, created_by="", created_at=NOW, hidden=hidden
        )
        self.served.keep([KEYS.record(key)])
        self.world.columns[label] = f"name of key {name} of {tenant}"
        rights = frozenset[Right]().union(*(RIGHTS_OF_USE[use] for use in uses))
        user = (tenant, f"key:{key.id}")
        headers = {"Authorization": f"Bearer {text}"}
        self._comes(
            Watcher(f"{tenant}-key-{name}", TenantScope(tenant), rights, user, headers, hidden, account=key.id), label
        )
        self.ids["keys"].append((frozenset({tenant}), key.id))

    def _reports(self, tenant: str) -> None:
        shares = {
            "private": (),
            "everybody": (Share("tenant"),),
            "group": (Share("group", "g1"),),
            "role": (Share("role", "reader"),),
        }
        for owner in (f"{tenant}-admin", f"{tenant}-self"):
            for name, sharing in shares.items():
                self._report(f"{owner}-{name}", tenant, owner, sharing)

    def _report(self, id: str, tenant: str, owner: str, sharing: tuple[Share, ...]) -> None:
        world = self.world

        def shared(w: Watcher) -> bool:
            if w.manages(tenant, "reports"):
                return True
            if not w.may("view", "reports") or (w.home != tenant and w.account != owner):
                return False
            kinds = {one.kind for one in sharing}
            in_group = "group" in kinds and "g1" in w.groups
            return w.account == owner or "tenant" in kinds or in_group or ("role" in kinds and w.role == "reader")

        title, query, told, label = (world.canary(shared) for _ in range(4))
        world.columns.update({title: f"title of {id}", query: f"query of {id}", told: f"description of {id}"})
        for runner in self.watchers:
            if shared(runner):
                for told_of in (title, query, told, label):
                    world.tell(told_of, _does(tenant, runner, FREE))
        definition: dict[str, Any] = {
            "query": f"-{query}",
            "columns": ["date_time", {"key": "action", "label": label}, "outcome"],
        }
        report = SavedReport(id, owner, tenant, title, definition, told, sharing, NOW, NOW)
        self.served.keep([REPORTS.record(report)])
        self.ids["reports"].append((frozenset({tenant}), id))

    def _schedules(self, tenant: str) -> None:
        """Schedules, each with a delivery that was given up; whoever may see the schedule is told why."""
        domain = self.world.canary(lambda w: w.manages(tenant))
        kept = [DOMAINS.record(Domains(tenant, (f"{domain}.example",)))]
        for owner in (f"{tenant}-admin", f"{tenant}-self"):
            kept += self._schedule(tenant, owner)
        self.served.keep(kept)

    def _schedule(self, tenant: str, owner: str) -> list[Record]:
        def seen(w: Watcher) -> bool:
            return w.manages(tenant, "reports") or (w.account == owner and w.may("view", "reports"))

        def to_nobody(w: Watcher) -> bool:
            return False

        world, id = self.world, f"schedule-{owner}"
        title, text, error = (world.canary(seen) for _ in range(3))
        told, to, viewer = (world.canary(to_nobody) for _ in range(3))
        world.columns.update({title: f"title of {id}", error: f"error of {id}", to: f"address of {id}"})
        for runner in filter(seen, self.watchers):
            for told_of in (title, text):
                world.tell(told_of, _does(tenant, runner, FREE))
        timing, recipient = Timing("day"), Recipient("account", owner)
        schedule = Schedule(id, owner, tenant, title, f"{owner}-private", timing, "UTC", (recipient,), text=text)
        run = Run(f"{id}.20211101T080000Z", id, tenant, told, NOW, NOW, report=SavedAs(f"{owner}-private", 1))
        delivery = Delivery(
            f"{run.id}.{recipient.key}", run.id, id, tenant, recipient, NOW, "dead", to=to, viewer=viewer, error=error
        )  # fmt: skip
        self.ids["schedules"].append((frozenset({tenant}), id))
        self.ids["deliveries"].append((frozenset({tenant}), delivery.id))
        return [
            SCHEDULES.record(schedule),
            RUNS.record(run),
            *begun(delivery),
            DEAD_LETTERS.record(dead_letter(delivery)),
        ]

    def _alerts(self, tenant: str) -> None:
        """Alerts, each of which occurred once: of whom is for whose it is alone."""
        for owner in (f"{tenant}-admin", f"{tenant}-self"):
            self._alert(tenant, owner)

    def _alert(self, tenant: str, owner: str) -> None:
        def own(w: Watcher) -> bool:
            return w.account == owner and w.may("view", "reports")

        def seen(w: Watcher) -> bool:
            return w.manages(tenant, "reports") or own(w)

        world, id = self.world, f"alert-{owner}"
        title, query, text = (world.canary(seen) for _ in range(3))
        name = world.canary(own)
        world.columns.update({title: f"title of {id}", query: f"query of {id}", name: f"name of {id}"})
        for runner in filter(seen, self.watchers):
            for told_of in (title, query, text):
                world.tell(told_of, _does(tenant, runner, FREE))
        alert = Alert(id, owner, tenant, title, f"-{query}", (Recipient("account", owner),), text=text)
        occurrence = Occurrence(f"{id}.1.x", id, tenant, f"user:{tenant}/u1", name, NOW, NOW, NOW, ())
        self.served.keep([ALERTS.record(alert), OCCURRENCES.record(occurrence)])
        self.ids["alerts"].append((frozenset({tenant}), id))

    def _export(self, tenant: str) -> None:
        """An export that failed; who manages reports of the tenant sees it if they see all that was asked for."""

        def seen(w: Watcher) -> bool:
            return w.manages(tenant, "reports") and not w.hidden

        world, id = self.world, f"export-{tenant}"
        title, error = world.canary(seen), world.canary(seen)
        world.columns.update({title: f"title of {id}", error: f"error of {id}"})
        owner = f"{tenant}-admin"
        export = Export(
            id, tenant, "account", owner, owner, Viewer(owner, TenantScope(tenant)), title, "csv", {}, NOW,
            state="failed", error=error,
        )  # fmt: skip
        self.served.keep([EXPORTS.record(export)])
        self.ids["exports"].append((frozenset({tenant}), id))

    def _spares(self, tenant: str) -> None:
        """What may be changed and taken away without anybody missing it."""
        kept: list[Record] = []
        scope, user = TenantScope(tenant), PartyKey("user", tenant, "spare")
        for number in range(12):
            id = f"spare-{tenant}-{number}"
            kept.append(ACCOUNTS.record(Account(id, id, "reader", scope, user)))
            kept.append(ROLES.record(AccessRole(f"r{id}", "spare", frozenset(("view",)), tenant=tenant)))
            kept.append(REPORTS.record(SavedReport(id, f"{tenant}-admin", tenant, "spare", {})))
            kept.append(
                SCHEDULES.record(Schedule(id, f"{tenant}-admin", tenant, "spare", id, Timing("day"), "UTC", ()))
            )
            _, key = make_key(
                self.served.randomness, name=id, tenant=tenant, uses=frozenset({"read"}), created_by="", created_at=NOW
            )
            kept.append(KEYS.record(key))
            kept.append(ALERTS.record(Alert(id, f"{tenant}-admin", tenant, "spare", "", ())))
            for kind in ("accounts", "seats", "reports", "schedules", "alerts"):
                self.spare[kind].append((tenant, id))
            self.spare["roles"].append((tenant, f"r{id}"))
            self.spare["keys"].append((tenant, key.id))
        self.served.keep(kept)

    def foreign(self, kind: str, watcher: Watcher) -> Iterator[str]:
        """The ids of what is none of the watcher's business."""
        if not isinstance(watcher.scope, Root):
            own = {watcher.home, watcher.user[0]}
            yield from (id for tenants, id in self.ids[kind] if own.isdisjoint(tenants))


def _may_be_managed_in(home: str) -> Any:
    """Who sees what is done to them, or to the people of their groups: whoever manages these is named there."""
    return lambda watcher: (
        isinstance(watcher.scope, (GroupScope, SelfScope))
        and watcher.scope.tenant == home
        and "initiator" not in watcher.hidden
    )


def _does(book: str, who: Watcher, column: str) -> Any:
    return lambda watcher: watcher.sees_now(book, who, column)
