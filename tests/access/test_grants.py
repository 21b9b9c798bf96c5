"""Who may give what: which scopes lie within which, and that nobody gives what they do not have."""

import pytest

from trailbook.access.decide import check_grant, within_scope
from trailbook.access.model import Caller, Seat
from trailbook.directory.viewer import GroupScope, Root, SelfScope, TenantScope
from trailbook.errors import NotAllowed
from trailbook.event.model import PartyKey

ACME, GLOBEX = TenantScope("acme"), TenantScope("globex")
GROUPS, GROUP = GroupScope("acme", ("g1", "g2")), GroupScope("acme", ("g2",))
SELF = SelfScope("acme", "u1")


@pytest.mark.parametrize(
    ("outer", "inside", "outside"),
    [
        (Root(), [Root(), ACME, GROUPS, SELF], []),
        (ACME, [ACME, GROUPS, SELF], [Root(), GLOBEX, GroupScope("globex", ("g1",)), SelfScope("globex", "u1")]),
        (
            GROUPS,
            [GROUPS, GROUP],
            [Root(), ACME, SELF, GroupScope("acme", ("g2", "g3")), GroupScope("globex", ("g1",))],
        ),
        (SELF, [SELF], [Root(), ACME, GROUP, SelfScope("acme", "u2"), SelfScope("globex", "u1")]),
    ],
)
def test_a_scope_lies_within_another(outer, inside, outside):
    assert [within_scope(outer, inner) for inner in inside] == [True] * len(inside)
    assert [within_scope(outer, inner) for inner in outside] == [False] * len(outside)


def test_what_one_has_oneself_may_be_given():
    seat = Seat(ACME, frozenset(("view", "ingest")), frozenset(("ip",)), applications=("web", "celery"))
    caller = Caller("account", "a-1", "Ann", PartyKey("user", "acme", "u1"), seat)
    check_grant(caller, seat)
    check_grant(caller, Seat(GROUPS, frozenset(("view",)), frozenset(("ip", "data"))))
    with pytest.raises(NotAllowed, match="applications that are not yours"):
        check_grant(caller, Seat(ACME, frozenset(("ingest",)), frozenset(("ip",))))
    with pytest.raises(NotAllowed, match="the right to export events"):
        check_grant(caller, Seat(ACME, frozenset(("export",)), frozenset(("ip",))))
