"""Access roles over the API: of one's own tenant, never of more than one has, not taken away while used."""

import pytest
from entered import add, browser, sign_in
from managing import ALL, acme, events, globex, root, same, service
from served import NOW

from trailbook.directory.viewer import TenantScope
from trailbook.event.model import Change

pytestmark = pytest.mark.usefixtures("every_store")

AT = "/api/v1/access-roles"
SHIPPED = ["root", "administrator", "analyst", "reader", "auditor"]
LOOK = {"name": "Look", "rights": ["view"], "hidden": ["ip"]}


@pytest.fixture
def served():
    return service()


def test_a_role_is_made_in_ones_own_tenant_and_shown(served):
    answer = acme(served).post(AT, json=LOOK)
    assert answer.status_code == 201
    role = answer.json()
    assert role == {
        "id": role["id"], "name": "Look", "rights": ["view"], "hidden": ["ip"], "tenant": "acme", "shipped": False,
    }  # fmt: skip
    shown = acme(served).get(f"{AT}/{role['id']}")
    assert (shown.json(), shown.headers["ETag"]) == (role, '"1"')


def test_the_shipped_roles_are_there_and_fixed(served):
    assert [one["id"] for one in acme(served).get(AT).json()["items"]] == SHIPPED
    assert root(served).get(f"{AT}/auditor").json()["rights"] == ["export", "view"]
    for method, body in (("PATCH", {"rights": []}), ("DELETE", None)):
        assert root(served).request(method, f"{AT}/auditor", json=body).status_code == 403


def test_changes_are_told_with_old_and_new(served):
    id = acme(served).post(AT, json=LOOK).json()["id"]
    assert acme(served).patch(f"{AT}/{id}", json={"rights": ["export", "view"], "hidden": []}).status_code == 200
    assert acme(served).delete(f"{AT}/{id}").status_code == 204
    create, update, delete = events(served, "access_roles")
    assert [event.action for event in (create, update, delete)] == ["create", "update", "delete"]
    assert create.tenant == "acme"
    assert create.changes["rights"] == Change(None, ["view"])
    assert update.changes == {"rights": Change(["view"], ["export", "view"]), "hidden": Change(["ip"], None)}
    assert delete.changes["name"] == Change("Look", None)
    assert update.related[0].id == id


def test_a_change_to_what_is_there_is_none(served):
    id = acme(served).post(AT, json=LOOK).json()["id"]
    assert acme(served).patch(f"{AT}/{id}", json={"name": "Look"}).headers["ETag"] == '"1"'
    assert len(events(served, "access_roles")) == 1


def test_what_accounts_may_do_changes_at_their_next_request(served):
    id = acme(served).post(AT, json={"name": "R", "rights": ["view", "access"]}).json()["id"]
    add(served, "ann", role=id)
    there = browser(served)
    assert sign_in(there)["seat"]["rights"] == ["access", "view"]
    acme(served).patch(f"{AT}/{id}", json={"rights": ["view"]})
    assert there.get("/api/v1/session").json()["seat"]["rights"] == ["view"]


def test_what_was_changed_since_is_not_changed(served):
    id = acme(served).post(AT, json=LOOK).json()["id"]
    assert acme(served).patch(f"{AT}/{id}", json={"name": "A"}, headers={"If-Match": '"1"'}).status_code == 200
    assert acme(served).patch(f"{AT}/{id}", json={"name": "B"}, headers={"If-Match": '"1"'}).status_code == 412
    assert acme(served).delete(f"{AT}/{id}", headers={"If-Match": '"1"'}).status_code == 412


def test_a_role_that_is_used_stays(served):
    id = acme(served).post(AT, json=LOOK).json()["id"]
    add(served, "ann", role=id)
    answer = acme(served).delete(f"{AT}/{id}")
    assert (answer.status_code, answer.json()["detail"]) == (400, "Accounts have this role.")
    assert acme(served).get(f"{AT}/{id}").status_code == 200


def test_a_shared_role_that_any_tenant_uses_stays(served):
    id = root(served).post(AT, json=LOOK).json()["id"]
    add(served, "gil", role=id, scope=TenantScope("globex"))
    assert root(served).delete(f"{AT}/{id}").status_code == 400


def test_a_shared_role_is_seen_by_all_and_changed_by_root_alone(served):
    id = root(served).post(AT, json=LOOK).json()["id"]
    assert [one["id"] for one in acme(served).get(AT).json()["items"]] == [*SHIPPED, id]
    assert acme(served).get(f"{AT}/{id}").json()["tenant"] == ""
    assert acme(served).patch(f"{AT}/{id}", json={"rights": []}).status_code == 403
    assert acme(served).delete(f"{AT}/{id}").status_code == 403
    assert root(served).patch(f"{AT}/{id}", json={"rights": []}).json()["rights"] == []


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_foreign_role_and_none_are_the_same(served, method):
    id = acme(served).post(AT, json=LOOK).json()["id"]
    body = {"json": {"name": "x"}} if method == "PATCH" else {}
    foreign = globex(served).request(method, f"{AT}/{id}", **body)
    assert foreign.status_code == 404
    assert same(foreign, globex(served).request(method, f"{AT}/nothing", **body))
    assert id not in globex(served).get(AT).text
    assert globex(served).get(AT, params={"tenant": "acme"}).json()["items"][5:] == []


@pytest.mark.parametrize(
    ("seat", "given", "place"),
    [
        ({"rights": ALL - {"ingest"}}, {"rights": ["ingest"]}, "rights"),
        ({}, {"tenant": "globex"}, "access"),
        ({"rights": frozenset(("access",))}, {}, "rights"),
        ({"hidden": frozenset(("ip", "data"))}, {}, "hidden"),
        ({"rights": ALL - {"access"}}, {}, "access"),
    ],
)
def test_no_role_gives_more_than_its_maker_has(served, seat, given, place):
    answer = acme(served, **seat).post(AT, json=LOOK | given)
    assert (answer.status_code, answer.json()["place"]) == (403, place)
    assert events(served, "access_roles") == []


@pytest.mark.parametrize(
    ("seat", "given"),
    [
        ({"rights": ALL - {"ingest"}}, {"rights": ["view", "ingest"]}),
        ({"hidden": frozenset(("ip",))}, {"hidden": []}),
        ({"rights": frozenset(("access",))}, {"rights": ["access"]}),
    ],
)
def test_no_change_gives_or_takes_more_than_its_changer_has(served, seat, given):
    id = acme(served).post(AT, json=LOOK).json()["id"]
    assert acme(served, **seat).patch(f"{AT}/{id}", json=given).status_code == 403


def test_no_account_gets_more_by_its_role_than_the_changer_has(served):
    id = acme(served).post(AT, json=LOOK).json()["id"]
    until = {"until": NOW}
    assert acme(served, **until).patch(f"{AT}/{id}", json={"rights": ["export", "view"]}).status_code == 200
    add(served, "ann", role=id)
    answer = acme(served, **until).patch(f"{AT}/{id}", json={"rights": ["view", "reports"]})
    assert (answer.status_code, answer.json()["place"]) == (403, "until")


def test_lists_are_paged(served):
    ids = sorted(acme(served).post(AT, json=LOOK).json()["id"] for _ in range(2))
    first = acme(served).get(AT, params={"limit": 1}).json()
    assert ([one["id"] for one in first["items"]], first["next"]) == ([*SHIPPED, ids[0]], ids[0])
    second = acme(served).get(AT, params={"limit": 1, "after": ids[0]}).json()
    assert ([one["id"] for one in second["items"]], second["next"]) == ([ids[1]], None)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"rights": ["fly"]}, 422),
        ({"name": ""}, 422),
        ({"id": "root"}, 422),
        ({"hidden": ["secret"]}, 400),
        ({"hidden": ["ip"] * 99}, 422),
    ],
)
def test_what_does_not_fit_is_refused(served, given, status):
    assert acme(served).post(AT, json=LOOK | given).status_code == status
