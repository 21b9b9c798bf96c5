"""A maker of requests for every endpoint: of whoever it is told, about whatever there is, theirs or not."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

from scope.people import SITES, Town
from scope.watchers import Watcher
from served import NOW
from size import FULL

from trailbook.access.kept import ACCOUNTS, SESSIONS
from trailbook.access.model import Origin
from trailbook.access.sessions import make_session
from trailbook.deliver.exports import EXPORTS
from trailbook.render import DOWNLOADS
from trailbook.report.columns import COLUMNS
from trailbook.store.ports import FACET_FIELDS
from trailbook.web.callers import COOKIE, CSRF_HEADER

API = "/api/v1"
ABSENT = "none-of-these"


class Asked(NamedTuple):
    """A request: parameters, body and headers beside those that say who asks."""

    path: str
    parameters: dict[str, Any] = {}  # noqa: RUF012
    body: Any = None
    headers: dict[str, str] | None = None


class Draw:
    """Random parts of requests of one watcher, from what all of the world is made of."""

    def __init__(self, town: Town, watcher: Watcher, random: Random, cursors: list[str], heads: list[str]) -> None:
        self.town, self.watcher, self.random = town, watcher, random
        self.cursors, self.heads = cursors, heads
        self.baits = town.world.baits

    def one(self, values: Any) -> Any:
        return self.random.choice(list(values))

    def maybe(self, value: Callable[[], Any]) -> dict[str, Any]:
        return value() if self.random.random() < 0.4 else {}

    def leaf(self) -> str:
        kind = self.one(
            ("user", "by", "against", "group", "by.group", "against.group", "role", "tenant", "by.tenant",
             "against.tenant", "action", "related", "request", "id", "ip", "word", "book", "is", "outcome",
             "changed", "resource", "app")
        )  # fmt: skip
        sided = {"by": "user", "against": "user"}.get(kind, kind.partition(".")[2] or kind)
        match kind:
            case "word":
                return str(self.one(self.baits["word"]))
            case "book":
                return f"book:{self.tenant()}"
            case "is":
                return str(self.one(("is:anonymous", "is:late")))
            case "outcome" | "changed" | "resource" | "app":
                return f"{kind}:{self.one(('failure', 'success')) if kind == 'outcome' else '*'}"
        return f"{kind}:{self.one(self.baits[sided])}"

    def query(self) -> str:
        match self.random.randrange(6):
            case 0:
                return ""
            case 1 | 2:
                return self.leaf()
            case 3:
                return f"{self.leaf()} OR {self.leaf()}"
            case 4:
                return f"-{self.leaf()}"
        return f"({self.leaf()} OR -{self.leaf()}) {self.leaf()}"

    def question(self) -> dict[str, Any]:
        return {
            "query": self.query(),
            "as_of": self.one(("then", "now")),
            **self.maybe(lambda: {"since": self.one(("2021-09-01", "2021-11-02", "-3mo"))}),
            **self.maybe(lambda: {"until": self.one(("2021-10-01", "2021-11-30"))}),
            **self.maybe(lambda: {"zone": self.one(("Europe/Berlin", "UTC"))}),
            **(
                self.maybe(lambda: {"heads": self.one(self.heads)}) if self.heads and self.random.random() < 0.3 else {}
            ),
        }

    def columns(self) -> str:
        return ",".join(self.random.sample(sorted(COLUMNS), self.random.randint(1, 4)))

    def list(self) -> dict[str, Any]:
        return {
            **self.question(),
            **self.maybe(lambda: {"columns": self.columns()}),
            "order": self.one(("newest", "oldest")),
        }

    def paging(self, forms: tuple[str, ...]) -> dict[str, Any]:
        return {
            "form": self.one(forms),
            "limit": self.one((1, 7, 50, 1000)),
            **self.maybe(lambda: {"cursor": self.cursor()} if self.cursors else {}),
        }

    def cursor(self) -> str:
        """One that anybody was given, maybe with another place in it, or cut."""
        given = str(self.one(self.cursors))
        match self.random.randrange(4):
            case 0:
                return given[:-2]
            case 1:
                raw = bytearray(urlsafe_b64decode(given + "=" * (-len(given) % 4)))
                raw[self.random.randrange(len(raw))] ^= 1
                return urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
        return given

    def tenant(self) -> str:
        return str(self.one(("acme", "globex", "ops", "default", ABSENT)))

    def of_tenant(self) -> dict[str, Any]:
        return {"tenant": self.tenant()} if self.random.random() < 0.6 else {}

    def id(self, kind: str) -> str:
        """Of anything there is, or of nothing."""
        return str(self.one([*(id for _, id in self.town.ids[kind]), ABSENT]))

    def changing(self, kind: str) -> str:
        """Of what is not the watcher's, or of what may be lost."""
        spare = [id for tenant, id in self.town.spare.get(kind, ()) if self.random.random() < 0.3]
        return str(self.one([*self.town.foreign(kind, self.watcher), *spare, ABSENT]))

    def page(self) -> dict[str, Any]:
        return {"limit": self.one((1, 5, 1000)), **self.maybe(lambda: {"after": self.one(("", "a", "globex", "u1"))})}

    def party(self) -> tuple[str, str]:
        kind = self.one(("users", "groups", "roles", "tenants"))
        ids = {"users": ("u1", "u2", "u4", "u5"), "groups": ("g1", "g2"), "roles": ("r1",)}
        return kind, self.one(ids.get(kind, ("acme", "globex", "ops")))

    def new_party(self) -> tuple[str, str]:
        kind = self.one(("users", "groups", "roles"))
        return kind, f"new{self.random.randrange(50)}"

    def scope(self) -> dict[str, Any]:
        tenant = self.tenant()
        return dict(
            self.one(
                (
                    {"type": "root"},
                    {"type": "tenant", "tenant": tenant},
                    {"type": "groups", "tenant": tenant, "groups": ["g1"]},
                    {"type": "self", "tenant": tenant, "user": "u1"},
                )
            )
        )

    def session(self) -> dict[str, str]:
        """Another session of the same account, to lose."""
        served, now = self.town.served, NOW
        found = ACCOUNTS.find(served.store, self.watcher.account, now)
        if found is None or not self.watcher.known:
            return dict(self.watcher.headers)
        token, session = make_session(
            found.value, Origin(), now, served.randomness, lasts=timedelta(hours=1), proven=True
        )
        served.keep([SESSIONS.record(session)])
        return {"Cookie": f"{COOKIE}={token}", CSRF_HEADER: session.csrf}


def _directory(method: str) -> Callable[[Draw], Asked]:
    def make(draw: Draw) -> Asked:
        kind, id = draw.party() if method == "get" else draw.new_party()
        body = {"name": "new", **({"groups": ["g3"]} if kind == "users" else {})} if method == "put" else None
        return Asked(f"{API}/directory/{kind}/{id}", draw.of_tenant(), body)

    return make


def _one(path: str, kind: str, rest: str = "", body: Any = None) -> Callable[[Draw], Asked]:
    return lambda draw: Asked(f"{API}/{path}/{draw.id(kind)}{rest}", {}, body)


def _changed(path: str, kind: str, rest: str = "", body: Any = None) -> Callable[[Draw], Asked]:
    return lambda draw: Asked(f"{API}/{path}/{draw.changing(kind)}{rest}", {}, body)


def _listing(path: str) -> Callable[[Draw], Asked]:
    return lambda draw: Asked(f"{API}/{path}", {**draw.page(), **draw.of_tenant()})


def _export(rest: str) -> Callable[[Draw], Asked]:
    return lambda draw: Asked(f"{API}/events.{rest}", draw.list())


def _saved(rest: str) -> Callable[[Draw], Asked]:
    def make(draw: Draw) -> Asked:
        narrowed = {key: value for key, value in draw.question().items() if key in ("since", "until")}
        paging = draw.paging(("value", "text")) if rest == "rows" else {}
        return Asked(f"{API}/reports/{draw.id('reports')}/{rest}", {**narrowed, **paging})

    return make


def _sent(draw: Draw) -> Asked:
    """Events that name people of other tenants, in books that are not the sender's."""
    person = {"id": draw.one(("u1", "u2", "u4", "x")), "tenant": draw.tenant()}
    groups = {"groups": [{"id": "g1", "tenant": draw.tenant()}], "roles": [{"id": "r1", "tenant": draw.tenant()}]}
    event = {
        "id": draw.one(draw.baits["id"]),
        "occurred_at": "2021-11-05T12:00:00Z",
        "resource": "sent",
        "action": "sent",
        "initiator": {"id": "x"} if draw.random.random() < 0.3 else {**person, **draw.maybe(lambda: groups)},
        "targets": [{"kind": "group", "id": "g1", "tenant": draw.tenant()}, {"kind": "user", **person}],
    }
    if draw.watcher.home in (person["tenant"], "") or any(
        one["tenant"] == draw.watcher.home for one in (*groups["groups"], *groups["roles"], *event["targets"])
    ):
        # What is filled in of the sender's own tenant is for its viewers, which is tested elsewhere.
        event["initiator"], event["targets"] = {"id": "x", "name": "X", "groups": [], "roles": []}, []
    if draw.random.random() < 0.5:
        del event["id"]
    if draw.random.random() < 0.3:
        event["tenant"] = draw.tenant()
    return Asked(f"{API}/events", {}, [event])


def _imported(draw: Draw) -> Asked:
    return Asked(
        f"{API}/directory/import",
        draw.of_tenant(),
        {"users": [{"id": f"in{draw.random.randrange(50)}", "tenant": draw.tenant(), "groups": ["g3"]}]},
    )


def _membership(draw: Draw) -> dict[str, Any]:
    given = {"user": f"new{draw.random.randrange(50)}", "group": "g3", **draw.of_tenant()}
    return {**given, **draw.maybe(lambda: {"group_tenant": draw.tenant()})}


def _account(draw: Draw) -> dict[str, Any]:
    name = f"made{draw.random.randrange(10**9)}"
    role = draw.one(("reader", "root", *(id for _, id in draw.town.ids["roles"])))
    user = draw.maybe(lambda: {"user": {"tenant": draw.tenant(), "id": "u1"}})
    return {"name": name, "role": role, "scope": draw.scope(), **user}


def _report(draw: Draw) -> dict[str, Any]:
    return {"title": "made", "definition": {"query": draw.query()}, "sharing": [{"kind": "tenant"}]}


def _wanted(draw: Draw) -> dict[str, Any]:
    given = {"format": draw.one(("csv", "jsonl"))}
    if draw.random.random() < 0.5:
        return {**given, "report": draw.id("reports")}
    columns = draw.columns().split(",")
    return {**given, "definition": {"query": draw.query(), "columns": columns}}


def _exports(rest: str) -> Callable[[Draw], Asked]:
    """Of an export that there is, one's own as often as another's; all of them are made first."""

    def make(draw: Draw) -> Asked:
        draw.town.served.worker.run_due()
        there = [one.value for one in EXPORTS.each(draw.town.served.store, NOW)]
        own = [one.id for one in there if one.by == draw.watcher.account]
        ids = own if own and draw.random.random() < 0.5 else [one.id for one in there]
        return Asked(f"{API}/exports/{draw.one([*ids, ABSENT])}{rest}")

    return make


def _looked(draw: Draw) -> dict[str, Any]:
    by = draw.one(("", "initiator", "target", "user", "ip"))
    return {"query": draw.query(), "threshold": draw.one((1, 2, 5)), "minutes": draw.one((1, 1440)), "by": by}


def _alert(draw: Draw) -> dict[str, Any]:
    recipient = {"kind": "account", "to": draw.id("accounts")}
    return {**_looked(draw), "title": "made", "recipients": [recipient]}


def _schedule(draw: Draw) -> dict[str, Any]:
    recipient = draw.one(
        (
            {"kind": "account", "to": draw.id("accounts")},
            {"kind": "mail", "to": "ann@example.com"},
            {"kind": "folder", "to": "made"},
        )
    )
    timing = draw.one(({"every": "day"}, {"every": "week", "days": ["mon"]}, {"every": "cron", "cron": "0 8 1 * *"}))
    return {
        "title": "made",
        "report": draw.id("reports"),
        "timing": timing,
        "zone": "Europe/Berlin",
        "recipients": [recipient],
    }


_PASSWORD = "none of your passwords"
_SEAT_ENDS = "2030-01-01T00:00:00Z"

MAKERS: dict[tuple[str, str], Callable[[Draw], Asked]] = {
    ("get", "/api/openapi.json"): lambda draw: Asked("/api/openapi.json"),
    ("get", "/healthz"): lambda draw: Asked("/healthz"),
    ("get", "/readyz"): lambda draw: Asked("/readyz"),
    ("get", "/metrics"): lambda draw: Asked("/metrics"),
    ("post", f"{API}/events"): _sent,
    ("get", f"{API}/events"): lambda draw: Asked(
        f"{API}/events", {**draw.list(), **draw.paging(("value", "text", "event"))}
    ),
    ("get", f"{API}/events/count"): lambda draw: Asked(
        f"{API}/events/count", {**draw.question(), **draw.maybe(lambda: {"at_most": 3})}
    ),
    ("get", f"{API}/events/summary"): lambda draw: Asked(
        f"{API}/events/summary",
        {**draw.question(), "by": draw.one((*COLUMNS, "day", "initiator,tenant", "hour,action", "groups,roles"))},
    ),
    ("get", f"{API}/events/facets"): lambda draw: Asked(
        f"{API}/events/facets", {**draw.question(), "field": draw.one(FACET_FIELDS), "limit": 1000}
    ),
    **{("get", f"{API}/events.{rest}"): _export(rest) for rest in DOWNLOADS},
    ("get", f"{API}/events/{{id}}"): lambda draw: Asked(f"{API}/events/{draw.one([*draw.baits['id'], ABSENT])}"),
    ("get", f"{API}/columns"): lambda draw: Asked(f"{API}/columns"),
    ("get", f"{API}/formats"): lambda draw: Asked(f"{API}/formats"),
    ("get", f"{API}/formats/{{name}}"): lambda draw: Asked(f"{API}/formats/{draw.one(('okta', '../access', ABSENT))}"),
    ("get", f"{API}/heads"): lambda draw: Asked(f"{API}/heads"),
    ("get", f"{API}/directory/{{kind}}"): lambda draw: Asked(
        f"{API}/directory/{draw.party()[0]}", {**draw.page(), **draw.of_tenant()}
    ),
    **{(one, f"{API}/directory/{{kind}}/{{id}}"): _directory(one) for one in ("get", "put", "delete")},
    ("post", f"{API}/directory/memberships"): lambda draw: Asked(f"{API}/directory/memberships", {}, _membership(draw)),
    ("delete", f"{API}/directory/memberships"): lambda draw: Asked(f"{API}/directory/memberships", _membership(draw)),
    ("post", f"{API}/directory/import"): _imported,
    ("get", f"{API}/accounts"): _listing("accounts"),
    ("post", f"{API}/accounts"): lambda draw: Asked(f"{API}/accounts", {}, _account(draw)),
    ("get", f"{API}/accounts/{{id}}"): _one("accounts", "accounts"),
    ("patch", f"{API}/accounts/{{id}}"): lambda draw: Asked(
        f"{API}/accounts/{draw.changing('accounts')}", {}, draw.one(({"role": "root"}, {"scope": draw.scope()}, {}))
    ),
    ("delete", f"{API}/accounts/{{id}}"): _changed("accounts", "accounts"),
    ("post", f"{API}/accounts/{{id}}/link"): _changed("accounts", "accounts", "/link"),
    ("post", f"{API}/accounts/{{id}}/otp/reset"): _changed("accounts", "accounts", "/otp/reset"),
    ("get", f"{API}/access-roles"): _listing("access-roles"),
    ("post", f"{API}/access-roles"): lambda draw: Asked(
        f"{API}/access-roles", {}, {"name": "made", "rights": ["view"], **draw.of_tenant()}
    ),
    ("get", f"{API}/access-roles/{{id}}"): _one("access-roles", "roles"),
    ("patch", f"{API}/access-roles/{{id}}"): _changed("access-roles", "roles", body={"rights": ["view", "export"]}),
    ("delete", f"{API}/access-roles/{{id}}"): _changed("access-roles", "roles"),
    ("get", f"{API}/keys"): _listing("keys"),
    ("post", f"{API}/keys"): lambda draw: Asked(
        f"{API}/keys", {}, {"name": "made", "tenant": draw.tenant(), "uses": ["read"]}
    ),
    ("get", f"{API}/keys/{{id}}"): _one("keys", "keys"),
    ("delete", f"{API}/keys/{{id}}"): _changed("keys", "keys"),
    ("get", f"{API}/sessions"): lambda draw: Asked(
        f"{API}/sessions", {**draw.page(), **draw.maybe(lambda: {"account": draw.id("accounts")})}
    ),
    ("delete", f"{API}/sessions"): lambda draw: Asked(f"{API}/sessions", {"account": draw.changing("accounts")}),
    ("delete", f"{API}/sessions/{{id}}"): _changed("sessions", "sessions"),
    ("get", f"{API}/seats"): _listing("seats"),
    ("post", f"{API}/seats"): lambda draw: Asked(
        f"{API}/seats",
        {},
        {"name": f"seat{draw.random.randrange(10**9)}", "tenant": draw.tenant(), "expires_at": _SEAT_ENDS},
    ),
    ("get", f"{API}/seats/{{id}}"): _one("seats", "seats"),
    ("delete", f"{API}/seats/{{id}}"): _changed("seats", "seats"),
    ("get", f"{API}/session"): lambda draw: Asked(f"{API}/session"),
    ("delete", f"{API}/session"): lambda draw: Asked(f"{API}/session", headers=draw.session()),
    ("post", f"{API}/session"): lambda draw: Asked(
        f"{API}/session", {}, {"name": draw.one(("spare-acme-1", ABSENT)), "password": _PASSWORD}
    ),
    ("post", f"{API}/session/otp"): lambda draw: Asked(
        f"{API}/session/otp", {}, draw.one(({}, {"code": "000000"})), draw.session()
    ),
    ("post", f"{API}/session/password"): lambda draw: Asked(
        f"{API}/session/password", {}, {"old": _PASSWORD, "new": _PASSWORD}, draw.session()
    ),
    ("post", f"{API}/session/link"): lambda draw: Asked(
        f"{API}/session/link", {}, {"token": draw.id("sessions"), "password": _PASSWORD}
    ),
    ("get", f"{API}/session/openid"): lambda draw: Asked(f"{API}/session/openid"),
    ("get", f"{API}/session/openid/callback"): lambda draw: Asked(f"{API}/session/openid/callback", {"state": ABSENT}),
    ("get", f"{API}/reports"): lambda draw: Asked(f"{API}/reports", draw.page()),
    ("post", f"{API}/reports"): lambda draw: Asked(f"{API}/reports", {}, {**_report(draw), **draw.of_tenant()}),
    ("get", f"{API}/reports/{{id}}"): _one("reports", "reports"),
    ("put", f"{API}/reports/{{id}}"): lambda draw: Asked(
        f"{API}/reports/{draw.changing('reports')}", {}, _report(draw)
    ),
    ("delete", f"{API}/reports/{{id}}"): _changed("reports", "reports"),
    **{("get", f"{API}/reports/{{id}}/{rest}"): _saved(rest) for rest in ("rows", *DOWNLOADS)},
    ("get", f"{API}/exports"): lambda draw: Asked(f"{API}/exports", {"limit": draw.one((1, 5, 1000))}),
    ("post", f"{API}/exports"): lambda draw: Asked(f"{API}/exports", {}, _wanted(draw)),
    **{("get", f"{API}/exports/{{id}}{rest}"): _exports(rest) for rest in ("", "/file", "/manifest")},
    ("delete", f"{API}/exports/{{id}}"): _exports(""),
    ("get", f"{API}/schedules"): lambda draw: Asked(f"{API}/schedules", draw.page()),
    ("post", f"{API}/schedules"): lambda draw: Asked(f"{API}/schedules", {}, _schedule(draw)),
    ("post", f"{API}/schedules/preview"): lambda draw: Asked(
        f"{API}/schedules/preview", {}, {key: _schedule(draw)[key] for key in ("timing", "zone")}
    ),
    ("get", f"{API}/schedules/{{id}}"): _one("schedules", "schedules"),
    ("put", f"{API}/schedules/{{id}}"): lambda draw: Asked(
        f"{API}/schedules/{draw.changing('schedules')}", {}, _schedule(draw)
    ),
    ("delete", f"{API}/schedules/{{id}}"): _changed("schedules", "schedules"),
    ("post", f"{API}/schedules/{{id}}/test"): _one("schedules", "schedules", "/test"),
    ("get", f"{API}/schedules/{{id}}/runs"): _one("schedules", "schedules", "/runs"),
    ("get", f"{API}/alerts"): lambda draw: Asked(f"{API}/alerts", draw.page()),
    ("post", f"{API}/alerts"): lambda draw: Asked(f"{API}/alerts", {}, {**_alert(draw), **draw.of_tenant()}),
    ("post", f"{API}/alerts/try"): lambda draw: Asked(f"{API}/alerts/try", {}, {**_looked(draw), **draw.of_tenant()}),
    ("get", f"{API}/alerts/{{id}}"): _one("alerts", "alerts"),
    ("put", f"{API}/alerts/{{id}}"): lambda draw: Asked(f"{API}/alerts/{draw.changing('alerts')}", {}, _alert(draw)),
    ("delete", f"{API}/alerts/{{id}}"): _changed("alerts", "alerts"),
    ("get", f"{API}/alerts/{{id}}/occurrences"): _one("alerts", "alerts", "/occurrences"),
    ("get", f"{API}/deliveries"): lambda draw: Asked(
        f"{API}/deliveries", {"state": draw.one(("dead", "all", "sent")), **draw.page()}
    ),
    ("get", f"{API}/deliveries/{{id}}"): _one("deliveries", "deliveries"),
    ("post", f"{API}/deliveries/{{id}}/retry"): _changed("deliveries", "deliveries", "/retry"),
    ("get", f"{API}/deliveries/{{id}}/files/{{format}}"): _one("deliveries", "deliveries", "/files/csv"),
    ("get", f"{API}/domains"): lambda draw: Asked(f"{API}/domains", draw.of_tenant()),
    ("put", f"{API}/domains"): lambda draw: Asked(f"{API}/domains", {}, {"tenant": ABSENT, "domains": ["example.com"]}),
}


def asking(
    watchers: Iterable[Watcher], endpoints: Sequence[tuple[str, str]], turn: int = 0
) -> Iterator[tuple[Watcher, tuple[str, str]]]:
    """Who asks what: everybody every endpoint; in the small size, whoever has their like in another tenant a third.

    Those two ask different thirds, and others in the next turn: in two turns whoever is alike asks every endpoint.
    """
    for number, watcher in enumerate(watchers):
        shares = 3 if not FULL and watcher.name.startswith(SITES) else 1
        yield from ((watcher, one) for one in endpoints[(number + turn) % shares :: shares])


def body_of(asked: Asked) -> dict[str, Any]:
    """The body, as a client is told to send it."""
    if asked.body is None:
        return {}
    return {"content": json.dumps(asked.body), "headers": {"Content-Type": "application/json"}}
