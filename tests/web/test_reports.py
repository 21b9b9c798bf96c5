"""Saved reports over HTTP: kept, shared, changed, and run within what whoever runs them may see."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from asked import ACME, API, EVENTS, GLOBEX, GROUP, ROOT, SELF, asking, filled, get, looks, number
from msgspec.structs import replace
from served import NOW, caller, client
from starlette.testclient import TestClient
from unpacked import unpacked

from trailbook.access.kept import ACCOUNTS
from trailbook.access.model import Account
from trailbook.directory.model import Changes, Membership, Profile
from trailbook.directory.viewer import Scope, TenantScope, Viewer
from trailbook.event.model import Change, PartyKey
from trailbook.render import DOWNLOADS, FORMATS, Options
from trailbook.report.definition import Definition
from trailbook.report.run import run
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")

READER: Any = frozenset(("view", "export"))


def saved(asks: TestClient, **given: Any) -> Any:
    answer = asks.post(f"{API}/reports", json={"title": "Ann's", "definition": {"query": "user:Ann"}, **given})
    assert answer.status_code == 201, answer.text
    return answer


def other(served: Service, scope: Scope = ACME, id: str = "a-2", user: str = "u2", **seat: Any) -> TestClient:
    asks = caller(scope, **{"rights": READER, **seat})
    return client(served, replace(asks, id=id, user=PartyKey("user", asks.user.tenant, user)))


def test_a_report_is_kept_told_and_found_again() -> None:
    served = filled()
    asks = asking(served=served)
    answer = saved(asks, description="What she did", sharing=[{"kind": "group", "id": "g1"}])
    report = answer.json()
    assert answer.headers["location"] == f"{API}/reports/{report['id']}"
    assert answer.headers["etag"] == '"1"'
    assert report == {
        "id": report["id"],
        "owner": "a-1",
        "tenant": "acme",
        "title": "Ann's",
        "description": "What she did",
        "definition": {"query": "user:Ann"},
        "sharing": [{"kind": "group", "id": "g1"}],
        "created_at": "2021-12-01T09:00:00Z",
        "updated_at": "2021-12-01T09:00:00Z",
        "version": 1,
        "changeable": True,
    }
    assert get(asks, f"/reports/{report['id']}") == report
    assert get(asks, "/reports") == {"reports": [report], "next": None}


def test_every_change_is_an_event_with_old_and_new_values() -> None:
    served = filled()
    asks = asking(served=served)
    id = saved(asks).json()["id"]
    asks.put(f"{API}/reports/{id}", json={"title": "Bob's", "definition": {"query": "user:Bob"}})
    asks.delete(f"{API}/reports/{id}")
    created, updated, deleted = [look.event for look in looks(served)]
    assert (created.tenant, created.resource, created.action) == ("acme", "reports", "create")
    assert [(one.kind, one.id, one.name) for one in created.related] == [("report", id, "Ann's")]
    assert created.changes["title"] == Change(None, "Ann's")
    assert created.changes["definition.query"] == Change(None, "user:Ann")
    assert (updated.action, updated.changes) == (
        "update",
        {"title": Change("Ann's", "Bob's"), "definition.query": Change("user:Ann", "user:Bob")},
    )
    assert (deleted.action, deleted.changes["title"]) == ("delete", Change("Bob's", None))
    assert asks.get(f"{API}/reports/{id}").status_code == 404


def test_a_change_of_what_is_no_longer_so_is_refused() -> None:
    asks = asking()
    id = saved(asks).json()["id"]
    new = {"title": "New"}
    changed = asks.put(f"{API}/reports/{id}", json=new, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["version"]) == (200, '"2"', 2)
    stale = {"If-Match": '"1"'}
    assert asks.put(f"{API}/reports/{id}", json=new, headers=stale).status_code == 412
    assert asks.delete(f"{API}/reports/{id}", headers=stale).status_code == 412
    assert asks.delete(f"{API}/reports/{id}", headers={"If-Match": '"2"'}).status_code == 204


@pytest.mark.parametrize(
    ("given", "status", "place"),
    [
        ({"definition": {"columns": ["x"]}}, 400, "columns"),
        ({"definition": {"query": "("}}, 400, "query, character 2"),
        ({"definition": {"title": "x"}}, 400, "definition.title"),
        ({"title": ""}, 422, "body.title"),
        ({"title": "x" * 201}, 422, "body.title"),
        ({"sharing": [{"kind": "world"}]}, 422, "body.sharing[0].kind"),
        ({"colour": "red"}, 422, "body.colour"),
        ({"tenant": "globex"}, 403, "tenant"),
    ],
)
def test_what_could_not_be_run_is_not_kept(given: Any, status: int, place: str) -> None:
    asks = asking()
    answer = asks.post(f"{API}/reports", json={"title": "T", **given})
    assert (answer.status_code, answer.json()["place"]) == (status, place)
    assert get(asks, "/reports")["reports"] == []


def test_a_private_report_is_like_one_that_is_not_there() -> None:
    served = filled()
    id = saved(asking(served=served)).json()["id"]
    for asks in (other(served), other(served, GLOBEX), other(served, SELF, rights=frozenset(("view", "reports")))):
        for path in ("", "/rows"):
            foreign, absent = asks.get(f"{API}/reports/{id}{path}"), asks.get(f"{API}/reports/{id[:-1]}f{path}")
            assert (foreign.status_code, foreign.content) == (404, absent.content)
        assert get(asks, "/reports")["reports"] == []
        assert asks.delete(f"{API}/reports/{id}").status_code == 404
    assert [other(served).get(f"{API}/reports/{id}/{format}").status_code for format in ("csv", "jsonl")] == [404, 404]


def test_who_manages_reports_of_a_tenant_sees_and_changes_them() -> None:
    served = filled()
    id = saved(other(served, GROUP, rights=frozenset(("view", "reports")))).json()["id"]
    manager = asking(ACME, served, frozenset(("reports",)))
    assert manager.get(f"{API}/reports/{id}").json()["changeable"] is True
    assert manager.put(f"{API}/reports/{id}", json={"title": "New"}).status_code == 200
    assert manager.get(f"{API}/reports/{id}/rows").status_code == 403
    assert get(asking(ROOT, served), "/reports")["reports"][0]["title"] == "New"
    assert asking(GLOBEX, served).put(f"{API}/reports/{id}", json={"title": "x"}).status_code == 404


def test_who_it_is_shared_with_may_read_and_run_but_not_change_it() -> None:
    served = filled()
    id = saved(asking(served=served), sharing=[{"kind": "tenant"}]).json()["id"]
    asks = other(served)
    assert get(asks, f"/reports/{id}")["changeable"] is False
    assert asks.put(f"{API}/reports/{id}", json={"title": "x"}).status_code == 403
    assert asks.delete(f"{API}/reports/{id}").status_code == 403
    assert asks.post(f"{API}/reports", json={"title": "x"}).status_code == 403
    assert other(served, GLOBEX).get(f"{API}/reports/{id}").status_code == 404
    assert asks.get(f"{API}/reports/{id}/rows").status_code == 200


def test_a_group_shares_while_one_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    served = filled()
    left = datetime(2021, 12, 2, tzinfo=UTC)
    joined = Membership("acme", "u2", "group", "g7", valid_to=left)
    served.store.change_directory(
        lambda before: Changes(added_profiles=(Profile("user", "acme", "u2", "Bob"),), added_memberships=(joined,))
    )
    id = saved(asking(served=served), sharing=[{"kind": "group", "id": "g7"}]).json()["id"]
    assert other(served).get(f"{API}/reports/{id}").status_code == 200
    assert other(served, user="u3").get(f"{API}/reports/{id}").status_code == 404
    monkeypatch.setattr(served, "clock", lambda: left)
    assert other(served).get(f"{API}/reports/{id}").status_code == 404


def test_an_access_role_shares_while_one_has_it() -> None:
    served = filled()
    id = saved(asking(served=served), sharing=[{"kind": "role", "id": "auditor"}]).json()["id"]
    account = Account("a-2", "bob", "auditor", TenantScope("acme"), PartyKey("user", "acme", "u2"))
    assert other(served).get(f"{API}/reports/{id}").status_code == 404
    served.store.keep([ACCOUNTS.record(account)], now=NOW)
    assert other(served).get(f"{API}/reports/{id}").status_code == 200


def test_a_list_goes_on_where_it_ended() -> None:
    served = filled()
    asks = asking(served=served)
    ids = [saved(asks, title=f"R{at}").json()["id"] for at in range(5)]
    saved(other(served, id="a-3", rights=frozenset(("view", "reports")), scope=SELF))
    mine = other(served, SELF, id="a-1")
    first = get(mine, "/reports", limit=2)
    second = get(mine, "/reports", limit=2, after=first["next"])
    third = get(mine, "/reports", limit=2, after=second["next"])
    assert [one["id"] for page in (first, second, third) for one in page["reports"]] == ids
    assert (first["next"], third["next"]) == (ids[1], None)


def test_rows_are_those_of_the_runner_not_of_the_owner() -> None:
    served = filled()
    definition = {"query": "app:web", "columns": ["id"]}
    id = saved(asking(ROOT, served), tenant="acme", definition=definition, sharing=[{"kind": "tenant"}]).json()["id"]
    seen = {
        "root": asking(ROOT, served),
        "tenant": other(served),
        "group": other(served, GROUP),
        "self": other(served, SELF),
        "until": other(served, until=EVENTS[2].occurred_at),
    }
    rows = {
        name: [number(row["id"]) for row in get(asks, f"/reports/{id}/rows")["rows"]] for name, asks in seen.items()
    }
    assert rows == {
        "root": [5, 4, 3, 2, 1],
        "tenant": [4, 3, 2, 1],
        "group": [4, 3],
        "self": [3, 2, 1],
        "until": [2, 1],
    }
    for name, asks in seen.items():
        for format in ("csv", "jsonl"):
            lines = asks.get(f"{API}/reports/{id}/{format}").text.splitlines()[1:]
            assert len(lines) == len(rows[name])
    assert "canary" not in other(served).get(f"{API}/reports/{id}/csv").text


@pytest.mark.parametrize("path", ["rows", "csv", "jsonl"])
def test_what_is_hidden_from_the_runner_is_not_run(path: str) -> None:
    served = filled()
    definition = {"columns": ["id", "ip"]}
    id = saved(asking(served=served), definition=definition, sharing=[{"kind": "tenant"}]).json()["id"]
    answer = other(served, hidden=frozenset(("ip",))).get(f"{API}/reports/{id}/{path}")
    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "The column Audit - Initiator IP would tell what is hidden from you (Audit - Initiator IP).",
    )


def test_a_saved_report_is_paged_and_narrowed() -> None:
    served = filled()
    asks = asking(served=served)
    id = saved(asks, definition={"query": "app:web", "columns": ["id"], "order": "oldest"}).json()["id"]
    first = asks.get(f"{API}/reports/{id}/rows?limit=3")
    assert [number(row["id"]) for row in first.json()["rows"]] == [1, 2, 3]
    assert first.json()["report"]["title"] == "Ann's"
    second = asks.get(first.links["next"]["url"]).json()
    assert [number(row["id"]) for row in second["rows"]] == [4]
    narrowed = get(asks, f"/reports/{id}/rows", since="2021-11-17T16:00", until="2021-11-17T17:00")
    assert [number(row["id"]) for row in narrowed["rows"]] == [3]
    lines = asks.get(f"{API}/reports/{id}/csv?since=2021-11-17T16:00").text.splitlines()
    assert [number(line.strip('"')) for line in lines[1:]] == [3, 4]


def test_narrowing_never_widens() -> None:
    asks = asking()
    id = saved(asks, definition={"columns": ["id"], "until": "2021-11-17T15:00"}).json()["id"]
    assert [number(row["id"]) for row in get(asks, f"/reports/{id}/rows", since="2021-11-01")["rows"]] == [1]


def test_a_grouped_report_gives_groups() -> None:
    asks = asking()
    id = saved(asks, definition={"group_by": ["initiator"], "during": "2021-11", "group_order": "rows"}).json()["id"]
    answer = get(asks, f"/reports/{id}/rows", limit=1)
    assert (answer["rows"], answer["total"], answer["groups"]) == ([{"initiator": "Ann", "rows": 2}], 4, 2)
    assert asks.get(f"{API}/reports/{id}/csv").text == (
        '"Audit - Initiator (User)","# of rows"\r\n"Ann","2"\r\n"Bob","2"\r\n'
    )


def test_running_counts_as_looking_and_names_the_report() -> None:
    served = filled()
    asks = asking(served=served)
    id = saved(asks, definition={"query": "user:Bob"}).json()["id"]
    get(asks, f"/reports/{id}/rows", during="2021-11")
    asks.get(f"{API}/reports/{id}/csv")
    _, opened, exported = [look.event for look in looks(served)]
    assert (opened.action, opened.data) == (
        "open",
        {"report": id, "query": "user:Bob", "narrowed": {"during": "2021-11"}},
    )
    assert (exported.action, exported.data["rows"], exported.related[0].id) == ("export", 2, id)


def test_taking_out_is_a_right_of_its_own() -> None:
    served = filled()
    id = saved(asking(served=served), sharing=[{"kind": "tenant"}]).json()["id"]
    asks = other(served, rights=frozenset(("view",)))
    answers = [asks.get(f"{API}{path}") for path in (f"/reports/{id}/csv", f"/reports/{id}/jsonl", "/events.csv")]
    assert [(one.status_code, one.json()["detail"]) for one in answers] == [(403, "You may not export events.")] * 3


def test_a_download_is_what_the_same_report_renders_to_and_runs_no_formula() -> None:
    served = filled()
    answer = asking(served=served).get(f"{API}/events.csv?query=app:web&bom=true")
    viewer = Viewer("Ann", TenantScope("acme"))
    out = io.BytesIO()
    FORMATS["csv"].write(run(served.store, viewer, Definition(query="app:web"), now=NOW), out, Options(bom=True))
    assert answer.content == out.getvalue()
    assert b'"\'=1+1"' in out.getvalue()
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("format", DOWNLOADS)
def test_a_report_is_taken_out_in_every_format_within_what_the_viewer_may_see(format: str) -> None:
    served = filled()
    asks = asking(served=served)
    id = saved(asks, definition={"query": "app:web", "columns": ["id", "details"]}).json()["id"]
    for path in (f"/reports/{id}/{format}", f"/events.{format}?query=app:web&columns=id,details"):
        answer = asks.get(f"{API}{path}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == DOWNLOADS[format].media_type
        assert answer.headers["content-disposition"].endswith(f'-2021-12-01.{DOWNLOADS[format].suffix}"')
        content = unpacked(answer.content)
        assert [content.count(one.id.encode()) > 0 for one in EVENTS] == [True] * 4 + [False]
        assert b"canary" not in content
    refused = other(served, rights=frozenset(("view",))).get(f"{API}/events.{format}")
    assert (refused.status_code, refused.json()["detail"]) == (403, "You may not export events.")
    (look, *_) = [look.event.data for look in looks(served) if look.event.action == "export"]
    assert (look["format"], look["rows"]) == (format, 4)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Ann's", "ann-s-2021-12-01.csv"),
        ('a"; filename="../../x\\y', "a-filename-x-y-2021-12-01.csv"),
        ("Ü日本", "u-2021-12-01.csv"),
        ("日本", "2021-12-01.csv"),
    ],
)
def test_a_download_has_a_harmless_name(title: str, name: str) -> None:
    asks = asking()
    id = saved(asks, title=title).json()["id"]
    disposition = asks.get(f"{API}/reports/{id}/csv").headers["content-disposition"]
    assert disposition == f'attachment; filename="{name}"'
