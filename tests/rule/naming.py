"""Names: a name means whoever ever bore it and may be seen; the same name in two tenants is two people."""

from rule.story import Case, Chapter, does, manager, oneself, tenant, user

SMITH = {"tenant": "acme", "id": "u1", "name": "Ann Smith"}
JONES = {"tenant": "acme", "id": "u1", "name": "Ann Jones"}  # the same person, married
OTHER_SMITH = {"tenant": "globex", "id": "u1", "name": "Ann Smith"}
OTHER_JONES = {"tenant": "acme", "id": "u9", "name": "Ann Jones"}
CAROL = {"tenant": "acme", "id": "u3", "name": "Carol Müller"}
HUGO = {"tenant": "globex", "id": "u7", "name": "Hugo", "groups": [{"id": "cc", "name": "Call center"}]}
MAX = {"tenant": "acme", "id": "u8", "name": "u3", "groups": [{"id": "cc", "name": "Call center"}]}  # named as an id

CHAPTER = Chapter(
    events={
        "smith_signs_in": does(SMITH, "login", "session"),
        "carol_edits_smith": does(CAROL, "edit", "users", targets=[user(SMITH)]),
        "jones_signs_in": does(JONES, "login", "session"),
        "carol_edits_jones": does(CAROL, "edit", "users", targets=[user(JONES)]),
        "other_smith_plays": does(OTHER_SMITH, "play", "calls"),
        "hugo_edits_other_smith": does(HUGO, "edit", "users", targets=[user(OTHER_SMITH)]),
        "other_jones_plays": does(OTHER_JONES, "play", "calls"),
        "max_plays": does(MAX, "play", "calls"),
    },
    cases=[
        Case(
            "An old name finds all of the person, and each row shows the name of its time.",
            'user:"Ann Smith"',
            "smith_signs_in carol_edits_smith jones_signs_in carol_edits_jones",
            viewer=tenant("acme"),
            means="acme/u1",
            shows={
                "smith_signs_in": {"initiator": "Ann Smith"},
                "carol_edits_smith": {"initiator": "Carol Müller", "targets": "Ann Smith (user)"},
                "jones_signs_in": {"initiator": "Ann Jones"},
                "carol_edits_jones": {"targets": "Ann Jones (user)"},
            },
        ),
        Case(
            "A new name finds all of the person too, and all of another who bears it.",
            'user:"Ann Jones"',
            "smith_signs_in carol_edits_smith jones_signs_in carol_edits_jones other_jones_plays",
            viewer=tenant("acme"),
            means="acme/u1 acme/u9",
        ),
        Case(
            "Namesakes of two tenants: the other tenant's viewer sees the other person only.",
            'user:"Ann Smith"',
            "other_smith_plays hugo_edits_other_smith",
            viewer=tenant("globex"),
            means="globex/u1",
        ),
        Case(
            "Namesakes of two tenants: who may see both gets both, and is told so.",
            'user:"Ann Smith"',
            "smith_signs_in carol_edits_smith jones_signs_in carol_edits_jones other_smith_plays "
            "hugo_edits_other_smith",
            means="acme/u1 globex/u1",
        ),
        Case(
            "The same id in two tenants is two people too.",
            "by:u1",
            "smith_signs_in jones_signs_in other_smith_plays",
            means="acme/u1 globex/u1",
        ),
        Case(
            "A tenant and an id are one person.",
            "user:globex/u1",
            "other_smith_plays hugo_edits_other_smith",
            means="globex/u1",
        ),
        Case(
            "A name that is another's id means both.",
            "by:u3",
            "carol_edits_smith carol_edits_jones max_plays",
            means="acme/u3 acme/u8",
        ),
        Case(
            "Capitals and accents make no difference to a name.",
            'by:"CAROL MULLER"',
            "carol_edits_smith carol_edits_jones",
            means="acme/u3",
        ),
        Case("A part of a name is not the name.", "user:Ann", "", means=""),
        Case("A name that nobody bore finds nothing.", 'user:"Zoe Nobody"', "", means=""),
        Case(
            "Nobody's name negated excludes nothing.",
            '-user:"Zoe Nobody" action:play',
            "other_smith_plays other_jones_plays max_plays",
        ),
        Case("A name that the viewer may not see stands for nobody.", "user:Hugo", "", viewer=tenant("acme"), means=""),
        Case(
            "Groups of the same name and id in two tenants are two groups.",
            'group:"Call center"',
            "hugo_edits_other_smith max_plays",
            means="acme/cc globex/cc",
        ),
        Case(
            "A group of one tenant only.",
            "group:acme/cc",
            "max_plays",
            means="acme/cc",
        ),
        Case(
            "Who manages a group does not learn of its namesake.",
            'group:"Call center"',
            "max_plays",
            viewer=manager("acme", "cc"),
            means="acme/cc",
        ),
        Case(
            "Who sees only themselves finds a namesake only in what involves themselves.",
            'user:"Ann Smith"',
            "other_smith_plays hugo_edits_other_smith",
            viewer=oneself("globex", "u1"),
            means="globex/u1",
        ),
    ],
)
