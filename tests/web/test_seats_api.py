"""Auditors' seats over the API: they only read, within a tenant, a period and columns, and end by themselves."""

from datetime import timedelta

import pytest
from entered import PASSWORD, browser, holding, later
from managing import ALL, acme, events, globex, same, service
from served import NOW

from trailbook.event.model import Change

pytestmark = pytest.mark.usefixtures("every_store")

AT = "/api/v1/seats"
SEAT = {
    "name": "kpmg",
    "label": "KPMG",
    "tenant": "acme",
    "since": "2021-01-01T00:00:00Z",
    "until": "2021-07-01T00:00:00Z",
    "hidden": ["ip"],
    "expires_at": "2021-12-10T00:00:00Z",
}


@pytest.fixture
def served():
    return service()


def made(served, **given):
    answer = acme(served).post(AT, json=SEAT | given)
    assert answer.status_code == 201, answer.text
    return answer.json()


def taken(served, seat):
    """A browser whose user took the seat, and what they may do."""
    there = browser(served)
    given = {"token": seat["link"]["token"], "password": PASSWORD}
    return there, holding(there, there.post("/api/v1/session/link", json=given).json())


def test_a_seat_is_shown(served):
    id = made(served)["id"]
    assert acme(served).get(f"{AT}/{id}").json() == {
        **SEAT, "id": id, "export": True, "disabled": False,
    }  # fmt: skip
    assert [one["id"] for one in acme(served).get(AT).json()["items"]] == [id]


def test_whoever_takes_it_reads_and_exports_and_no_more(served):
    _, who = taken(served, made(served))
    assert who["seat"] == {
        "scope": {"type": "tenant", "tenant": "acme"},
        "rights": ["export", "view"],
        "hidden": ["ip"],
        "applications": [],
        "since": "2021-01-01T00:00:00Z",
        "until": "2021-07-01T00:00:00Z",
        "expires_at": "2021-12-10T00:00:00Z",
    }
    assert who["second_factor"] == "none"


def test_a_seat_that_only_looks_does_not_export(served):
    _, who = taken(served, made(served, export=False))
    assert who["seat"]["rights"] == ["view"]


def test_it_ends_by_itself(served):
    seat = made(served, expires_at="2021-12-01T10:00:00Z")
    there, _ = taken(served, seat)
    later(served, minutes=59)
    assert there.get("/api/v1/session").status_code == 200
    later(served, minutes=1)
    assert there.get("/api/v1/session").status_code == 401


def test_it_is_ended_at_once(served):
    seat = made(served)
    there, _ = taken(served, seat)
    assert acme(served).delete(f"{AT}/{seat['id']}").status_code == 204
    assert there.get("/api/v1/session").status_code == 401
    assert acme(served).get(f"{AT}/{seat['id']}").json()["disabled"] is True


def test_making_and_ending_are_told(served):
    seat = made(served)
    acme(served).delete(f"{AT}/{seat['id']}")
    (role,) = events(served, "access_roles")
    assert role.changes["hidden"] == Change(None, ["ip"])
    create, _, end = events(served, "accounts")
    assert create.changes["since"] == Change(None, "2021-01-01T00:00:00Z")
    assert create.targets[0].id == f"seat:{seat['id']}"
    assert end.changes == {"disabled": Change(None, True)}


def test_its_role_is_not_among_the_others_and_not_to_be_changed(served):
    id = made(served)["id"]
    assert "seat-" not in acme(served).get("/api/v1/access-roles").text
    for method, body in (("GET", None), ("PATCH", {"rights": []}), ("DELETE", None)):
        assert acme(served).request(method, f"/api/v1/access-roles/seat-{id}", json=body).status_code == 404


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_foreign_seat_and_none_are_the_same(served, method):
    id = made(served)["id"]
    foreign = globex(served).request(method, f"{AT}/{id}")
    assert foreign.status_code == 404
    assert same(foreign, globex(served).request(method, f"{AT}/nothing"))
    assert globex(served).get(AT, params={"tenant": "acme"}).json()["items"] == []


def test_an_account_that_is_no_seat_is_none_here(served):
    given = {"name": "bea", "role": "reader", "scope": {"type": "tenant", "tenant": "acme"}}
    id = acme(served).post("/api/v1/accounts", json=given).json()["id"]
    assert acme(served).get(f"{AT}/{id}").status_code == 404
    assert acme(served).delete(f"{AT}/{id}").status_code == 404
    assert acme(served).get(AT).json()["items"] == []


NARROW = {
    "since": NOW.replace(month=2),
    "until": NOW.replace(month=6),
    "hidden": frozenset(("ip", "data")),
    "expires_at": NOW + timedelta(days=1),
}


@pytest.mark.parametrize(
    ("seat", "given", "place"),
    [
        ({}, {"tenant": "globex"}, "access"),
        ({"rights": frozenset(("view", "access"))}, {}, "rights"),
        ({"rights": ALL - {"access"}}, {}, "access"),
        ({"hidden": NARROW["hidden"]}, {}, "hidden"),
        ({"since": NARROW["since"]}, {}, "since"),
        ({"until": NARROW["until"]}, {}, "until"),
        ({"expires_at": NARROW["expires_at"]}, {}, "expires_at"),
    ],
)
def test_no_seat_gives_more_than_its_maker_has(served, seat, given, place):
    answer = acme(served, **seat).post(AT, json=SEAT | given)
    assert (answer.status_code, answer.json()["place"]) == (403, place)
    assert acme(served).get(AT).json()["items"] == []


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"expires_at": None}, 422),
        ({"expires_at": "2021-12-01T09:00:00Z"}, 400),
        ({"until": "2021-01-01T00:00:00Z"}, 400),
        ({"hidden": ["secret"]}, 400),
        ({"role": "root"}, 422),
        ({"since": "0001-01-01T00:00:00+10:00"}, 400),
    ],
)
def test_what_does_not_fit_is_refused(served, given, status):
    assert acme(served).post(AT, json=SEAT | given).status_code == status
    assert events(served, "accounts") == []
