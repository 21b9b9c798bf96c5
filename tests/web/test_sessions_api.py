"""Sessions over the API: one's own and those of accounts one manages; what is ended is nobody's any more."""

import pytest
from entered import add, browser, later, sign_in, told
from managing import acme, globex, root, same, service

from trailbook.access.kept import SESSIONS
from trailbook.directory.viewer import TenantScope

pytestmark = pytest.mark.usefixtures("every_store")

AT = "/api/v1/sessions"


@pytest.fixture
def served():
    here = service()
    add(here, "ann")
    add(here, "gil", scope=TenantScope("globex"))
    return here


def signed_in(served, name="ann"):
    there = browser(served)
    there.headers["User-Agent"] = "Firefox"
    sign_in(there, name)
    return there


def test_ones_own_sessions_are_shown_without_their_secrets(served):
    there = signed_in(served)
    (one,) = there.get(AT).json()["items"]
    assert one == {
        "id": one["id"],
        "account": "id-ann",
        "created_at": "2021-12-01T09:00:00Z",
        "seen_at": "2021-12-01T09:00:00Z",
        "expires_at": "2021-12-01T21:00:00Z",
        "second_factor": False,
        "ip": one["ip"],
        "user_agent": "Firefox",
        "own": True,
    }
    assert there.cookies["__Host-trailbook"] not in there.get(AT).text
    assert there.headers["X-CSRF-Token"] not in there.get(AT).text


def test_nobody_elses_are_shown_or_ended_without_the_right(served):
    ann, gil = signed_in(served), signed_in(served, "gil")
    (id,) = [one["id"] for one in gil.get(AT).json()["items"]]
    assert len(ann.get(AT).json()["items"]) == 1
    assert same(ann.delete(f"{AT}/{id}"), ann.delete(f"{AT}/{'0' * 64}"))
    assert same(ann.get(AT, params={"account": "id-gil"}), ann.get(AT, params={"account": "id-nobody"}))
    assert ann.delete(AT, params={"account": "id-gil"}).status_code == 404
    assert gil.get(AT).status_code == 200


def test_all_others_end_and_this_one_stays(served):
    here, there = signed_in(served), signed_in(served)
    assert here.delete(AT).status_code == 204
    assert (here.get(AT).status_code, there.get(AT).status_code) == (200, 401)
    event = told(served)[-1]
    assert (event.action, event.data, event.targets[0].id) == ("revoke", {"sessions": 1}, "ann")


def test_with_no_others_there_is_nothing_to_tell(served):
    here = signed_in(served)
    before = len(told(served))
    assert here.delete(AT).status_code == 204
    assert len(told(served)) == before


def test_one_session_is_ended(served):
    here, there = signed_in(served), signed_in(served)
    (id,) = [one["id"] for one in here.get(AT).json()["items"] if not one["own"]]
    assert here.delete(f"{AT}/{id}").status_code == 204
    assert (here.get(AT).status_code, there.get(AT).status_code) == (200, 401)
    assert here.delete(f"{AT}/{id}").status_code == 404


def test_who_manages_access_ends_those_of_their_accounts(served):
    there = signed_in(served)
    (one,) = acme(served).get(AT, params={"account": "id-ann"}).json()["items"]
    assert one["own"] is False
    assert acme(served).delete(f"{AT}/{one['id']}").status_code == 204
    assert there.get(AT).status_code == 401
    again = signed_in(served)
    assert acme(served).delete(AT, params={"account": "id-ann"}).status_code == 204
    assert again.get(AT).status_code == 401
    event = told(served)[-1]
    assert (event.tenant, event.initiator.name, event.related[0].id) == ("acme", "Ann", "id-ann")


def test_another_tenants_sessions_are_none(served):
    there = signed_in(served)
    (id,) = [one["id"] for one in there.get(AT).json()["items"]]
    asked = globex(served)
    for method, path, params in (("GET", "", "id-ann"), ("DELETE", "", "id-ann"), ("DELETE", f"/{id}", None)):
        foreign = asked.request(method, AT + path, params=params and {"account": params})
        absent = asked.request(method, AT + (path and f"/{'0' * 64}"), params=params and {"account": "id-no"})
        assert foreign.status_code == 404
        assert same(foreign, absent)
    assert there.get(AT).status_code == 200


def test_a_session_that_is_noted_as_seen_meanwhile_ends_all_the_same(served):
    there = signed_in(served)
    keep = served.store.keep

    def overtaken(changed, **rest):
        served.store.keep = keep
        (found,) = SESSIONS.all(served.store, served.clock(), owner="id-ann")
        keep([SESSIONS.record(found.value, found)], now=served.clock())
        return keep(changed, **rest)

    served.store.keep = overtaken
    assert acme(served).delete(AT, params={"account": "id-ann"}).status_code == 204
    assert there.get(AT).status_code == 401


def test_lists_are_paged_and_without_those_left_alone(served):
    signed_in(served)
    later(served, minutes=61)
    here = signed_in(served)
    signed_in(served)
    pages, after = [], ""
    while after is not None:
        page = here.get(AT, params={"limit": 1, "after": after}).json()
        pages.append(len(page["items"]))
        after = page["next"]
    assert sorted(pages) == [0, 1, 1]


def test_root_ends_any(served):
    there = signed_in(served, "gil")
    assert root(served).delete(AT, params={"account": "id-gil"}).status_code == 204
    assert there.get(AT).status_code == 401


def test_without_the_second_factor_nothing_is_ended(served):
    add(served, "adm", role="administrator")
    assert signed_in(served, "adm").delete(AT).status_code == 403
