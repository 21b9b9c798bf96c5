"""Changes of belonging: whoever joins, leaves or moves, and what they join or leave, are all targets."""

from rule.story import Case, Chapter, change, does, manager, tenant

CAROL = {
    "tenant": "acme",
    "id": "u3",
    "name": "Carol",
    "groups": [],
    "roles": [{"id": "admin", "name": "Administrator"}],
}
OLGA = {"tenant": "ops", "id": "o1", "name": "Olga", "groups": [], "roles": []}
ANN = {"kind": "user", "tenant": "acme", "id": "u1", "name": "Ann"}
BOB = {"kind": "user", "tenant": "acme", "id": "u2", "name": "Bob"}
EVE = {"kind": "user", "tenant": "acme", "id": "u5", "name": "Eve"}

CHAPTER = Chapter(
    directory={
        "groups": [
            {"tenant": "acme", "id": "cc", "name": "Call center", "valid_from": "2020-01-01T00:00:00Z"},
            {"tenant": "acme", "id": "sales", "name": "Sales", "valid_from": "2020-01-01T00:00:00Z"},
        ],
        "roles": [{"tenant": "acme", "id": "admin", "name": "Administrator", "valid_from": "2020-01-01T00:00:00Z"}],
        "tenants": [{"id": "globex", "name": "Globex Corporation", "valid_from": "2020-01-01T00:00:00Z"}],
    },
    events={
        # The producer names the user, and what changed of it; nothing else.
        "ann_moves": does(CAROL, "edit", "users", targets=[ANN], changes=change("group", "cc", "sales")),
        "bob_joins": does(CAROL, "edit", "users", targets=[BOB], changes=change("groups", [], ["sales"])),
        "ann_leaves": does(CAROL, "edit", "users", targets=[ANN], changes=change("groups", ["sales"], [])),
        "ann_is_granted": does(CAROL, "edit", "users", targets=[ANN], changes=change("roles", [], ["admin"])),
        "bob_is_granted": does(CAROL, "edit", "users", targets=[BOB], changes=change("role", None, "admin")),
        "eve_moves": does(
            OLGA, "edit", "users", tenant="acme", targets=[EVE], changes=change("tenant", "acme", "globex")
        ),
        # The producer names both.
        "bob_is_removed": does(
            CAROL, "remove_member", "groups", targets=[BOB, {"kind": "group", "tenant": "acme", "id": "sales"}]
        ),
        # Nobody belongs anywhere else: the email of a user, and the group that a report is filed under.
        "ann_is_mailed": does(CAROL, "edit", "users", targets=[ANN], changes=change("email", "a@x", "cc")),
        "report_moves": does(
            CAROL, "edit", "reports", targets=[{"kind": "reports", "id": "r9"}], changes=change("group", "cc", "sales")
        ),
        "anns_report_moves": does(
            {**CAROL, "acts_as": ANN},
            "edit",
            "reports",
            targets=[{"kind": "reports", "id": "r9"}],
            changes=change("group", "cc", "sales"),
        ),
    },
    cases=[
        Case(
            "A move is against the old group.",
            "against.group:cc",
            "ann_moves",
            shows={"ann_moves": {"related": "u1 (user), cc (group), sales (group)", "matched": "against"}},
        ),
        Case(
            "A move is against the new group as well; so are joining and leaving.",
            "against.group:sales",
            "ann_moves bob_joins ann_leaves bob_is_removed",
        ),
        Case("By the group's name.", "group:Sales", "ann_moves bob_joins ann_leaves bob_is_removed"),
        Case(
            "A role granted is a target.",
            "against.role:admin",
            "ann_is_granted bob_is_granted",
            shows={
                "ann_is_granted": {"targets": "Ann (user), Administrator (role)"},
                "bob_is_granted": {"matched": "against"},
            },
        ),
        Case(
            "Both ways, the role is also that of the one who grants.",
            "role:Administrator",
            "ann_moves bob_joins ann_leaves ann_is_granted bob_is_granted bob_is_removed ann_is_mailed report_moves "
            "anns_report_moves",
            shows={"ann_is_granted": {"matched": "both"}, "ann_moves": {"matched": "by"}},
        ),
        Case(
            "The user is a target of all of it.",
            "user:Ann",
            "ann_moves ann_leaves ann_is_granted ann_is_mailed anns_report_moves",
        ),
        Case("Another user as well.", "against:Bob", "bob_joins bob_is_granted bob_is_removed"),
        Case(
            "A move to another tenant is against the new tenant.",
            "against.tenant:globex",
            "eve_moves",
            shows={"eve_moves": {"tenant": "ops", "related": "u5 (user), acme (tenant), globex (tenant)"}},
        ),
        Case("By the name of the new tenant.", 'tenant:"Globex Corporation"', "eve_moves"),
        Case(
            "And against the old one, as is all that was done to its users.",
            "against.tenant:acme",
            "ann_moves bob_joins ann_leaves ann_is_granted bob_is_granted eve_moves bob_is_removed ann_is_mailed "
            "anns_report_moves",
        ),
        Case("It is in the old tenant's book: the new one does not see it.", "", "", viewer=tenant("globex")),
        Case(
            "Who manages the group sees who came and went.",
            "",
            "ann_moves bob_joins ann_leaves bob_is_removed",
            viewer=manager("acme", "sales"),
        ),
        Case(
            "What was modified can be asked by field.",
            "changed:group",
            "ann_moves report_moves anns_report_moves",
        ),
        Case(
            "Or by how fields begin.",
            "changed:group*",
            "ann_moves bob_joins ann_leaves report_moves anns_report_moves",
        ),
        Case("The field makes no difference by its capitals.", "changed:Tenant", "eve_moves"),
        Case(
            "Whoever was granted the role: not those who had it before.",
            "changed:role,roles",
            "ann_is_granted bob_is_granted",
        ),
    ],
)
