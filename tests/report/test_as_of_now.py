"""Groups and roles as of now: their present members instead of those of then."""

from __future__ import annotations

import pytest
import stores
from sealed import NOON, seal, simple

from trailbook.directory.directory import Directory
from trailbook.directory.model import Membership, Profile
from trailbook.directory.viewer import OPERATOR, GroupScope, SelfScope, TenantScope, Viewer
from trailbook.directory.visible import visible_members
from trailbook.errors import BadQuery
from trailbook.event.model import Belonging, Initiator, PartyKey
from trailbook.report.definition import from_dict
from trailbook.report.run import run

pytestmark = pytest.mark.usefixtures("every_store")


def test_as_of_now_a_group_means_its_present_members_and_not_those_of_then() -> None:
    ann, bob = PartyKey("user", "acme", "ann"), PartyKey("user", "acme", "bob")
    store = stores.new()
    sales = (Belonging("sales", "Sales", "acme"),)
    store.append([
        seal(simple(1, initiator=Initiator("ann", "Ann", "acme", groups=sales))),
        seal(simple(2, initiator=Initiator("bob", "Bob", "acme", groups=()))),
    ])  # fmt: skip

    def ids(as_of: str) -> list[str]:
        definition = from_dict({"query": "group:sales", "as_of": as_of, "columns": ["initiator"]})
        report = run(
            store, OPERATOR, definition, now=NOON, members=lambda party: [bob] if party.id == "sales" else [ann]
        )
        return [initiator for (initiator,) in report.texts()]

    assert ids("then") == ["Ann"]
    assert ids("now") == ["Bob"]


def test_more_present_members_than_a_query_may_have_are_refused_with_a_way_out() -> None:
    store = stores.new()
    sales = (Belonging("sales", "Sales", "acme"),)
    store.append([seal(simple(1, initiator=Initiator("ann", "Ann", "acme", groups=sales)))])
    definition = from_dict({"query": "group:sales", "as_of": "now"})
    with pytest.raises(BadQuery, match="501 members now"):
        run(
            store,
            OPERATOR,
            definition,
            now=NOON,
            members=lambda _: [PartyKey("user", "acme", str(n)) for n in range(501)],
        )


def test_members_are_given_only_of_groups_that_the_viewer_may_know() -> None:
    bob, sales = PartyKey("user", "acme", "bob"), PartyKey("group", "acme", "sales")
    profiles = [Profile("user", "acme", "bob", "Bob"), Profile("group", "acme", "sales", "Sales")]
    directory = Directory(profiles, [Membership("acme", "bob", "group", "sales")])

    def seen(viewer: Viewer) -> list[PartyKey]:
        return visible_members(directory, viewer, sales, NOON)

    assert seen(OPERATOR) == [bob]
    assert seen(Viewer("officer", TenantScope("acme"))) == [bob]
    assert seen(Viewer("manager", GroupScope("acme", ("sales",)))) == [bob]
    assert seen(Viewer("manager", GroupScope("acme", ("support",)))) == []
    assert seen(Viewer("officer", TenantScope("globex"))) == []
    assert seen(Viewer("Ann", SelfScope("acme", "ann"))) == []
