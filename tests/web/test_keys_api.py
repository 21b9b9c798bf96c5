"""API keys over the API: shown once, never more than their maker has, revoked at once; each change an event."""

from datetime import timedelta

import pytest
from managing import ALL, acme, events, globex, root, same, service
from served import NOW, caller, client

from trailbook.access.kept import KEYS
from trailbook.directory.viewer import GroupScope
from trailbook.event.model import Change

pytestmark = pytest.mark.usefixtures("every_store")

KEYS_AT = "/api/v1/keys"
READ = {"name": "Dashboard", "tenant": "acme", "uses": ["read"]}


@pytest.fixture
def served():
    return service()


def test_a_key_is_shown_once_and_works(served):
    made = acme(served).post(KEYS_AT, json=READ)
    assert made.status_code == 201
    key = made.json()
    assert key["text"].startswith(f"tb_{key['id']}_")
    shown = acme(served).get(f"{KEYS_AT}/{key['id']}")
    assert shown.json() == {name: value for name, value in key.items() if name != "text"} == {
        "id": key["id"],
        "name": "Dashboard",
        "tenant": "acme",
        "uses": ["read"],
        "applications": [],
        "hidden": [],
        "created_by": "a-1",
        "created_at": "2021-12-01T09:00:00Z",
        "expires_at": None,
        "last_used_at": None,
        "revoked_at": None,
    }  # fmt: skip
    answer = client(served).get("/api/v1/session", headers={"Authorization": f"Bearer {key['text']}"})
    assert (answer.status_code, answer.json()["account"]["id"]) == (200, key["id"])


def test_neither_text_nor_digest_is_kept_shown_or_told(served):
    key = acme(served).post(KEYS_AT, json=READ).json()
    (event,) = events(served, "keys")
    digest = KEYS.find(served.store, key["id"], NOW).value.digest
    told = repr(event) + acme(served).get(KEYS_AT).text
    assert key["text"] not in told
    assert digest.hex() not in told
    assert repr(digest) not in told


def test_making_and_revoking_are_told_with_old_and_new(served):
    key = acme(served).post(KEYS_AT, json=READ).json()
    assert acme(served).delete(f"{KEYS_AT}/{key['id']}").status_code == 204
    made, revoked = events(served, "keys")
    assert (made.tenant, made.action) == ("acme", "create")
    assert made.changes == {
        "name": Change(None, "Dashboard"), "tenant": Change(None, "acme"), "uses": Change(None, ["read"]),
    }  # fmt: skip
    assert (revoked.action, revoked.changes) == ("revoke", {"revoked_at": Change(None, "2021-12-01T09:00:00Z")})
    assert [target.id for target in revoked.targets] == [f"key:{key['id']}"]


def test_a_revoked_key_is_worth_nothing_and_revoking_it_again_tells_nothing(served):
    key = acme(served).post(KEYS_AT, json=READ).json()
    for _ in range(2):
        assert acme(served).delete(f"{KEYS_AT}/{key['id']}").status_code == 204
    assert len(events(served, "keys")) == 2
    assert client(served).get("/api/v1/session", headers={"Authorization": f"Bearer {key['text']}"}).status_code == 401
    assert acme(served).get(KEYS_AT).json()["items"][0]["revoked_at"] == "2021-12-01T09:00:00Z"


def test_lists_are_paged_by_id_and_of_ones_own_tenant(served):
    ids = sorted(root(served).post(KEYS_AT, json=READ | {"tenant": tenant}).json()["id"] for tenant in ("acme", "acme"))
    other = root(served).post(KEYS_AT, json=READ | {"tenant": "globex"}).json()["id"]
    first = acme(served).get(KEYS_AT, params={"limit": 1}).json()
    assert ([one["id"] for one in first["items"]], first["next"]) == (ids[:1], ids[0])
    second = acme(served).get(KEYS_AT, params={"limit": 1, "after": ids[0]}).json()
    assert ([one["id"] for one in second["items"]], second["next"]) == (ids[1:], None)
    assert [one["id"] for one in root(served).get(KEYS_AT, params={"tenant": "globex"}).json()["items"]] == [other]
    assert acme(served).get(KEYS_AT, params={"tenant": "globex"}).json() == {"items": [], "next": None}
    assert len(root(served).get(KEYS_AT).json()["items"]) == 3


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_foreign_key_and_none_are_the_same(served, method):
    key = acme(served).post(KEYS_AT, json=READ).json()
    foreign = globex(served).request(method, f"{KEYS_AT}/{key['id']}")
    assert foreign.status_code == 404
    assert same(foreign, globex(served).request(method, f"{KEYS_AT}/aaaaaaaa"))


@pytest.mark.parametrize(
    ("seat", "given", "place"),
    [
        ({}, {"tenant": "globex"}, "access"),
        ({"rights": ALL - {"ingest"}}, {"uses": ["ingest"]}, "rights"),
        ({"rights": frozenset(("access", "view"))}, {}, "rights"),
        ({"hidden": frozenset(("ip",))}, {}, "hidden"),
        ({"since": NOW - timedelta(days=9)}, {}, "since"),
        ({"until": NOW}, {}, "until"),
        ({"expires_at": NOW + timedelta(days=1)}, {}, "expires_at"),
        ({"expires_at": NOW + timedelta(days=1)}, {"expires_at": "2022-01-01T00:00:00Z"}, "expires_at"),
        ({"rights": ALL, "applications": ("web",)}, {"uses": ["ingest"]}, "applications"),
        ({"rights": ALL, "applications": ("web",)}, {"uses": ["ingest"], "applications": ["web", "x"]}, "applications"),
        ({"rights": frozenset(("view", "export"))}, {}, "access"),
    ],
)
def test_no_key_gives_more_than_its_maker_has(served, seat, given, place):
    answer = acme(served, **seat).post(KEYS_AT, json=READ | given)
    assert (answer.status_code, answer.json()["place"]) == (403, place)
    assert acme(served).get(KEYS_AT).json()["items"] == []
    assert events(served, "keys") == []


def test_a_key_within_what_its_maker_has_is_made(served):
    seat = {
        "rights": ALL,
        "applications": ("web",),
        "hidden": frozenset(("ip",)),
        "expires_at": NOW + timedelta(days=9),
    }
    given = {"uses": ["ingest"], "applications": ["web"], "hidden": ["ip"], "expires_at": "2021-12-05T00:00:00Z"}
    assert acme(served, **seat).post(KEYS_AT, json=READ | given).status_code == 201


def test_who_manages_a_group_only_makes_no_key(served):
    asked = client(served, caller(GroupScope("acme", ("g1",))))
    assert asked.post(KEYS_AT, json=READ).status_code == 403
    assert asked.get(KEYS_AT).status_code == 403


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"uses": []}, 422),
        ({"uses": ["root"]}, 422),
        ({"name": ""}, 422),
        ({"name": "x\x00"}, 422),
        ({"more": 1}, 422),
        ({"expires_at": "2022-01-01T00:00:00"}, 422),
        ({"expires_at": "2021-12-01T09:00:00Z"}, 400),
        ({"hidden": ["secret"]}, 400),
        ({"applications": ["a"] * 101}, 422),
    ],
)
def test_what_does_not_fit_is_refused(served, given, status):
    assert root(served).post(KEYS_AT, json=READ | given).status_code == status


def test_a_key_that_manages_access_makes_no_key_that_reads(served):
    text = root(served).post(KEYS_AT, json=READ | {"uses": ["manage"]}).json()["text"]
    program = client(served)
    program.headers["Authorization"] = f"Bearer {text}"
    assert program.post(KEYS_AT, json=READ).status_code == 403
    made = program.post(KEYS_AT, json=READ | {"uses": ["manage"]})
    assert (made.status_code, made.json()["created_by"]) == (201, text[3:11])
    assert events(served, "keys")[-1].initiator.type == "service"
