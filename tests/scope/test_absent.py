"""What is somebody else's answers as what is not there: the same bytes, and as fast."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import median
from time import process_time_ns
from typing import Any

import pytest
from httpx import Response
from scope.people import Town
from scope.requests import API, MAKERS, asking
from scope.watchers import Watcher
from scope.world import World, fill
from served import service
from size import FULL, sized
from starlette.testclient import TestClient
from stores import PLACES, STORES

from trailbook.store.ports import Store
from trailbook.web.app import make_app

KINDS = {
    f"{API}/accounts/": "accounts",
    f"{API}/access-roles/": "roles",
    f"{API}/keys/": "keys",
    f"{API}/sessions/": "sessions",
    f"{API}/seats/": "seats",
    f"{API}/reports/": "reports",
    f"{API}/schedules/": "schedules",
    f"{API}/deliveries/": "deliveries",
    f"{API}/alerts/": "alerts",
    f"{API}/exports/": "exports",
}
BODIES: dict[tuple[str, str], Any] = {
    ("patch", f"{API}/accounts/{{id}}"): {"role": "reader"},
    ("patch", f"{API}/access-roles/{{id}}"): {"name": "taken"},
    ("put", f"{API}/reports/{{id}}"): {"title": "taken"},
    ("put", f"{API}/schedules/{{id}}"): {
        "title": "taken",
        "report": "none",
        "timing": {"every": "day"},
        "zone": "UTC",
        "recipients": [{"kind": "account", "to": "none"}],
    },
    ("put", f"{API}/alerts/{{id}}"): {"title": "taken", "recipients": [{"kind": "account", "to": "none"}]},
    ("put", f"{API}/directory/{{kind}}/{{id}}"): {"name": "taken"},
}
NOT_KEPT = f"{API}/formats/{{name}}"
"""The one endpoint whose ids are nobody's."""
ENDPOINTS = [one for one in MAKERS if "{id}" in one[1]]


_BY_ITSELF = ("forget_expired", "close")
"""What the service asks of the store from time to time, whatever is requested."""


class Counting:
    """A store that counts what is asked of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found) or name in _BY_ITSELF:
            return found

        def counted(*given: Any, **named: Any) -> Any:
            self.calls[name] += 1
            return found(*given, **named)

        return counted


class Place:
    """A filled service, and everybody who comes to it."""

    def __init__(self, store: Counting, town: Town, client: TestClient, turn: int) -> None:
        self.store, self.town, self.client, self.turn = store, town, client, turn

    def send(self, watcher: Watcher, method: str, path: str, body: Any = None) -> Response:
        headers = {**watcher.headers, "X-Request-ID": "r-1", "Content-Type": "application/json"}
        content = {} if body is None else {"content": json.dumps(body)}
        return self.client.request(method, path, headers=headers, **content)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    store = STORES[request.param](tmp_path_factory.mktemp("absent"))
    counting = Counting(store)
    world = World()
    fill(world, store)
    served = service(counting, worker=False)  # type: ignore[arg-type]
    town = Town(served, world)
    with TestClient(make_app(served), base_url="https://testserver") as client:
        yield Place(counting, town, client, list(PLACES).index(request.param))
    store.close()


def pairs(place: Place, watcher: Watcher, path: str) -> list[tuple[str, str]]:
    """Paths to what is not the watcher's, each with one that differs in the id alone and leads to nothing."""
    town, events = place.town, place.town.world.events
    if path.startswith(f"{API}/directory/"):
        kinds = {"users": ("u4", "n4"), "groups": ("g1", "n1"), "roles": ("r1", "n1")}
        theirs = "globex" if watcher.home != "globex" else "acme"
        return [
            (f"{API}/directory/{kind}/{there}?tenant={theirs}", f"{API}/directory/{kind}/{gone}?tenant={theirs}")
            for kind, (there, gone) in kinds.items()
        ]
    if path == f"{API}/events/{{id}}":
        ids = [one.id for one in events if one.tenant not in (watcher.home, watcher.user[0])][:2]
    else:
        kind = next(kind for start, kind in KINDS.items() if path.startswith(start))
        ids = list(town.foreign(kind, watcher))[-2:]
        path = path.replace("{format}", "csv")
    return [(path.replace("{id}", id), path.replace("{id}", _absent(id))) for id in ids]


def _absent(id: str) -> str:
    """An id of the same form that there is none of."""
    return id[:-4] + "".join("0" if one != "0" else "a" for one in id[-4:])


def strangers(place: Place) -> list[Watcher]:
    """Everybody to whom something is foreign; of the endpoints that read events, also who sees but a part of a book."""
    return [one for one in place.town.watchers if one.name != "root"]


def test_every_endpoint_with_an_id_is_compared() -> None:
    with_something = {path for _, path in MAKERS if "{" in path}
    assert with_something - {path for _, path in ENDPOINTS} == {NOT_KEPT, f"{API}/directory/{{kind}}"}


def test_foreign_and_absent_ids_get_byte_equal_answers(place: Place) -> None:
    statuses: Counter[int] = Counter()
    different = []
    for watcher in strangers(place):
        place.send(watcher, "get", f"{API}/session")  # the first use of a key is kept
    for watcher, endpoint in asking(strangers(place), ENDPOINTS, place.turn):
        method, body = endpoint[0], BODIES.get(endpoint)
        for there, gone in pairs(place, watcher, endpoint[1]):
            place.store.calls.clear()
            one = place.send(watcher, method, there, body)
            asked = place.store.calls.copy()
            place.store.calls.clear()
            other = place.send(watcher, method, gone, body)
            statuses[one.status_code] += 1
            if _whole(one) != _whole(other) or asked != place.store.calls:
                different.append((watcher.name, *endpoint, one.text, other.text, asked - place.store.calls))
    assert different == []
    assert set(statuses) <= {401, 403, 404}
    assert min(statuses[401], statuses[403], statuses[404]) > 30


def _whole(answer: Response) -> tuple[int, list[tuple[str, str]], bytes]:
    return answer.status_code, list(answer.headers.items()), answer.content


def test_within_a_book_what_is_not_seen_is_not_there(place: Place) -> None:
    """Managers of groups, who see themselves, auditors: an event of their own tenant, and people of it."""
    for name in ("acme-manager", "acme-self", "acme-auditor", "acme-chief"):
        watcher = next(one for one in place.town.watchers if one.name == name)
        world = place.town.world
        unseen = [one for one in world.events if one.tenant == "acme" and not _sees(world, watcher, one.id)]
        for event in unseen[:5]:
            one = place.send(watcher, "get", f"{API}/events/{event.id}")
            other = place.send(watcher, "get", f"{API}/events/{_absent(event.id)}")
            assert one.status_code == 404
            assert _whole(one) == _whole(other)
    chief = next(one for one in place.town.watchers if one.name == "acme-chief")
    for kind, there, gone in (("users", "u4", "n4"), ("groups", "g1", "n1"), ("roles", "r1", "n1")):
        one, other = (place.send(chief, "get", f"{API}/directory/{kind}/{id}") for id in (there, gone))
        assert one.status_code == 404
        assert _whole(one) == _whole(other)


def _sees(world: World, watcher: Watcher, id: str) -> bool:
    return world.may_see(next(one.reason for one in world.events if one.id == id), watcher)


def test_the_comparison_would_tell_a_difference(place: Place) -> None:
    admin = next(one for one in place.town.watchers if one.name == "acme-admin")
    own, gone = (place.send(admin, "get", f"{API}/accounts/{id}") for id in ("acme-reader", "none-of-these"))
    assert _whole(own) != _whole(gone)


TIMED = (
    ("acme-admin", "accounts/{id}"), ("acme-admin", "keys/{id}"), ("acme-admin", "reports/{id}"),
    ("acme-admin", "access-roles/{id}"), ("acme-admin", "seats/{id}"), ("acme-reader", "events/{id}"),
    ("acme-admin", "directory/{kind}/{id}"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "path"), TIMED)
def test_foreign_and_absent_ids_take_as_long(place: Place, name: str, path: str) -> None:
    """Processor time, in turns, so that whatever else the machine does meets both; noise is given three chances."""
    watcher = next(one for one in place.town.watchers if one.name == name)
    there, gone = pairs(place, watcher, f"{API}/{path}")[0]
    most = 0.05 if FULL else 0.25
    differences = []
    for _ in range(3):
        one, other = _medians(
            sized(60, 10_000), *(lambda at=at: place.send(watcher, "get", at) for at in (there, gone))
        )
        differences.append(abs(one - other) / min(one, other))
        if differences[-1] < most:
            return
    raise AssertionError(f"{path}: medians differ by {differences}")


def _medians(times: int, *sends: Callable[[], Response]) -> list[float]:
    taken: list[list[int]] = [[] for _ in sends]
    gc.collect()
    for turn in range(times):
        for number in (0, 1) if turn % 2 else (1, 0):
            began = process_time_ns()
            sends[number]()
            taken[number].append(process_time_ns() - began)
    return [median(one) for one in taken]
