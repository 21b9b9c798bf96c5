"""Nobody is ever answered what is not theirs: generated requests to every endpoint, canaries in all that is kept."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from httpx import Response
from scope.people import SITES, Town
from scope.requests import API, MAKERS, Asked, Draw, asking, body_of
from scope.watchers import FREE, Watcher
from scope.world import World, fill, found
from served import service
from size import sized
from starlette.testclient import TestClient
from stores import PLACES, STORES
from unpacked import unpacked

from trailbook.directory.viewer import TenantScope
from trailbook.report import hidden
from trailbook.report.columns import COLUMNS
from trailbook.store.sqlite import reader
from trailbook.web import directory
from trailbook.web.app import make_app

ROUNDS = sized(1, 20)
"""Requests of each viewer to each endpoint that they ask."""
TURNS = {kind: turn for turn, kind in enumerate(PLACES)}
"""At each store it is another turn to ask."""

LISTED: dict[str, Callable[[Watcher], dict[str, Any]]] = {
    # From whom something is hidden gets the usual columns but those that tell it; all others get all there are.
    f"{API}/events": lambda watcher: {"limit": 1000, **({} if watcher.hidden else {"columns": ",".join(COLUMNS)})},
    f"{API}/accounts": lambda watcher: {"limit": 1000},
    f"{API}/reports": lambda watcher: {"limit": 1000},
}
"""What everybody asks for besides, the whole of it, so that what they see of their own is not left to the draw."""


class Post:
    """Sends what watchers ask over one connection, and notes what they find that is theirs, and what is not."""

    def __init__(self, town: Town, client: TestClient, turn: int) -> None:
        self.town, self.client, self.turn = town, client, turn
        self.found: dict[str, set[str]] = defaultdict(set)
        self.leaks: Counter[tuple[str, str, str]] = Counter()
        self.answers: Counter[tuple[str, int]] = Counter()
        self.cursors: list[str] = []
        self.heads: list[str] = []

    def ask(self, watcher: Watcher, method: str, path: str, **more: object) -> Response:
        headers = {**watcher.headers, **dict(more.pop("headers", None) or {})}  # type: ignore[call-overload]
        answer = self.client.request(method, path, headers=headers, follow_redirects=False, **more)  # type: ignore[arg-type]
        self.client.cookies.clear()
        return answer

    def send(self, random: Random, watcher: Watcher, endpoint: tuple[str, str]) -> None:
        draw = Draw(self.town, watcher, random, self.cursors, self.heads)
        answer = self.take(watcher, endpoint, MAKERS[endpoint](draw))
        if answer.status_code == 200 and endpoint[1].endswith(("/events", "/rows", "/heads")):
            self._remember(random, answer.json())

    def take(self, watcher: Watcher, endpoint: tuple[str, str], asked: Asked) -> Response:
        """What an endpoint answers to that, after a look at what is in it."""
        body = body_of(asked)
        headers = {**body.pop("headers", {}), **(asked.headers or {})}
        answer = self.ask(watcher, endpoint[0], asked.path, params=asked.parameters, headers=headers, **body)
        name = " ".join(endpoint)
        self.answers[name, answer.status_code] += 1
        whole = unpacked(answer.content) + repr(list(answer.headers.items())).encode()
        self.found[watcher.name] |= found(whole)
        world = self.town.world
        for canary in world.leaks(watcher, whole):
            self.leaks[watcher.name, name, world.columns.get(canary, canary)] += 1
        return answer

    def _remember(self, random: Random, told: dict[str, object]) -> None:
        """Cursors and heads that somebody was given, for others to try."""
        given = [one for one in (told.get("before"), told.get("after")) if isinstance(one, str)]
        self.cursors = [*self.cursors, *given][-200:]
        if "rows" not in told and "results" not in told:
            self.heads = [*self.heads, json.dumps(told)][-20:]


@pytest.fixture(scope="module", params=PLACES)
def post(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    with opened(request.param, tmp_path_factory.mktemp("scope")) as made:
        yield made


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Post]:
    """A service on such a store, with everybody who comes to it."""
    store = STORES[kind](folder)
    world = World()
    fill(world, store)
    served = service(store, export_folder=str(folder / "exports"), exports_waiting=1_000)
    town = Town(served, world)
    with TestClient(make_app(served), base_url="https://testserver", raise_server_exceptions=False) as client:
        yield Post(town, client, TURNS[kind])
    store.close()


def test_every_endpoint_is_asked(post: Post) -> None:
    described = post.client.get("/api/openapi.json").json()["paths"]
    there = {(method, path) for path, methods in described.items() for method in methods}
    assert there | {("get", "/api/openapi.json")} == set(MAKERS)


def test_every_endpoint_is_asked_by_everybody_or_their_like(post: Post) -> None:
    everybody = {_kind(one) for one in post.town.watchers}
    asked = {(_kind(one), end) for turn in TURNS.values() for one, end in asking(post.town.watchers, [*MAKERS], turn)}
    assert asked == set(product(everybody, MAKERS))
    assert {endpoint for _, endpoint in asking(post.town.watchers, [*MAKERS], post.turn)} == set(MAKERS)


def _kind(watcher: Watcher) -> str:
    return watcher.name.removeprefix(next((site for site in SITES if watcher.name.startswith(site)), ""))


def test_each_viewer_finds_exactly_the_events_that_are_theirs(post: Post) -> None:
    """In a list, page by page to its end."""
    world = post.town.world
    seeing = 0
    for watcher in post.town.watchers:
        if not watcher.may("view"):
            continue
        column = "action" if "id" in watcher.hidden else "id"
        expected = {one for one in world.seen_by(watcher) if world.columns.get(one) == column}
        got: set[str] = set()
        cursor: str | None = ""
        while cursor is not None:
            asked = {"columns": column, "limit": 100, **({"cursor": cursor} if cursor else {})}
            answer = post.ask(watcher, "get", f"{API}/events", params=asked)
            assert answer.status_code == 200, answer.text
            got |= {one for row in answer.json()["rows"] for one in found(row[column].encode())}
            cursor = answer.json()["after"]
        assert got == expected, watcher.name
        seeing += bool(got)
    assert seeing > 25


def test_a_word_of_what_is_not_theirs_finds_nothing(post: Post) -> None:
    """Not even a number: whoever asks for a word, an action or a request of somebody else's event counts none.

    That somebody of their own tenant asked for the word is an event of theirs, which holds it: those are left out.
    """
    world, random = post.town.world, Random(4)
    keys = {"word": "", "action": "action:", "request": "request:", "related": "related:"}
    found_own = 0
    for watcher in post.town.watchers:
        for field, key in keys.items():
            for bait in random.sample(world.baits[field], sized(2, 40)):
                query = f"{key}{bait}" if key else f"{bait} -app:trailbook"
                answer = post.ask(watcher, "get", f"{API}/events/count", params={"query": query})
                rows = answer.json()["rows"] if answer.status_code == 200 else 0
                if rows:
                    assert world.bait_of[bait](watcher) or "id" in watcher.hidden, (watcher.name, bait)
                    found_own += 1
    assert found_own > 30


def test_what_a_name_stands_for_is_not_told_if_who_did_it_is_hidden(post: Post) -> None:
    """Ann of ops only ever did something in acme: that she did is not told by asking what was done to her."""
    answers = {}
    for watcher in post.town.watchers:
        if watcher.name in ("acme-no-initiators", "acme-reader"):
            asked = {"query": 'against.user:"Ann Lee"'}
            answers[watcher.name] = post.ask(watcher, "get", f"{API}/events/count", params=asked)
            assert post.town.world.leaks(watcher, answers[watcher.name].content) == set()
    assert [len(one.json()["report"]["parties"]) for one in answers.values()] == [1, 0]


def test_no_answer_holds_what_its_viewer_may_not_see(post: Post) -> None:
    random = Random(3)
    all_asked = list(asking(post.town.watchers, [*MAKERS], post.turn)) * ROUNDS
    random.shuffle(all_asked)
    for watcher, endpoint in all_asked:
        post.send(random, watcher, endpoint)
    for watcher in post.town.watchers:
        for path, asked in LISTED.items():
            post.take(watcher, ("get", path), Asked(path, asked(watcher)))
    assert len(all_asked) > sized(1_500, 30_000)
    assert sorted(post.leaks) == []
    assert [one for one in post.answers if one[1] == 500] == []
    for watcher in post.town.watchers:
        if watcher.may("view"):
            mine = {one for one in post.found[watcher.name] if post.town.world.may_see(one, watcher)}
            assert len(mine) >= 10, f"{watcher.name} has not seen its own: nothing was tested"
    assert post.found["nobody"] == set()
    columns = {post.town.world.columns.get(one, "kept") for one in post.found["root"]}
    assert columns >= {"initiator", "targets", "ip", "user_agent", "groups", "roles", "kept", "resource", FREE}


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Post]:
    """A world of its own, for what must be found when something is broken."""
    with opened("sqlite", tmp_path) as made:
        yield made


def _some(post: Post, endpoints: list[str], *names: str) -> set[str]:
    """Whose answers hold what is not theirs, of these who ask these endpoints 20 times each."""
    random = Random(5)
    for watcher in post.town.watchers:
        for endpoint in endpoints if watcher.name in names else ():
            for _ in range(20):
                post.send(random, watcher, ("get", f"{API}/{endpoint}"))
    return {name for name, _, _ in post.leaks}


def test_it_is_found_if_the_scope_is_not_applied(apart: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "within", lambda viewer, condition: condition)
    names = ("acme-reader", "acme-manager", "acme-self", "acme-auditor", "acme-key-read")
    assert _some(apart, ["events", "events.csv", "events/summary"], *names) >= set(names) - {
        "acme-reader",
        "acme-key-read",
    }
    monkeypatch.setattr(reader, "sees_book", lambda viewer, book: True)
    assert _some(apart, ["events", "events.csv", "events/summary"], *names) == set(names)


def test_it_is_found_if_hidden_columns_are_shown(apart: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hidden.Hidden, "shows", lambda self, column: True)
    names = ("acme-no-addresses", "acme-no-initiators", "acme-no-targets", "acme-no-resources", "acme-no-ids")
    assert _some(apart, ["events", "events.jsonl"], *names) == set(names)


def test_it_is_found_if_the_directory_shows_all(apart: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "sees", lambda *given: True)
    names = ("acme-admin", "acme-chief", "acme-member")
    assert _some(apart, ["directory/{kind}", "directory/{kind}/{id}"], *names) == set(names)


def test_it_is_found_if_a_viewer_is_somebody_else(apart: Post) -> None:
    town = apart.town
    wide = next(one for one in town.watchers if one.name == "acme-reader")
    town.watchers = [Watcher(**{**vars(wide), "scope": TenantScope("globex")})]
    assert _some(apart, ["events"], "acme-reader") == {"acme-reader"}
