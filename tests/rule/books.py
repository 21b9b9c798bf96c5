"""Books and scopes: whose data was acted on, who did it, and what a viewer may see of it whatever they ask."""

from rule.story import Case, Chapter, does, manager, oneself, tenant, user

CALL_CENTER = {"id": "cc", "name": "Call center"}
SALES = {"id": "sales", "name": "Sales"}
SUPPORT = {"id": "support", "name": "Support"}
OPERATOR = {"id": "operator", "name": "System operator"}
ANN = {"tenant": "acme", "id": "u1", "name": "Ann", "groups": [CALL_CENTER]}
ANN_OF_THE_BOOK = {"id": "u1", "name": "Ann", "groups": [CALL_CENTER]}  # who names no tenant is of the book's
ANN_LATER = {"tenant": "acme", "id": "u1", "name": "Ann", "groups": [SALES]}
BOB = {"tenant": "acme", "id": "u2", "name": "Bob", "groups": [SALES]}
DAN = {"tenant": "acme", "id": "u4", "name": "Dan", "groups": []}  # manages the call center, without being in it
HUGO = {"tenant": "globex", "id": "u7", "name": "Hugo", "groups": [CALL_CENTER]}
OLGA = {"tenant": "ops", "id": "o1", "name": "Olga", "groups": [SUPPORT], "roles": [OPERATOR]}

CHAPTER = Chapter(
    events={
        "ann_plays": does(ANN, "play", "calls"),
        "bob_plays": does(BOB, "play", "calls"),
        "bob_edits_ann": does(BOB, "edit", "users", targets=[user(ANN)]),
        "dan_edits_cc": does(DAN, "edit", "groups", targets=[{"kind": "group", **CALL_CENTER}]),
        "dan_plays": does(DAN, "play", "calls", data={"manages": ["cc"]}),
        "hugo_plays": does(HUGO, "play", "calls"),
        "ann_edits_hugo": does(ANN, "edit", "users", tenant="globex", targets=[user(HUGO)]),
        "olga_signs_in": does(OLGA, "login", "session"),
        "olga_edits_ann": does(OLGA, "edit", "users", tenant="acme", targets=[user(ANN_OF_THE_BOOK)]),
        "olga_edits_acme": does(OLGA, "edit", "tenants", tenant="acme", targets=[{"kind": "tenant", "id": "acme"}]),
        "olga_edits_hugo": does(OLGA, "edit", "users", targets=[user(HUGO)]),  # names no tenant of the event
        "job_in_acme": does(None, "rotate", "logs", tenant="acme"),
        "job": does(None, "rotate", "logs"),
        "zoe_plays": does({"id": "z1", "name": "Zoe"}, "play", "calls"),  # names no tenant at all
        "ann_plays_later": does(ANN_LATER, "play", "calls"),
    },
    cases=[
        # Books.
        Case(
            "The book is the tenant whose data was acted on; an operator's edit is in the book of the edited.",
            "book:acme",
            "ann_plays bob_plays bob_edits_ann dan_edits_cc dan_plays olga_edits_ann olga_edits_acme job_in_acme "
            "ann_plays_later",
            shows={
                "olga_edits_ann": {
                    "initiator": "Olga",
                    "tenant": "ops",
                    "target_tenant": "acme",
                    "groups": "Support",
                    "target_groups": "Call center",
                    "book": "acme",
                },
                "job_in_acme": {"initiator": "(none)", "tenant": "", "book": "acme"},
            },
        ),
        Case(
            "Without a tenant of its own, an event is in the initiator's book.",
            "book:ops",
            "olga_signs_in olga_edits_hugo",
        ),
        Case(
            "Without any tenant it is in the book called default, and so is its initiator.",
            "book:default",
            "job zoe_plays",
            shows={"zoe_plays": {"tenant": "default"}, "job": {"tenant": "", "initiator": "(none)"}},
        ),
        Case(
            "The operators' tenant did it, wherever it was done.",
            "by.tenant:ops",
            "olga_signs_in olga_edits_ann olga_edits_acme olga_edits_hugo",
        ),
        Case("Nothing was done to the operators' tenant.", "against.tenant:ops", ""),
        Case(
            "Done to acme: to its users, or to itself.",
            "against.tenant:acme",
            "bob_edits_ann olga_edits_ann olga_edits_acme",
        ),
        Case("Done to globex, in whichever book.", "against.tenant:globex", "ann_edits_hugo olga_edits_hugo"),
        Case(
            "By a user of acme, in whichever book.",
            "by.tenant:acme -book:acme",
            "ann_edits_hugo",
            shows={"ann_edits_hugo": {"tenant": "acme", "book": "globex"}},
        ),
        Case(
            "The operators' group and role are found as any other.",
            "by.group:Support by.role:operator -action:login",
            "olga_edits_ann olga_edits_acme olga_edits_hugo",
        ),
        Case(
            "A group without a tenant is of its user's, also in another's book.",
            "group:Support book:acme",
            "olga_edits_ann olga_edits_acme",
            means="ops/support",
        ),
        # The scope of a tenant.
        Case(
            "Who may see a tenant sees its book, also what others did in it.",
            "",
            "ann_plays bob_plays bob_edits_ann dan_edits_cc dan_plays olga_edits_ann olga_edits_acme job_in_acme "
            "ann_plays_later",
            viewer=tenant("acme"),
        ),
        Case(
            "They see who of the operators did something in their book.",
            "tenant:ops",
            "olga_edits_ann olga_edits_acme",
            viewer=tenant("acme"),
        ),
        Case("Asking for another book does not open it.", "book:globex", "", viewer=tenant("acme")),
        Case("Nor does asking for another tenant.", "tenant:globex", "", viewer=tenant("acme")),
        Case(
            "Nor does any OR.",
            "action:rotate OR book:globex OR -book:acme",
            "job_in_acme",
            viewer=tenant("acme"),
        ),
        Case(
            "Nor does excluding one's own book: what is left is nothing.",
            "-book:acme",
            "",
            viewer=tenant("acme"),
        ),
        Case(
            "What one of theirs did in another's book is the other's to see.",
            "user:Ann",
            "ann_edits_hugo",
            viewer=tenant("globex"),
            means="acme/u1",
        ),
        Case(
            "Globex sees its book, and not what was kept in the operators' book.",
            "tenant:globex",
            "hugo_plays ann_edits_hugo",
            viewer=tenant("globex"),
        ),
        Case("Who may see the default tenant sees its book.", "", "job zoe_plays", viewer=tenant("default")),
        # The scope of managed groups.
        Case(
            "Who manages a group sees what involves it, in its tenant's book, as membership was then.",
            "",
            "ann_plays bob_edits_ann dan_edits_cc olga_edits_ann",
            viewer=manager("acme", "cc"),
        ),
        Case(
            "Managing two groups, they see both.",
            "",
            "ann_plays bob_plays bob_edits_ann dan_edits_cc olga_edits_ann ann_plays_later",
            viewer=manager("acme", "cc", "sales"),
        ),
        Case("They can narrow it.", "by.group:cc", "ann_plays", viewer=manager("acme", "cc")),
        Case("They cannot widen it by asking for the rest.", "-group:cc", "", viewer=manager("acme", "cc")),
        Case(
            "Nor with OR.",
            "book:globex OR is:anonymous OR user:Dan",
            "dan_edits_cc",
            viewer=manager("acme", "cc"),
        ),
        Case(
            "Of another group they see what it had to do with theirs.",
            "by.group:sales",
            "bob_edits_ann",
            viewer=manager("acme", "cc"),
        ),
        Case("Managing a group is not being in it.", "group:acme/cc by:Dan", "dan_edits_cc"),
        Case(
            "The call center of globex is another group.",
            "",
            "hugo_plays ann_edits_hugo",
            viewer=manager("globex", "cc"),
        ),
        # The scope of oneself.
        Case(
            "Oneself: what one did and what was done to one, in one's tenant's book.",
            "",
            "ann_plays bob_edits_ann olga_edits_ann ann_plays_later",
            viewer=oneself("acme", "u1"),
        ),
        Case("What Bob did to oneself.", "by:Bob", "bob_edits_ann", viewer=oneself("acme", "u1")),
        Case(
            "Asking for others finds only what one had to do with them.",
            "user:Bob OR user:Hugo OR tenant:globex",
            "bob_edits_ann",
            viewer=oneself("acme", "u1"),
        ),
        Case("Excluding oneself leaves nothing.", "-user:Ann", "", viewer=oneself("acme", "u1")),
        Case("The same id in another tenant is not oneself.", "", "", viewer=oneself("globex", "u1")),
    ],
)
