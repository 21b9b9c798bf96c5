"""Accounts over the API: made with a one-time link, changed and disabled; nobody gives or takes more than they have."""

from datetime import timedelta

import pytest
from entered import PASSWORD, add, browser, hashed, holding, sign_in
from managing import ALL, account, acme, events, globex, root, same, service
from served import NOW, caller, client

from trailbook.access.kept import ACCOUNTS
from trailbook.directory.viewer import GroupScope, Root, TenantScope
from trailbook.event.model import Change, PartyKey

pytestmark = pytest.mark.usefixtures("every_store")

AT = "/api/v1/accounts"


@pytest.fixture
def served():
    return service()


def made(served, **given):
    """A reader of acme."""
    answer = acme(served).post(AT, json=account(**given))
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_new_account_is_shown_without_secrets(served):
    answer = acme(served).post(AT, json=account(label="Bea", user={"tenant": "acme", "id": "u2"}))
    assert answer.status_code == 201
    new = answer.json()
    assert new["link"]["expires_at"] == "2021-12-01T10:00:00Z"
    shown = acme(served).get(f"{AT}/{new['id']}")
    assert shown.json() == {
        "id": new["id"],
        "name": "bea",
        "label": "Bea",
        "role": "reader",
        "scope": {"type": "tenant", "tenant": "acme"},
        "user": {"tenant": "acme", "id": "u2"},
        "since": None,
        "until": None,
        "expires_at": None,
        "issuer": "",
        "subject": "",
        "disabled": False,
        "password": False,
        "second_factor": False,
        "created_at": "2021-12-01T09:00:00Z",
    }
    assert shown.headers["ETag"] == answer.headers["ETag"] == '"1"'


def test_its_link_is_the_way_in(served):
    token = made(served)["link"]["token"]
    there = browser(served)
    who = holding(there, there.post("/api/v1/session/link", json={"token": token, "password": PASSWORD}).json())
    assert (who["account"]["name"], who["seat"]["rights"]) == ("bea", ["view"])


def test_making_is_told_with_its_user_as_target(served):
    new = made(served, user={"tenant": "acme", "id": "u2"})
    create, link = events(served, "accounts")
    assert (create.tenant, create.action, create.targets[0].id) == ("acme", "create", "u2")
    assert create.changes["role"] == Change(None, "reader")
    assert create.changes["scope.tenant"] == Change(None, "acme")
    assert link.details == "One-time link made for bea"
    assert new["link"]["token"] not in repr(events(served, "accounts"))


def test_a_change_is_told_with_old_and_new(served):
    id = made(served)["id"]
    answer = acme(served).patch(f"{AT}/{id}", json={"role": "analyst", "until": "2021-12-01T01:00:00+01:00"})
    assert (answer.status_code, answer.json()["role"], answer.headers["ETag"]) == (200, "analyst", '"2"')
    event = events(served, "accounts")[-1]
    assert event.changes == {"role": Change("reader", "analyst"), "until": Change(None, "2021-12-01T00:00:00Z")}
    assert event.initiator.id == "u1"


def test_a_change_to_what_is_there_is_none(served):
    id = made(served)["id"]
    answer = acme(served).patch(f"{AT}/{id}", json={"name": " bea ", "role": "reader"})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert len(events(served, "accounts")) == 2


def test_what_was_changed_since_is_not_changed(served):
    id = made(served)["id"]
    first = acme(served).patch(f"{AT}/{id}", json={"label": "B"}, headers={"If-Match": '"1"'})
    assert first.status_code == 200
    again = acme(served).patch(f"{AT}/{id}", json={"label": "C"}, headers={"If-Match": '"1"'})
    assert (again.status_code, again.json()["type"]) == (412, "urn:trailbook:problem:mismatch")
    assert acme(served).delete(f"{AT}/{id}", headers={"If-Match": '"1"'}).status_code == 412


def test_disabling_ends_sessions_at_the_next_request_and_for_good(served):
    add(served, "ann")
    there = browser(served)
    sign_in(there)
    assert there.get("/api/v1/session").status_code == 200
    assert acme(served).delete(f"{AT}/id-ann").status_code == 204
    assert there.get("/api/v1/session").status_code == 401
    assert acme(served).get(f"{AT}/id-ann").json()["disabled"] is True
    assert events(served, "accounts")[-1].changes == {"disabled": Change(None, True)}
    assert acme(served).patch(f"{AT}/id-ann", json={"disabled": False}).status_code == 200
    assert there.get("/api/v1/session").status_code == 401


def test_disabling_ends_the_link_for_good(served):
    new = made(served)
    assert acme(served).delete(f"{AT}/{new['id']}").status_code == 204
    assert acme(served).post(f"{AT}/{new['id']}/link").status_code == 400
    assert acme(served).patch(f"{AT}/{new['id']}", json={"disabled": False}).status_code == 200
    given = {"token": new["link"]["token"], "password": PASSWORD}
    assert browser(served).post("/api/v1/session/link", json=given).status_code == 401


def test_disabling_again_changes_nothing(served):
    id = made(served)["id"]
    for _ in range(2):
        assert acme(served).delete(f"{AT}/{id}").status_code == 204
    assert len(events(served, "accounts")) == 3


def test_a_new_link_ends_the_one_before(served):
    new = made(served)
    link = acme(served).post(f"{AT}/{new['id']}/link")
    assert link.status_code == 201
    use = [{"token": token, "password": PASSWORD} for token in (new["link"]["token"], link.json()["token"])]
    assert [browser(served).post("/api/v1/session/link", json=one).status_code for one in use] == [401, 200]


def test_a_lost_second_factor_is_taken_away_and_never_told(served):
    add(served, "ann", otp="JBSWY3DPEHPK3PXP")
    there = browser(served)
    sign_in(there)
    assert acme(served).post(f"{AT}/id-ann/otp/reset").status_code == 204
    assert acme(served).get(f"{AT}/id-ann").json()["second_factor"] is False
    assert there.get("/api/v1/session").status_code == 401
    assert events(served, "accounts")[-1].changes.keys() == {"otp"}
    assert "JBSWY3DPEHPK3PXP" not in repr(events(served, "accounts"))


@pytest.mark.parametrize("path", ["link", "otp/reset"])
def test_nobody_takes_away_what_proves_who_they_are_themselves(served, path):
    add(served, "ann", id="a-1")
    answer = acme(served).post(f"{AT}/a-1/{path}")
    assert (answer.status_code, answer.json()["detail"]) == (403, "This is your own account.")


def test_nobody_gives_themselves_another_way_in(served):
    add(served, "ann", id="a-1")
    given = {"issuer": "https://provider.example", "subject": "s-1"}
    answer = acme(served).patch(f"{AT}/a-1", json=given)
    assert (answer.status_code, answer.json()["detail"]) == (403, "This is your own account.")
    assert acme(served).patch(f"{AT}/a-1", json={"label": "Ann"}).status_code == 200


def test_lists_are_of_ones_own_tenant_and_paged(served):
    add(served, "root", scope=Root(), role="root", user=PartyKey("user", "default", "root"))
    for name, tenant in (("ann", "acme"), ("bea", "acme"), ("gil", "globex")):
        add(served, name, scope=TenantScope(tenant))
    first = acme(served).get(AT, params={"limit": 1}).json()
    assert ([one["name"] for one in first["items"]], first["next"]) == (["ann"], "id-ann")
    second = acme(served).get(AT, params={"limit": 1, "after": "id-ann"}).json()
    assert ([one["name"] for one in second["items"]], second["next"]) == (["bea"], None)
    assert len(root(served).get(AT).json()["items"]) == 4


ENDPOINTS = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/link"), ("POST", "/otp/reset")]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("scope", [TenantScope("acme"), Root()])
def test_a_foreign_account_and_none_are_the_same(served, method, path, scope):
    add(served, "ann", scope=scope)
    body = {"json": {"label": "x"}} if method == "PATCH" else {}
    foreign = globex(served).request(method, f"{AT}/id-ann{path}", **body)
    assert foreign.status_code == 404
    assert same(foreign, globex(served).request(method, f"{AT}/id-nobody{path}", **body))
    assert len(events(served, "accounts")) == 1


NARROW = {"since": NOW - timedelta(days=9), "until": NOW, "expires_at": NOW + timedelta(days=9)}


@pytest.mark.parametrize(
    ("seat", "given", "place"),
    [
        ({}, {"scope": {"type": "root"}}, "scope"),
        ({}, {"scope": {"type": "tenant", "tenant": "globex"}}, "scope"),
        ({}, {"scope": {"type": "groups", "tenant": "globex", "groups": ["g1"]}}, "scope"),
        ({}, {"user": {"tenant": "globex", "id": "u1"}}, "access"),
        ({"rights": frozenset(("access", "view"))}, {"role": "root"}, "rights"),
        ({"rights": frozenset(("access",))}, {}, "rights"),
        ({"hidden": frozenset(("ip",))}, {}, "hidden"),
        (NARROW, {}, "since"),
        (NARROW, {"since": "2021-11-21T00:00:00Z"}, "since"),
        (NARROW, {"since": "2021-11-30T00:00:00Z"}, "until"),
        (NARROW, {"since": "2021-11-30T00:00:00Z", "until": "2021-12-01T09:00:01Z"}, "until"),
        (NARROW, {"since": "2021-11-30T00:00:00Z", "until": "2021-12-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_no_account_is_given_more_than_its_maker_has(served, seat, given, place):
    answer = acme(served, **seat).post(AT, json=account(**given))
    assert (answer.status_code, answer.json()["place"]) == (403, place)
    assert ACCOUNTS.all(served.store, NOW) == []


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"scope": {"type": "root"}}, "scope"),
        ({"since": None}, "since"),
        ({"expires_at": None}, "expires_at"),
    ],
)
def test_no_change_gives_more_than_the_changer_has(served, given, place):
    add(served, "ann", **NARROW)
    answer = acme(served, **NARROW).patch(f"{AT}/id-ann", json=given)
    assert (answer.status_code, answer.json()["place"]) == (403, place)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS[1:])
def test_who_has_less_does_not_take_over_or_change_who_has_more(served, method, path):
    add(served, "ann", role="administrator")
    seat = {"rights": frozenset(("access", "view"))}
    body = {"json": {"role": "reader"}} if method == "PATCH" else {}
    answer = acme(served, **seat).request(method, f"{AT}/id-ann{path}", **body)
    assert (answer.status_code, answer.json()["place"]) == (403, "rights")


def test_who_comes_from_another_tenant_is_changed_by_root_alone(served):
    add(served, "op", user=PartyKey("user", "operators", "op"))
    assert acme(served).get(f"{AT}/id-op").status_code == 200
    assert acme(served).delete(f"{AT}/id-op").status_code == 403
    assert root(served).delete(f"{AT}/id-op").status_code == 204


def test_root_makes_root(served):
    given = account(role="root", scope={"type": "root"})
    made = root(served).post(AT, json=given)
    assert (made.status_code, made.json()["user"]) == (201, {"tenant": "default", "id": "bea"})
    assert root(served, rights=ALL - {"ingest"}).post(AT, json=given | {"name": "cat"}).status_code == 403


def root_account(served, name, **given):
    user = PartyKey("user", "default", name)
    return add(served, name, scope=Root(), role="root", user=user, password=hashed(), **given)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("DELETE", None),
        ("PATCH", {"disabled": True}),
        ("PATCH", {"role": "administrator"}),
        ("PATCH", {"scope": {"type": "tenant", "tenant": "acme"}}),
        ("PATCH", {"expires_at": "2022-01-01T00:00:00Z"}),
        ("PATCH", {"since": "2021-01-01T00:00:00Z"}),
        ("PATCH", {"until": "2022-01-01T00:00:00Z"}),
    ],
)
def test_the_last_root_stays(served, method, body):
    root_account(served, "root")
    root_account(served, "gone", disabled=True)
    root_account(served, "leaving", expires_at=NOW + timedelta(days=1))
    answer = root(served).request(method, f"{AT}/id-root", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (403, "This is the last root account.")
    root_account(served, "other")
    assert root(served).request(method, f"{AT}/id-root", json=body).status_code in (200, 204)


def test_two_roots_cannot_take_each_other_away_at_once(served):
    root_account(served, "one")
    root_account(served, "two")
    keep = served.store.keep

    def overtaken(changed, **rest):
        served.store.keep = keep
        assert root(served).delete(f"{AT}/id-two").status_code == 204
        return keep(changed, **rest)

    served.store.keep = overtaken
    assert root(served).delete(f"{AT}/id-one").status_code == 403
    assert [one.value.disabled for one in ACCOUNTS.all(served.store, NOW)] == [False, True]


def test_roles_of_another_tenant_are_none(served):
    role = root(served).post("/api/v1/access-roles", json={"name": "R", "rights": ["view"], "tenant": "globex"}).json()
    foreign = acme(served).post(AT, json=account(role=role["id"]))
    assert foreign.status_code == 400
    assert same(foreign, acme(served).post(AT, json=account(role="nothing")))


def test_an_account_of_ones_own_events_is_of_oneself(served):
    scope = {"type": "self", "tenant": "acme", "user": "u2"}
    assert acme(served).post(AT, json=account(scope=scope)).status_code == 400
    user = {"tenant": "acme", "id": "u2"}
    assert acme(served).post(AT, json=account(scope=scope, user=user)).status_code == 201


def test_groups_are_a_scope_as_well_and_manage_no_access(served):
    scope = {"type": "groups", "tenant": "acme", "groups": ["g1", "g,2", "g1"]}
    assert acme(served).post(AT, json=account(scope=scope)).json()["scope"]["groups"] == ["g1", "g,2"]
    assert client(served, caller(GroupScope("acme", ("g1",)))).get(AT).status_code == 403


@pytest.mark.parametrize("name", ["BEA", "ＢＥＡ", " bea "])
def test_a_name_is_one_persons_however_it_is_spelt(served, name):
    made(served)
    answer = acme(served).post(AT, json=account(name=name))
    assert (answer.status_code, answer.json()["place"]) == (400, "name")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"name": ""}, 422),
        ({"name": "  "}, 422),
        ({"name": "x" * 257}, 422),
        ({"name": "a\u202eb"}, 400),
        ({"name": "\x10"}, 400),
        ({"password": "secret"}, 422),
        ({"scope": {"type": "galaxy"}}, 422),
        ({"scope": {"type": "groups", "tenant": "acme", "groups": []}}, 422),
        ({"scope": {"type": "root", "tenant": "acme"}}, 422),
        ({"since": "2021-01-02T00:00:00Z", "until": "2021-01-01T00:00:00Z"}, 400),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400),
        ({"issuer": "x"}, 400),
        ({"label": "a\nb"}, 422),
    ],
)
def test_what_does_not_fit_is_refused(served, given, status):
    assert acme(served).post(AT, json=account(**given)).status_code == status
    assert events(served, "accounts") == []


def test_an_unproven_or_lesser_caller_manages_nothing(served):
    assert acme(served, rights=ALL - {"access"}).get(AT).status_code == 403
    assert acme(served, expires_at=NOW).get(AT).status_code == 401


def test_a_role_that_is_gone_can_be_replaced(served):
    add(served, "ann", role="gone")
    assert acme(served).patch(f"{AT}/id-ann", json={"role": "reader"}).json()["role"] == "reader"


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("accounts", account()),
        ("access-roles", {"name": "R", "rights": ["view"]}),
        ("keys", {"name": "k", "tenant": "acme", "uses": ["read"]}),
        ("seats", {"name": "s", "tenant": "acme", "expires_at": "2022-01-01T00:00:00Z"}),
    ],
)
def test_what_was_made_is_where_the_answer_says(served, path, given):
    made = root(served).post(f"/api/v1/{path}", json=given)
    assert made.status_code == 201
    assert root(served).get(made.headers["Location"]).json()["id"] == made.json()["id"]
