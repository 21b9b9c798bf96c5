"""The directory over the API: one by one and in bulk, within the caller's scope, each change an event."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from served import NOW, caller, client, service

from trailbook.directory.model import Changes, Membership, Profile
from trailbook.directory.viewer import OPERATOR, GroupScope, SelfScope, TenantScope
from trailbook.event.model import Change, PartyKey
from trailbook.query.tree import EVERYTHING

pytestmark = pytest.mark.usefixtures("every_store")

Y2020 = datetime(2020, 1, 1, tzinfo=UTC)
USERS = "/api/v1/directory/users"
ACME = TenantScope("acme")


@pytest.fixture
def served():
    """Ann of acme in g1, Bea of acme, Gil of globex, and what they belong to."""
    here = service()
    profiles = [
        Profile("tenant", "acme", "acme", "Acme Inc.", Y2020),
        Profile("tenant", "globex", "globex", "Globex", Y2020),
        Profile("user", "acme", "u1", "Ann", Y2020),
        Profile("user", "acme", "u2", "Bea", Y2020),
        Profile("user", "globex", "u1", "Gil", Y2020),
        Profile("group", "acme", "g1", "Call center", Y2020),
        Profile("group", "acme", "g2", "Back office", Y2020),
    ]
    ann = Membership("acme", "u1", "group", "g1", "", Y2020)
    here.store.change_directory(lambda known: Changes(added_profiles=tuple(profiles), added_memberships=(ann,)))
    return here


def admin(served, **seat):
    """Acme's administrator."""
    return client(served, caller(ACME, **seat))


def events(served):
    """All events, oldest first."""
    return [row.event for row in served.store.scan(OPERATOR, EVERYTHING, order="oldest")]


def test_a_user_is_shown_as_it_is_now(served):
    answer = admin(served).get(f"{USERS}/u1")
    assert answer.status_code == 200
    assert answer.json() == {
        "kind": "user",
        "tenant": "acme",
        "id": "u1",
        "name": "Ann",
        "groups": [{"id": "g1", "name": "Call center", "tenant": "acme"}],
        "roles": [],
    }


def test_a_group_and_a_tenant_have_no_groups(served):
    asked = admin(served)
    assert asked.get("/api/v1/directory/groups/g1").json() == {
        "kind": "group", "tenant": "acme", "id": "g1", "name": "Call center",
    }  # fmt: skip
    assert asked.get("/api/v1/directory/tenants/acme").json()["name"] == "Acme Inc."


def test_a_new_user_is_there_and_told_of(served):
    answer = admin(served).put(f"{USERS}/u9", json={"name": "Zoe", "groups": ["g1"], "roles": ["r1"]})
    assert answer.status_code == 201
    assert [one["id"] for one in answer.json()["groups"] + answer.json()["roles"]] == ["g1", "r1"]
    (event,) = events(served)
    assert (event.tenant, event.resource, event.action, event.application) == ("acme", "users", "create", "trailbook")
    assert event.initiator.id == "u1"
    assert event.changes == {"name": Change(None, "Zoe"), "groups": Change(None, ["g1"]), "roles": Change(None, ["r1"])}
    assert [target.party() for target in event.targets] == [
        PartyKey("user", "acme", "u9"), PartyKey("group", "acme", "g1"), PartyKey("role", "acme", "r1"),
    ]  # fmt: skip


def test_renaming_ends_the_old_name_and_tells_both(served):
    admin(served).put(f"{USERS}/u1", json={"name": "Anna"})
    assert events(served)[0].changes == {"name": Change("Ann", "Anna")}
    known = served.store.directory()
    ann = PartyKey("user", "acme", "u1")
    assert [known.name_at(ann, moment) for moment in (NOW - timedelta(days=1), NOW)] == ["Ann", "Anna"]


def test_putting_what_is_there_changes_nothing_and_tells_nothing(served):
    assert admin(served).put(f"{USERS}/u1", json={"name": "Ann", "groups": ["g1"]}).status_code == 200
    assert events(served) == []


def test_moving_to_another_group_has_both_groups_as_targets(served):
    admin(served).put(f"{USERS}/u1", json={"groups": ["g2"]})
    (event,) = events(served)
    assert event.changes == {"groups": Change(["g1"], ["g2"])}
    assert {target.id for target in event.targets} == {"u1", "g1", "g2"}
    assert {target.name for target in event.targets} == {"Ann", "Call center", "Back office"}


def test_deleting_ends_it_now(served):
    asked = admin(served)
    assert asked.delete(f"{USERS}/u1").status_code == 204
    assert asked.get(f"{USERS}/u1").status_code == 404
    (event,) = events(served)
    assert (event.action, event.changes["name"]) == ("delete", Change("Ann", None))
    assert event.targets[0].name == "Ann"
    assert served.store.directory().name_at(PartyKey("user", "acme", "u1"), Y2020) == "Ann"


def test_a_list_is_narrowed_by_a_part_of_the_id_or_name(served):
    asked = admin(served)
    for find, ids in (("AN", ["u1"]), ("u", ["u1", "u2"]), ("é", ["u2"]), ("gil", [])):
        found = asked.get(USERS, params={"find": find}).json()["items"]
        assert [one["id"] for one in found] == ids, find


def test_lists_are_paged_by_id(served):
    asked = admin(served)
    first = asked.get(USERS, params={"limit": 1}).json()
    assert ([one["id"] for one in first["items"]], first["next"]) == (["u1"], "u1")
    second = asked.get(USERS, params={"limit": 1, "after": "u1"}).json()
    bea = {"kind": "user", "tenant": "acme", "id": "u2", "name": "Bea", "groups": [], "roles": []}
    assert second == {"items": [bea], "next": None}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, ["acme", "globex"]),
        (ACME, ["acme"]),
        (GroupScope("acme", ("g1",)), ["acme"]),
        (SelfScope("acme", "u1"), ["acme"]),
    ],
)
def test_tenants_are_listed_within_the_scope(served, scope, expected):
    answer = client(served, caller(scope)).get("/api/v1/directory/tenants")
    assert [one["id"] for one in answer.json()["items"]] == expected


def test_who_manages_a_group_sees_its_members_and_changes_nothing(served):
    asked = client(served, caller(GroupScope("acme", ("g1",))))
    assert [one["id"] for one in asked.get(USERS).json()["items"]] == ["u1"]
    assert asked.get(f"{USERS}/u2").content == asked.get(f"{USERS}/nobody").content
    assert asked.put(f"{USERS}/u1", json={"name": "Anna"}).status_code == 403
    assert asked.delete(f"{USERS}/u1").status_code == 403
    assert events(served) == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("kind", ["users", "tenants"])
def test_foreign_and_absent_are_the_same(served, method, kind):
    asked = admin(served)
    id = "globex" if kind == "tenants" else "u1"
    foreign = asked.request(method, f"/api/v1/directory/{kind}/{id}", params={"tenant": "globex"})
    absent = asked.request(method, f"/api/v1/directory/{kind}/nothing", params={"tenant": "acme"})
    assert (foreign.status_code, foreign.content) == (404, absent.content)


def test_nothing_of_another_tenant_is_changed(served):
    asked = admin(served)
    there = asked.put(f"{USERS}/u1", params={"tenant": "globex"}, json={"name": "Mallory"})
    absent = asked.put(f"{USERS}/u77", params={"tenant": "globex"}, json={"name": "Mallory"})
    assert (there.status_code, there.content) == (403, absent.content)
    join = {"user": "u1", "group": "g1", "group_tenant": "globex"}
    assert asked.post("/api/v1/directory/memberships", json=join).status_code == 403
    assert asked.get(USERS, params={"tenant": "globex"}).json() == {"items": [], "next": None}
    assert events(served) == []


def test_without_the_right_nothing_is_shown(served):
    reader = client(served, caller(ACME, frozenset(("view",))))
    assert reader.get(USERS).status_code == 403
    assert reader.get(f"{USERS}/u1").status_code == 403
    assert reader.put(f"{USERS}/u1", json={}).status_code == 403
    assert reader.post("/api/v1/directory/import", content=b"").status_code == 403


def test_the_right_to_the_directory_needs_no_right_to_see_events(served):
    assert client(served, caller(ACME, frozenset(("directory",)))).get(f"{USERS}/u1").status_code == 200


def test_a_membership_is_added_and_ended(served):
    asked = admin(served)
    given = {"user": "u2", "group": "g1", "valid_from": "2021-01-01T00:00:00Z"}
    assert asked.post("/api/v1/directory/memberships", json=given).status_code == 204
    assert [one["id"] for one in asked.get(f"{USERS}/u2").json()["groups"]] == ["g1"]
    bea = {"user": "u2", "group": "g1"}
    assert asked.delete("/api/v1/directory/memberships", params=bea).status_code == 204
    assert asked.get(f"{USERS}/u2").json()["groups"] == []
    assert asked.delete("/api/v1/directory/memberships", params=bea).status_code == 404
    added, ended = events(served)
    assert added.changes == {"groups": Change(None, ["g1"])}
    assert ended.changes == {"groups": Change(["g1"], None)}
    assert {target.id for target in ended.targets} == {"u2", "g1"}
    assert added.data["added"][0]["valid_from"] == "2021-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "given",
    [
        {"user": "u1"},
        {"user": "u1", "group": "g1", "role": "r1"},
        {"user": "u1", "group": "g1", "valid_to": "2021-01-01T00:00:00Z"},
        {"user": "u1", "group": "g1", "valid_from": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_membership_that_makes_no_sense_is_refused(served, given):
    assert admin(served).post("/api/v1/directory/memberships", json=given).status_code == 400


def test_nobody_unknown_joins(served):
    given = {"user": "u99", "group": "g1"}
    assert admin(served).post("/api/v1/directory/memberships", json=given).status_code == 404


def test_a_change_of_what_was_changed_since_is_refused(served):
    asked = admin(served)
    tag = asked.get(f"{USERS}/u1").headers["ETag"]
    renamed = asked.put(f"{USERS}/u1", json={"name": "Anna"}, headers={"If-Match": tag})
    assert renamed.status_code == 200
    again = asked.put(f"{USERS}/u1", json={"name": "Anne"}, headers={"If-Match": tag})
    assert (again.status_code, again.json()["type"]) == (412, "urn:trailbook:problem:mismatch")
    assert asked.delete(f"{USERS}/u1", headers={"If-Match": tag}).status_code == 412
    assert asked.delete(f"{USERS}/u1", headers={"If-Match": renamed.headers["ETag"]}).status_code == 204


@pytest.mark.parametrize(
    "given",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 1025},
        {"name": 7},
        {"nickname": "Annie"},
        {"groups": [""]},
        {"groups": ["g"] * 1001},
        {"groups": "g1"},
        [],
    ],
)
def test_a_body_that_does_not_fit_is_refused(served, given):
    assert admin(served).put(f"{USERS}/u1", json=given).status_code == 422
    assert events(served) == []


def test_a_group_has_no_groups_to_be_given(served):
    assert admin(served).put("/api/v1/directory/groups/g1", json={"groups": ["g2"]}).status_code == 400


@pytest.mark.parametrize("id", ["a/b", "ü ñ", "../users", "<script>", "' OR 1=1 --", "\u202eevil", "a?b#c"])
def test_any_id_and_name_is_itself(served, id):
    asked = admin(served)
    path = f"{USERS}/{quote(id, safe='')}"
    assert asked.put(path, json={"name": id}).json()["name"] == id
    assert asked.get(path).json()["id"] == id
    assert events(served)[0].targets[0].id == id


@pytest.mark.parametrize("id", ["a\nb", "a\n", "a/b\r\n/c"])
def test_an_id_may_have_lines(served, id):
    asked = admin(served)
    path = f"{USERS}/{quote(id, safe='')}"
    assert asked.put(path, json={"name": "Ann"}).json()["id"] == asked.get(path).json()["id"] == id


def test_a_thousand_users_come_in_at_once(served):
    users = [{"id": f"n{number}", "name": f"New {number}", "groups": ["g1"]} for number in range(1000)]
    answer = admin(served).post("/api/v1/directory/import", json={"users": users})
    assert (answer.status_code, answer.json()) == (200, {"added": 2000, "ended": 0})
    told = events(served)
    assert len(told) == 1000
    assert told[0].tenant == "acme"
    assert {event.action for event in told} == {"create"}
    again = admin(served).post("/api/v1/directory/import", json={"users": users})
    assert again.json() == {"added": 0, "ended": 0}


def test_csv_comes_in_as_well(served):
    body = b"kind,id,name,groups\nuser,u1,Anna,g2\n"
    headers = {"Content-Type": "text/csv; charset=utf-8"}
    answer = admin(served).post(
        "/api/v1/directory/import", content=body, headers=headers, params={"as_of": "2021-06-01T00:00:00+02:00"}
    )
    assert answer.json() == {"added": 2, "ended": 2}
    assert events(served)[0].data["added"][0]["valid_from"] == "2021-05-31T22:00:00Z"


@pytest.mark.parametrize(
    "given",
    [
        {"users": [{"id": "u1", "tenant": "globex"}]},
        {"memberships": [{"user": "u1", "tenant": "globex", "group": "g1"}]},
        {"memberships": [{"user": "u1", "group": "g1", "group_tenant": "globex"}]},
        {"tenants": [{"id": "globex", "name": "Mine"}]},
    ],
)
def test_an_import_that_reaches_into_another_tenant_is_refused_as_a_whole(served, given):
    answer = admin(served).post("/api/v1/directory/import", json={"groups": [{"id": "g3"}], **given})
    assert (answer.status_code, answer.json()["detail"]) == (403, "You may not change anything of globex.")
    assert admin(served).get("/api/v1/directory/groups/g3").status_code == 404
    assert events(served) == []


@pytest.mark.parametrize(
    ("body", "type_", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"users": [{"id": ""}]}', "application/json", 400),
        (b'{"users": [{"id": "u1"}, {"id": "u1"}]}', "application/json", 400),
        (b"\xff", "text/csv", 400),
        (b"kind,id\nuser,u1,\n", "text/csv", 400),
        (b"{}", "application/xml", 415),
        (b" " * 2000, "application/json", 413),
    ],
)
def test_an_import_that_cannot_be_read_is_refused(served, body, type_, status):
    served.settings = served.settings.model_copy(update={"max_body_bytes": 1024})
    answer = admin(served).post("/api/v1/directory/import", content=body, headers={"Content-Type": type_})
    assert answer.status_code == status
    assert events(served) == []


def test_no_more_than_ten_thousand_come_in_at_once(served):
    users = [{"id": f"n{number}"} for number in range(10_001)]
    answer = admin(served).post("/api/v1/directory/import", json={"users": users})
    assert (answer.status_code, "more than 10,000" in answer.json()["detail"]) == (400, True)
