"""Exports in the background over HTTP: asked for, watched, given up and taken, by whoever may and nobody else."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asked import ACME, API, GLOBEX, GROUP, ROOT, SELF, filled
from entered import add
from exported import own_events
from msgspec.structs import replace
from served import NOW, caller, client
from starlette.testclient import TestClient

from trailbook.access.kept import ACCOUNTS, REPORTS
from trailbook.access.model import Account, Right
from trailbook.access.present import present
from trailbook.deliver.exports import EXPORTS
from trailbook.directory.viewer import Scope
from trailbook.render import DOWNLOADS
from trailbook.report.saved import SavedReport
from trailbook.web.service import Service

pytestmark = pytest.mark.usefixtures("every_store")

EXPORTING = f"{API}/exports"
ASKED: dict[str, Any] = {"definition": {"query": "app:web", "columns": ["action"]}, "format": "csv"}


@pytest.fixture
def served(tmp_path: Path) -> Service:
    return filled(export_folder=str(tmp_path / "files"), exports_waiting=3)


Asks = Callable[..., TestClient]


@pytest.fixture
def asks(served: Service) -> Asks:
    """Makes somebody with an account, who asks; the same again if the name is."""

    def make(name: str = "ann", scope: Scope = ACME, role: str = "analyst", **given: Any) -> TestClient:
        found = ACCOUNTS.find(served.store, f"id-{name}", NOW)
        if found is None:
            add(served, name, role=role, scope=scope, **given)
        else:
            served.keep([ACCOUNTS.record(replace(found.value, role=role, scope=scope, **given), found)])
        return client(served, present(served.store, "account", f"id-{name}", NOW))

    return make


def asked(asking: TestClient, **given: Any) -> Any:
    """The export that somebody asks for."""
    answer = asking.post(EXPORTING, json={**ASKED, **given})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"{EXPORTING}/{answer.json()['id']}"
    return answer.json()


def got(asking: TestClient, path: str) -> Any:
    answer = asking.get(f"{EXPORTING}/{path}" if path[:1] not in ("", "?") else f"{EXPORTING}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def statuses(asking: TestClient, id: str) -> tuple[int, int, int, int]:
    """What asking for it, its file and its manifest, and giving it up, are answered with."""
    paths = (id, f"{id}/file", f"{id}/manifest")
    one, file, manifest = (asking.get(f"{EXPORTING}/{path}").status_code for path in paths)
    return one, file, manifest, asking.delete(f"{EXPORTING}/{id}").status_code


def test_an_export_is_asked_for_watched_and_taken(served: Service, asks: Asks) -> None:
    ann = asks()
    first = asked(ann)
    expected = {
        "id": first["id"], "tenant": "acme", "name": "ann", "own": True, "title": "Audit Trail Details Report",
        "format": "csv", "saved": None, "definition": {"query": "app:web", "columns": ["action"]}, "narrowed": {},
        "state": "waiting", "ready": False, "rows": 0, "of": None, "percent": None, "seconds_left": None, "error": "",
        "bytes": None, "sha256": None, "asked_at": "2021-12-01T09:00:00Z", "started_at": None, "ended_at": None,
        "expires_at": None,
    }  # fmt: skip
    assert first == expected
    assert got(ann, first["id"]) == expected
    assert served.worker.run_due() == 1
    done = got(ann, first["id"])
    file = ann.get(f"{EXPORTING}/{first['id']}/file")
    assert file.content == b'"Audit - Action"\r\n"login"\r\n"update"\r\n"export"\r\n"play"\r\n'
    sha256 = hashlib.sha256(file.content).hexdigest()
    assert done == {
        **expected, "state": "done", "ready": True, "rows": 4, "of": 4, "percent": 100.0, "bytes": len(file.content),
        "sha256": sha256, "started_at": "2021-12-01T09:00:00Z", "ended_at": "2021-12-01T09:00:00Z",
        "expires_at": "2021-12-08T09:00:00Z",
    }  # fmt: skip
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"] == (
        'attachment; filename="audit-trail-details-report-2021-12-01.csv"'
    )  # fmt: skip
    assert file.headers["repr-digest"] == f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"
    assert (file.headers["etag"], file.headers["cache-control"]) == (f'"{sha256}"', "no-store")
    manifest = got(ann, f"{first['id']}/manifest")
    assert (manifest["file"]["sha256"], manifest["rows"], manifest["report"]["rows"]) == (sha256, 4, 4)
    assert manifest["viewer"]["scope"] == {"type": "tenant", "tenant": "acme"}
    assert list(manifest["report"]["heads"]) == ["acme"]
    assert got(ann, "") == {"exports": [done], "next": None}


def test_each_download_is_told_and_a_part_of_a_file_may_be_asked_for(served: Service, asks: Asks) -> None:
    ann = asks()
    export = asked(ann)
    served.worker.run_due()
    part = ann.get(f"{EXPORTING}/{export['id']}/file", headers={"Range": "bytes=1-5"})
    assert (part.status_code, part.content) == (206, b"Audit")
    (told,) = own_events(served.store, "download")
    assert (told.resource, told.tenant) == ("reports", "acme")
    assert told.initiator is not None
    assert told.initiator.id == "ann"
    assert told.data["sha256"] == got(ann, export["id"])["sha256"]
    assert [(one.kind, one.id) for one in told.related] == [("export", export["id"])]
    assert len(own_events(served.store, "export")) == 1
    assert ann.get(f"{EXPORTING}/{export['id']}/file", headers={"Range": "bytes=900-"}).status_code == 416


def test_a_saved_report_is_exported_as_it_is_by_then(served: Service, asks: Asks) -> None:
    definition = {"query": "action:play", "columns": ["action", "details"]}
    report = SavedReport("r1", "id-bob", "acme", "Plays", definition)
    served.keep([REPORTS.record(report)])
    auditor = asks("kim", role="auditor")
    assert auditor.post(EXPORTING, json={"report": "r1", "format": "jsonl"}).status_code == 404
    bob = asks("bob")
    export = asked(bob, definition={}, report="r1", during="2021-11", format="jsonl")
    assert (export["title"], export["saved"]) == ("Plays", {"id": "r1", "version": 1})
    assert (export["definition"]["query"], export["narrowed"]) == ("action:play", {"during": "2021-11"})
    served.worker.run_due()
    manifest = got(bob, f"{export['id']}/manifest")
    assert (manifest["saved"], manifest["rows"]) == ({"id": "r1", "version": 1}, 1)
    (told,) = own_events(served.store, "export")
    assert [(one.kind, one.id) for one in told.related] == [("export", export["id"]), ("report", "r1")]
    both = bob.post(EXPORTING, json={**ASKED, "report": "r1"})
    assert (both.status_code, both.json()["place"]) == (400, "body.definition")


@pytest.mark.parametrize("format", DOWNLOADS)
def test_every_format_is_made_in_the_background(served: Service, asks: Asks, format: str) -> None:
    ann = asks()
    export = asked(ann, format=format, bom=True, paper="Letter")
    served.worker.run_due()
    shown, file = got(ann, export["id"]), ann.get(f"{EXPORTING}/{export['id']}/file")
    assert (shown["state"], shown["rows"], shown["bytes"]) == ("done", 4, len(file.content))
    assert file.headers["content-disposition"].endswith(f'.{DOWNLOADS[format].suffix}"')
    assert hashlib.sha256(file.content).hexdigest() == shown["sha256"]


def test_groups_are_exported_too(served: Service, asks: Asks) -> None:
    ann = asks()
    export = asked(ann, definition={"query": "app:web", "group_by": ["outcome"]})
    served.worker.run_due()
    assert ann.get(f"{EXPORTING}/{export['id']}/file").text.splitlines()[1:] == ['"failure","1"', '"unknown","3"']


@pytest.mark.parametrize(
    ("given", "status", "kind"),
    [
        ({"definition": {"query": '"'}}, 400, "bad-query"),
        ({"definition": {"columns": ["nothing"]}}, 400, "bad-definition"),
        ({"definition": {"colums": []}}, 400, "bad-definition"),
        ({"format": "table"}, 422, "invalid"),
        ({"format": "exe"}, 422, "invalid"),
        ({"during": "whenever"}, 400, "bad-definition"),
        ({"heads": "{"}, 400, "bad-input"),
        ({"report": "none", "definition": {}}, 404, "not-there"),
        ({"title": "a\nb"}, 422, "invalid"),
    ],
)
def test_what_could_not_be_made_is_refused_at_once(
    served: Service, asks: Asks, given: dict[str, Any], status: int, kind: str
) -> None:
    answer = asks().post(EXPORTING, json={**ASKED, **given})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:trailbook:problem:{kind}")
    assert list(EXPORTS.each(served.store, NOW)) == []


def test_a_hidden_column_can_neither_be_asked_for_nor_is_it_in_the_file(served: Service, asks: Asks) -> None:
    asks()
    seen = present(served.store, "account", "id-ann", NOW)
    hides = client(served, replace(seen, seat=replace(seen.seat, hidden=frozenset({"action"}))))
    assert hides.post(EXPORTING, json=ASKED).status_code == 403


def test_without_the_right_to_export_nothing_is_asked_for_or_taken(served: Service, asks: Asks) -> None:
    reader = asks(role="reader")
    assert reader.post(EXPORTING, json=ASKED).status_code == 403
    ann = asks()
    export = asked(ann)
    served.worker.run_due()
    assert statuses(asks(role="reader"), export["id"]) == (200, 403, 403, 204)


def test_it_is_nobody_elses_but_of_who_manages_reports_and_sees_all_of_it(served: Service, asks: Asks) -> None:
    export = asked(asks())
    served.worker.run_due()
    others = [
        asks("bob"), asks("eve", GLOBEX, "administrator"), asks("gus", GROUP, "administrator"),
        asks("sam", SELF, "administrator"), asks("kim", role="auditor"),
    ]  # fmt: skip
    # Analysts manage reports, and so may see what others of their tenant have exported.
    assert [statuses(one, export["id"]) for one in others[1:]] == [(404, 404, 404, 404)] * 4
    assert [len(got(one, "")["exports"]) for one in others] == [1, 0, 0, 0, 0]
    shown = got(others[0], export["id"])
    assert (shown["own"], shown["ready"]) == (False, True)
    assert statuses(asks("root", ROOT, "root"), export["id"]) == (200, 200, 200, 204)
    assert EXPORTS.find(served.store, export["id"], NOW) is None


@pytest.mark.parametrize("narrower", [{"scope": GROUP}, {"scope": GLOBEX}, {"since": NOW}, {"until": NOW}])
def test_who_sees_less_by_now_does_not_get_the_file(served: Service, asks: Asks, narrower: dict[str, Any]) -> None:
    export = asked(asks())
    served.worker.run_due()
    fewer = asks(**narrower)
    assert got(fewer, export["id"])["ready"] is False
    assert statuses(fewer, export["id"]) == (200, 403, 403, 204)


def test_what_waits_is_cancelled_and_what_has_ended_is_removed(served: Service, asks: Asks, tmp_path: Path) -> None:
    ann = asks()
    first, second = asked(ann)["id"], asked(ann)["id"]
    assert ann.delete(f"{EXPORTING}/{first}").status_code == 204
    assert got(ann, first)["state"] == "cancelled"
    served.worker.run_due()
    assert [got(ann, id)["state"] for id in (first, second)] == ["cancelled", "done"]
    assert statuses(ann, first) == (200, 404, 404, 204)
    assert ann.delete(f"{EXPORTING}/{second}").status_code == 204
    assert statuses(ann, second) == (404, 404, 404, 404)
    served.worker.run_due()
    assert list((tmp_path / "files").iterdir()) == []
    told = [event.action for event in (*own_events(served.store, "cancel"), *own_events(served.store, "delete"))]
    assert told == ["cancel", "delete", "delete"]


def test_so_many_may_wait_and_no_more(served: Service, asks: Asks) -> None:
    ann = asks()
    ids = [asked(ann)["id"] for _ in range(3)]
    refused = ann.post(EXPORTING, json=ASKED)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    asked(asks("bob"))
    ann.delete(f"{EXPORTING}/{ids[0]}")
    asked(ann)
    served.worker.run_due()
    asked(ann)


def test_exports_are_listed_by_page(served: Service, asks: Asks) -> None:
    ann = asks()
    ids = [asked(ann)["id"] for _ in range(3)]
    first = got(ann, "?limit=2")
    second = got(ann, f"?limit=2&after={first['next']}")
    assert [one["id"] for page in (first, second) for one in page["exports"]] == ids
    assert second["next"] is None


def test_a_file_that_is_gone_is_not_there(served: Service, asks: Asks, tmp_path: Path) -> None:
    ann = asks()
    export = asked(ann)
    served.worker.run_due()
    for file in (tmp_path / "files").iterdir():
        file.unlink()
    answer = ann.get(f"{EXPORTING}/{export['id']}/file")
    assert (answer.status_code, answer.json()["detail"]) == (404, "The file is no longer there.")
    assert own_events(served.store, "download") == []


def test_without_a_folder_there_are_no_exports() -> None:
    served = filled()
    served.settings = served.settings.model_copy(update={"store": "postgresql://host/database"})
    add(served, "ann", role="analyst")
    answer = client(served, present(served.store, "account", "id-ann", NOW)).post(EXPORTING, json=ASKED)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:trailbook:problem:unreachable")
    assert "`export_folder`" in answer.json()["remedy"]


def test_an_end_of_access_ends_it_all(served: Service, asks: Asks) -> None:
    export = asked(asks())
    rights: frozenset[Right] = frozenset({"view", "export"})
    ended = client(served, replace(caller(ACME, rights, expires_at=NOW), id="id-ann"))
    assert statuses(ended, export["id"]) == (401, 401, 401, 401)


def test_a_running_service_makes_them_by_itself_unless_told_not_to(tmp_path: Path) -> None:
    for worker in (True, False):
        served = filled(export_folder=str(tmp_path / str(worker)), worker=worker)
        account: Account = add(served, "ann", role="analyst")
        with client(served, present(served.store, "account", account.id, NOW)) as ann:
            export = asked(ann)
            if worker:
                while got(ann, export["id"])["state"] != "done":
                    served.worker.wake()
                assert ann.get(f"{EXPORTING}/{export['id']}/file").status_code == 200
        assert EXPORTS.find(served.store, export["id"], NOW).value.state == ("done" if worker else "waiting")  # type: ignore[union-attr]
