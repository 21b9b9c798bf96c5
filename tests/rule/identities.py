"""Identities unproven, borrowed or missing: failed sign-ins, acting as another, and nobody at all."""

from rule.story import Case, Chapter, does, oneself, user

SALES = {"id": "sales", "name": "Sales"}
CALL_CENTER = {"id": "cc", "name": "Call center"}
ADMIN = {"id": "admin", "name": "Administrator"}
ANN = {"tenant": "acme", "id": "u1", "name": "Ann", "groups": [CALL_CENTER], "roles": [ADMIN]}
BOB = {"tenant": "acme", "id": "u2", "name": "Bob", "groups": [SALES], "roles": []}
NOT_PROVEN = {"tenant": "acme", "id": "u2", "name": "Bob", "verified": False, "ip": "203.0.113.9"}
MALLORY = {"tenant": "acme", "id": "mallory", "verified": False}
ANN_AS_BOB = {**ANN, "acts_as": user(BOB)}

CHAPTER = Chapter(
    events={
        "bob_plays": does(BOB, "play", "calls"),
        "ann_as_bob_plays": does(ANN_AS_BOB, "play", "calls"),
        "ann_as_bob_edits_bob": does(ANN_AS_BOB, "edit", "users", targets=[user(BOB)]),
        "ann_as_bob_edits_ann": does(ANN_AS_BOB, "edit", "users", targets=[user(ANN)]),
        "bob_fails_to_sign_in": does(NOT_PROVEN, "login", "session", outcome="failure", targets=[user(BOB)]),
        "mallory_fails": does(
            MALLORY,
            "login",
            "session",
            outcome="failure",
            targets=[{"kind": "user", "tenant": "acme", "id": "mallory"}],
        ),
        # Here the producer names only who claims to be whom.
        "bob_fails_again": does(NOT_PROVEN, "login", "session", outcome="failure"),
        "visit": does(None, "view", "pages", tenant="acme"),
        "job_mails_bob": does(None, "send_email", "reports", tenant="acme", targets=[user(BOB)]),
    },
    cases=[
        Case(
            "Who acts as another is the initiator: found by their own name.",
            "by:Ann",
            "ann_as_bob_plays ann_as_bob_edits_bob ann_as_bob_edits_ann",
            shows={
                "ann_as_bob_plays": {
                    "initiator": "Ann as Bob",
                    "matched": "by",
                    "groups": "Call center",
                    "related": "u2 (user)",
                    "target_groups": "Sales",
                },
            },
        ),
        Case(
            "Whom they act as is a target: found by that name too, and never as the one who did it.",
            "user:Bob",
            "bob_plays ann_as_bob_plays ann_as_bob_edits_bob ann_as_bob_edits_ann bob_fails_to_sign_in bob_fails_again "
            "job_mails_bob",
            shows={
                "bob_plays": {"matched": "by", "initiator": "Bob"},
                "ann_as_bob_plays": {"matched": "against", "initiator": "Ann as Bob"},
                "bob_fails_to_sign_in": {"matched": "against", "ip": "203.0.113.9"},
                "job_mails_bob": {"matched": "against", "initiator": "(none)"},
            },
        ),
        Case("By Bob is what Bob proved to be Bob for.", "by:Bob", "bob_plays"),
        Case(
            "Either of the two finds it, and it is by the one and against the other.",
            "user:Ann,Bob action:play",
            "bob_plays ann_as_bob_plays",
            shows={"ann_as_bob_plays": {"matched": "both"}, "bob_plays": {"matched": "by"}},
        ),
        Case("Ann to herself while she acted as Bob.", "against:Ann", "ann_as_bob_edits_ann"),
        Case(
            "The groups of whom they act as are those of a target.",
            "against.group:Sales",
            "ann_as_bob_plays ann_as_bob_edits_bob ann_as_bob_edits_ann bob_fails_to_sign_in job_mails_bob",
        ),
        Case("Acting as a member of a group is not doing it as the group.", "by.group:Sales", "bob_plays"),
        Case(
            "A failed sign-in is against the claimed account.",
            "against:Bob action:login",
            "bob_fails_to_sign_in bob_fails_again",
        ),
        Case("A failed sign-in is by nobody that is known.", "by:Bob outcome:failure", ""),
        Case("Also to an account that there is not.", "user:mallory", "mallory_fails"),
        Case("Nor is that account one who did it.", "by:mallory", ""),
        Case(
            "A claimed identity is not of the tenant that it claims.",
            "by.tenant:acme",
            "bob_plays ann_as_bob_plays ann_as_bob_edits_bob ann_as_bob_edits_ann",
        ),
        Case(
            "All that was done by nobody: neither dropped nor taken for someone.",
            "is:anonymous",
            "visit job_mails_bob",
            shows={"visit": {"initiator": "(none)", "ip": "", "roles": ""}},
        ),
        Case(
            "Not by Bob: what nobody did, and what only claims to be Bob, is included.",
            "-by:Bob",
            "ann_as_bob_plays ann_as_bob_edits_bob ann_as_bob_edits_ann bob_fails_to_sign_in mallory_fails "
            "bob_fails_again visit job_mails_bob",
        ),
        Case("Not Bob in either direction.", "-user:Bob", "mallory_fails visit"),
        Case(
            "Where a failed sign-in came from can be asked.",
            "ip:203.0.113.0/24",
            "bob_fails_to_sign_in bob_fails_again",
        ),
        Case(
            "Bob himself sees what was done in his name, and who tried to be him.",
            "",
            "bob_plays ann_as_bob_plays ann_as_bob_edits_bob ann_as_bob_edits_ann bob_fails_to_sign_in bob_fails_again "
            "job_mails_bob",
            viewer=oneself("acme", "u2"),
        ),
    ],
)
