"""As it was then: what producers left out is filled from the directory as of the event, whenever it came in."""

from rule.story import Case, Chapter, does, manager, tenant, user

ANN, BOB, ZED = ({"tenant": "acme", "id": id} for id in ("u1", "u2", "zed"))

CHAPTER = Chapter(
    directory={
        "users": [
            {"tenant": "acme", "id": "u1", "name": "Ann Smith", "valid_from": "2021-01-01T00:00:00Z",
             "valid_to": "2021-11-15T00:00:00Z"},
            {"tenant": "acme", "id": "u1", "name": "Ann Jones", "valid_from": "2021-11-15T00:00:00Z"},
            {"tenant": "acme", "id": "u2", "name": "Bob", "valid_from": "2021-01-01T00:00:00Z",
             "valid_to": "2021-11-20T00:00:00Z"},
            {"tenant": "acme", "id": "u6", "name": "Fay", "valid_from": "2021-01-01T00:00:00Z"},
        ],
        "groups": [
            {"tenant": "acme", "id": "cc", "name": "Call center", "valid_from": "2021-01-01T00:00:00Z",
             "valid_to": "2021-11-10T00:00:00Z"},
            {"tenant": "acme", "id": "cc", "name": "Customer care", "valid_from": "2021-11-10T00:00:00Z"},
            {"tenant": "acme", "id": "sales", "name": "Sales", "valid_from": "2021-01-01T00:00:00Z"},
        ],
        "roles": [{"tenant": "acme", "id": "lead", "name": "Team lead", "valid_from": "2021-01-01T00:00:00Z"}],
        "memberships": [
            {"tenant": "acme", "user": "u1", "group": "cc", "valid_from": "2021-01-01T00:00:00Z",
             "valid_to": "2021-11-15T00:00:00Z"},
            {"tenant": "acme", "user": "u1", "group": "sales", "valid_from": "2021-11-15T00:00:00Z"},
            {"tenant": "acme", "user": "u2", "group": "sales", "valid_from": "2021-01-01T00:00:00Z"},
            {"tenant": "acme", "user": "u2", "role": "lead", "valid_from": "2021-01-01T00:00:00Z"},
        ],
    },
    events={
        "ann_at_her_last_moment": does(ANN, "play", "calls", occurred_at="2021-11-14T23:59:59.999999Z"),
        "ann_at_her_first_moment": does(ANN, "play", "calls", occurred_at="2021-11-15T00:00:00Z"),
        "bob_edits_ann": does(BOB, "edit", "users", targets=[user(ANN)], occurred_at="2021-11-16T12:00:00Z"),
        "ann_with_a_name_sent": does(
            {**ANN, "name": "A. Jones", "groups": [{"id": "vip", "name": "VIP"}]}, "play", "calls",
            occurred_at="2021-11-17T12:00:00Z",
        ),
        "ann_with_no_groups_sent": does({**ANN, "groups": []}, "play", "calls", occurred_at="2021-11-18T12:00:00Z"),
        "bob_plays": does(BOB, "play", "calls", occurred_at="2021-11-19T12:00:00Z"),
        "bob_after_he_was_deleted": does(BOB, "play", "calls", occurred_at="2021-11-21T12:00:00Z"),
        "stranger": does(ZED, "play", "calls", occurred_at="2021-11-22T12:00:00Z"),
        "somebody_claims_to_be_bob": does(
            {**BOB, "verified": False}, "login", "session", outcome="failure", occurred_at="2021-11-19T13:00:00Z"
        ),
        "bob_edits_cc": does(
            BOB, "edit", "groups", targets=[{"kind": "group", "tenant": "acme", "id": "cc"}],
            occurred_at="2021-11-19T14:00:00Z",
        ),
        # These come in weeks later, when all has changed.
        "ann_late": does(ANN, "play", "calls", occurred_at="2021-11-09T12:00:00Z", received="2021-12-01T08:00:00Z"),
        "bob_late": does(BOB, "edit", "users", targets=[user(ANN)], occurred_at="2021-11-08T12:00:00Z",
                         received="2021-12-01T08:00:00Z"),
    },
    cases=[
        Case(
            "A group finds what its members of then did and met, late arrivals included.",
            "group:cc",
            "bob_late ann_late ann_at_her_last_moment bob_edits_cc",
            shows={
                "bob_late": {"matched": "against", "groups": "Sales", "target_groups": "Call center"},
                "ann_late": {"matched": "by", "groups": "Call center", "initiator": "Ann Smith"},
                "ann_at_her_last_moment": {"groups": "Customer care", "initiator": "Ann Smith"},
                "bob_edits_cc": {"targets": "Customer care (group)", "matched": "against"},
            },
            late=2,
        ),
        Case(
            "A group's old name finds the group.",
            'group:"Call center"',
            "bob_late ann_late ann_at_her_last_moment bob_edits_cc",
            means="acme/cc",
        ),
        Case(
            "So does its new name.",
            'group:"Customer care"',
            "bob_late ann_late ann_at_her_last_moment bob_edits_cc",
            means="acme/cc",
        ),
        Case(
            "A membership's end is the first moment without it, and the next one's first moment with it.",
            "group:sales by:u1",
            "ann_at_her_first_moment",
            shows={"ann_at_her_first_moment": {"groups": "Sales", "initiator": "Ann Jones"}},
        ),
        Case(
            "Against Sales: Ann since she is in it, and Bob as the account that someone claimed.",
            "against.group:sales",
            "bob_edits_ann somebody_claims_to_be_bob",
            shows={"bob_edits_ann": {"targets": "Ann Jones (user)", "target_groups": "Sales", "roles": "Team lead"}},
        ),
        Case(
            "A claimed identity has no groups of its own.",
            "by.group:sales",
            "bob_late ann_at_her_first_moment bob_edits_ann bob_plays bob_edits_cc",
        ),
        Case(
            "A role is filled the same way.",
            "by.role:lead",
            "bob_late bob_edits_ann bob_plays bob_edits_cc",
        ),
        Case(
            "What the producer sent wins over the directory.",
            "group:VIP",
            "ann_with_a_name_sent",
            shows={"ann_with_a_name_sent": {"initiator": "A. Jones", "groups": "VIP"}},
        ),
        Case(
            "That there are no groups is also something that a producer can send.",
            "user:u1 -group:cc,sales,vip",
            "ann_with_no_groups_sent",
            shows={"ann_with_no_groups_sent": {"initiator": "Ann Jones", "groups": ""}},
        ),
        Case(
            "Any name that she ever bore, in the directory or in events, finds all of Ann.",
            'user:"Ann Smith"',
            "bob_late ann_late ann_at_her_last_moment ann_at_her_first_moment bob_edits_ann ann_with_a_name_sent "
            "ann_with_no_groups_sent",
            means="acme/u1",
        ),
        Case(
            "The name that only one producer used does so too.",
            'user:"A. Jones"',
            "bob_late ann_late ann_at_her_last_moment ann_at_her_first_moment bob_edits_ann ann_with_a_name_sent "
            "ann_with_no_groups_sent",
            means="acme/u1",
        ),
        Case(
            "After a user was deleted, nothing is known of them; the id still is.",
            "by:Bob since:2021-11-20",
            "bob_after_he_was_deleted",
            shows={"bob_after_he_was_deleted": {"initiator": "u2", "groups": "", "roles": ""}},
        ),
        Case(
            "Of whom the directory does not know, nothing is made up.",
            "by:zed",
            "stranger",
            shows={"stranger": {"initiator": "zed", "groups": "", "roles": ""}},
        ),
        Case("A name that the directory knows and no event bears finds nothing, but stands for someone.",
             "user:Fay", "", means="acme/u6"),
        Case(
            "What a manager sees follows the membership of then.",
            "",
            "bob_late ann_late ann_at_her_last_moment bob_edits_cc",
            viewer=manager("acme", "cc"),
        ),
        Case("Another tenant learns no name of the directory.", "user:Fay", "", viewer=tenant("globex"), means=""),
        Case("What was recorded more than a day late.", "is:late", "bob_late ann_late", late=2),
    ],
)  # fmt: skip
