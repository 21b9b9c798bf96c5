"""Both ways: what a user, group, role or tenant did, and what was done to it or to those who belonged to it."""

from rule.story import Case, Chapter, change, does, user

CALL_CENTER = {"id": "cc", "name": "Call center"}
SALES = {"id": "sales", "name": "Sales"}
AGENT = {"id": "agent", "name": "Agent"}
ADMIN = {"id": "admin", "name": "Administrator"}
ANN = {"tenant": "acme", "id": "u1", "name": "Ann", "groups": [CALL_CENTER], "roles": [AGENT]}
BOB = {"tenant": "acme", "id": "u2", "name": "Bob", "groups": [SALES], "roles": [ADMIN]}
CAROL = {"tenant": "acme", "id": "u3", "name": "Carol", "groups": [CALL_CENTER, SALES], "roles": [ADMIN, AGENT]}
DAN = {"tenant": "acme", "id": "u4", "name": "Dan", "groups": [], "roles": []}

CHAPTER = Chapter(
    events={
        "ann_plays": does(ANN, "play", "calls", related=[{"kind": "calls", "id": "42"}]),
        "bob_edits_ann": does(BOB, "edit", "users", targets=[user(ANN)], changes=change("email", "a@x", "ann@x")),
        "ann_edits_ann": does(ANN, "edit", "users", targets=[user(ANN)]),
        "bob_exports": does(BOB, "export", "reports"),
        "bob_renames_cc": does(BOB, "edit", "groups", targets=[{"kind": "group", **CALL_CENTER}]),
        "dan_edits_agent": does(DAN, "edit", "roles", targets=[{"kind": "role", **AGENT}]),
        "job_locks_ann": does(None, "lock", "users", tenant="acme", targets=[{**user(ANN), "tenant": "acme"}]),
        "carol_edits_bob": does(CAROL, "edit", "users", targets=[user(BOB)]),
        "bob_edits_acme": does(BOB, "edit", "tenants", targets=[{"kind": "tenant", "id": "acme", "name": "Acme"}]),
        "job_purges": does(None, "purge", "calls", tenant="acme"),
        "dan_edits_both": does(DAN, "edit", "users", targets=[user(ANN), user(BOB)]),
        "bob_files_ann": does(BOB, "file", "cases", related=[{"kind": "user", "id": "u1"}], data={"about": "u1"}),
    },
    cases=[
        Case(
            "A user: what they did and what was done to them, each event once.",
            "user:u1",
            "ann_plays bob_edits_ann ann_edits_ann job_locks_ann dan_edits_both",
            shows={
                "ann_plays": {"matched": "by"},
                "bob_edits_ann": {"matched": "against"},
                "ann_edits_ann": {"matched": "both"},
                "job_locks_ann": {"matched": "against", "initiator": "(none)"},
            },
        ),
        Case("By: only what they did.", "by:u1", "ann_plays ann_edits_ann"),
        Case(
            "Against: only what was done to them, by themselves included.",
            "against:u1",
            "bob_edits_ann ann_edits_ann job_locks_ann dan_edits_both",
            shows={"ann_edits_ann": {"matched": "against"}},
        ),
        Case(
            "A name finds what the id finds.",
            "user:Ann",
            "ann_plays bob_edits_ann ann_edits_ann job_locks_ann dan_edits_both",
            means="acme/u1",
        ),
        Case(
            "The long form of by is the short one.",
            "by.user:Bob",
            "bob_edits_ann bob_exports bob_renames_cc bob_edits_acme bob_files_ann",
        ),
        Case(
            "Two users are either of them.",
            "user:Ann,Dan",
            "ann_plays bob_edits_ann ann_edits_ann dan_edits_agent job_locks_ann dan_edits_both",
            shows={"dan_edits_both": {"matched": "both"}},
        ),
        Case(
            "One by another: who did it and to whom are two conditions.",
            "by:Bob against:Ann",
            "bob_edits_ann",
            shows={"bob_edits_ann": {"matched": "both"}},
        ),
        Case("By Ann, but not to herself.", "by:Ann -against:Ann", "ann_plays"),
        Case("A reference to a user is no target.", "user:Ann action:file", ""),
        Case("Where others refer to Ann is found as a reference.", "related:user/u1 action:file", "bob_files_ann"),
        Case(
            "A group, by: its members did it.",
            'by.group:"Call center"',
            "ann_plays ann_edits_ann carol_edits_bob",
        ),
        Case(
            "A group, against: the group itself or a member of it was a target.",
            'against.group:"Call center"',
            "bob_edits_ann ann_edits_ann bob_renames_cc job_locks_ann dan_edits_both",
        ),
        Case(
            "A group, both ways: each event once, and it says how.",
            "group:cc",
            "ann_plays bob_edits_ann ann_edits_ann bob_renames_cc job_locks_ann carol_edits_bob dan_edits_both",
            shows={
                "ann_plays": {"matched": "by", "groups": "Call center"},
                "bob_edits_ann": {"matched": "against", "groups": "Sales", "target_groups": "Call center"},
                "ann_edits_ann": {"matched": "both"},
                "bob_renames_cc": {"matched": "against", "target_groups": "Call center"},
                "carol_edits_bob": {"matched": "by", "groups": "Call center, Sales"},
            },
        ),
        Case(
            "A user of two groups is found by either of them.",
            "by.group:sales",
            "bob_edits_ann bob_exports bob_renames_cc carol_edits_bob bob_edits_acme bob_files_ann",
        ),
        Case("Members of both groups at once.", "by.group:sales AND by.group:cc", "carol_edits_bob"),
        Case(
            "Sales to the call center: between groups.",
            "by.group:sales against.group:cc",
            "bob_edits_ann bob_renames_cc",
        ),
        Case("A role, by: someone who had it did it.", "by.role:Agent", "ann_plays ann_edits_ann carol_edits_bob"),
        Case(
            "A role, against: the role itself or someone who had it was a target.",
            "against.role:Agent",
            "bob_edits_ann ann_edits_ann dan_edits_agent job_locks_ann dan_edits_both",
        ),
        Case(
            "A role, both ways.",
            "role:Administrator",
            "bob_edits_ann bob_exports bob_renames_cc carol_edits_bob bob_edits_acme dan_edits_both bob_files_ann",
            shows={
                "carol_edits_bob": {"matched": "both"},
                "dan_edits_both": {"matched": "against"},
            },
        ),
        Case(
            "A tenant, by: its users did it.",
            "by.tenant:acme",
            "ann_plays bob_edits_ann ann_edits_ann bob_exports bob_renames_cc dan_edits_agent carol_edits_bob "
            "bob_edits_acme dan_edits_both bob_files_ann",
        ),
        Case(
            "A tenant, against: the tenant itself or a user of it was a target; a group of it is not a user of it.",
            "against.tenant:acme",
            "bob_edits_ann ann_edits_ann job_locks_ann carol_edits_bob bob_edits_acme dan_edits_both",
        ),
        Case("A tenant's name is as good as its id.", "against.tenant:Acme resource:tenants", "bob_edits_acme"),
        Case("What involves nobody of the tenant.", "-tenant:acme", "job_purges"),
        Case(
            "No query: everything, also what nobody did to nobody.",
            "",
            "ann_plays bob_edits_ann ann_edits_ann bob_exports bob_renames_cc dan_edits_agent job_locks_ann "
            "carol_edits_bob bob_edits_acme job_purges dan_edits_both bob_files_ann",
            shows={
                "job_purges": {"initiator": "(none)", "tenant": "", "groups": "", "matched": "", "related": ""},
                "ann_plays": {"initiator": "Ann", "related": "42 (calls)", "details": "Action play on resource calls"},
                "dan_edits_both": {"related": "u1 (user), u2 (user)", "targets": "Ann (user), Bob (user)"},
            },
        ),
        Case(
            "Not Ann: neither by her nor against her.",
            "-user:Ann",
            "bob_exports bob_renames_cc dan_edits_agent carol_edits_bob bob_edits_acme job_purges bob_files_ann",
        ),
        Case(
            "Not of the group, in either direction.",
            "-group:cc",
            "bob_exports dan_edits_agent bob_edits_acme job_purges bob_files_ann",
        ),
    ],
)
