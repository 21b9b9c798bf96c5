"""What the database alone keeps apart: with the application's own scope switched off, nobody sees another's book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from scope.requests import MAKERS, asking
from scope.test_canaries import Post, opened
from scope.watchers import Watcher
from size import sized

from trailbook.directory.viewer import GroupScope, Root, SelfScope, TenantScope
from trailbook.store.postgres import reader

ROUNDS = sized(1, 10)
READS = [one for one in MAKERS if one[0] == "get"]


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """A world in PostgreSQL, whose reads no longer narrow what is asked to what the viewer may see."""
    with opened("postgres", tmp_path) as made:
        monkeypatch.setattr(reader, "within", lambda viewer, condition: condition)
        monkeypatch.setattr(reader, "sees_book", lambda viewer, book: True)
        yield made


def widened(watcher: Watcher) -> Watcher:
    """The same, but for all of their tenant's book, which is all that the database knows of."""
    return replace(watcher, scope=TenantScope(watcher.home), since=None, until=None)


def test_row_level_security_alone_keeps_tenants_apart_in_every_read(post: Post) -> None:
    random, world = Random(6), post.town.world
    watchers = [one for one in post.town.watchers if not isinstance(one.scope, Root)]
    all_asked = list(asking(watchers, READS)) * ROUNDS
    random.shuffle(all_asked)
    for watcher, endpoint in all_asked:
        post.send(random, watcher, endpoint)
    foreign = {
        (watcher.name, world.columns.get(one, one))
        for watcher in watchers
        for one in post.found[watcher.name]
        if not world.may_see(one, widened(watcher))
    }
    assert foreign == set()
    assert [one for one in post.answers if one[1] == 500] == []
    # What is theirs alone within a book was kept from them by the application: that it is off can be seen.
    narrow = {one.name for one in watchers if isinstance(one.scope, GroupScope | SelfScope) and one.may("view")}
    assert len(narrow & {name for name, _, _ in post.leaks}) > len(narrow) / 2
