"""The query language: what each way of writing means, that trees survive the way through text, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from query.strategies import START, events, resolved_trees, written_trees

from trailbook.errors import BadQuery
from trailbook.event.model import Kind, PartyKey
from trailbook.query.language import KEYS, parse, render_error, unparse
from trailbook.query.matches import matches
from trailbook.query.normal import normalise
from trailbook.query.resolve import resolve
from trailbook.query.tree import (
    EVERYTHING,
    NOTHING,
    Address,
    And,
    Field,
    Involves,
    Not,
    Occurred,
    Or,
    Parties,
    Period,
    Words,
)

A, B, C = Words("a"), Words("b"), Words("c")
ALICE, BOB = Involves("user", ("alice",)), Involves("user", ("bob",))

MEANINGS = {
    "": EVERYTHING,
    " \n": EVERYTHING,
    "()": EVERYTHING,
    "-()": NOTHING,
    "user:alice": ALICE,
    'user:"Ann Lee",bob': Involves("user", ("Ann Lee", "bob")),
    'group:"Call center"': Involves("group", ("Call center",)),
    "role:admin": Involves("role", ("admin",)),
    "tenant:acme": Involves("tenant", ("acme",)),
    "by:alice": Involves("user", ("alice",), "by"),
    "by.user:alice": Involves("user", ("alice",), "by"),
    "against:alice": Involves("user", ("alice",), "against"),
    "against.group:x": Involves("group", ("x",), "against"),
    "by.tenant:acme": Involves("tenant", ("acme",), "by"),
    "User:alice": ALICE,
    r"user:ACME\bob": Involves("user", (r"ACME\bob",)),
    r'user:"a \"b\" \\ \c"': Involves("user", (r'a "b" \ \c',)),
    "action:login,logout": Field("action", ("login", "logout")),
    "-resource:reports": Not(Field("resource", ("reports",))),
    "app:web": Field("app", ("web",)),
    "application:web": Field("app", ("web",)),
    "outcome:Failure": Field("outcome", ("failure",)),
    "ip:85.223.0.0/16,::1": Address(("85.223.0.0/16", "::1")),
    "changed:email": Field("changed", ("email",)),
    "changed:*": Field("changed", ("*",)),
    "related:calls/42": Field("related", ("calls/42",)),
    "related:calls/*": Field("related", ("calls/*",)),
    "id:0197A1B2-0000-7000-8000-000000000001": Field("id", ("0197a1b2-0000-7000-8000-000000000001",)),
    "request:r-1": Field("request", ("r-1",)),
    "book:acme": Field("book", ("acme",)),
    "is:late": Field("is", ("late",)),
    "-is:anonymous": Not(Field("is", ("anonymous",))),
    "action:send_*": Field("action", ("send_*",)),
    "a": A,
    "12:30": Words("12:30"),
    '"call center"': Words("call center"),
    "foo*": Words("foo", True),
    '"call cen"*': Words("call cen", True),
    "since:2021-11-01": Period("since", "2021-11-01"),
    "until:-7d": Period("until", "-7d"),
    'since:"2021-11-01 14:07"': Period("since", "2021-11-01 14:07"),
    "during:last-month": Period("during", "last-month"),
    "during:2021-10,2021-11": Or((Period("during", "2021-10"), Period("during", "2021-11"))),
    # Different keys are AND; the same key, sign and direction side by side is OR.
    "user:alice action:login": And((ALICE, Field("action", ("login",)))),
    "user:alice action:login user:bob": And((Involves("user", ("alice", "bob")), Field("action", ("login",)))),
    "user:alice user:alice": ALICE,
    "user:alice by:bob": And((ALICE, Involves("user", ("bob",), "by"))),
    "by:alice by.user:bob": Involves("user", ("alice", "bob"), "by"),
    "-action:a -action:b": Not(Field("action", ("a", "b"))),
    "action:a -action:b": And((Field("action", ("a",)), Not(Field("action", ("b",))))),
    "ip:::1 ip:10.0.0.1": Address(("::1", "10.0.0.1")),
    "during:2021 during:2022": Or((Period("during", "2021"), Period("during", "2022"))),
    "a b": And((A, B)),
    # AND between them, or parentheses, keep them apart.
    "user:alice AND user:bob": And((ALICE, BOB)),
    "user:alice (user:bob)": And((ALICE, BOB)),
    "user:alice a AND user:bob": And((ALICE, A, BOB)),
    # OR binds weaker than standing side by side.
    "a OR b c": Or((A, And((B, C)))),
    "(a OR b) c": And((Or((A, B)), C)),
    "a AND b OR c": Or((And((A, B)), C)),
    "a OR (b OR c)": Or((A, B, C)),
    "a (b c)": And((A, B, C)),
    "-(a b)": Not(And((A, B))),
    "NOT a": Not(A),
    "NOT (a OR b)": Not(Or((A, B))),
    "--a": A,
    "-(-a)": A,
    '"OR"': Words("OR"),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_each_way_of_writing_has_its_meaning(text: str) -> None:
    assert parse(text) == MEANINGS[text]


@given(written_trees)
def test_a_tree_survives_the_way_through_text(tree) -> None:
    assert parse(unparse(tree)) == tree


_pieces = st.sampled_from(
    ["a", "foo*", '"b c"', "user:x", "user:y,z", "-", "(", ")", " OR ", " AND ", "NOT ", "by:", "action:a*", "is:late",
     "during:2021,2022", "since:-7d", "ip:::1", '"', ",", "\\", "*", "related:x/*", "é", "“"]
)  # fmt: skip


@given(st.lists(_pieces, max_size=14).map(" ".join) | st.lists(_pieces, max_size=8).map("".join))
def test_what_parses_is_normal_and_survives_the_way_through_text(text: str) -> None:
    try:
        tree = parse(text)
    except BadQuery:
        return
    assert normalise(tree) == tree
    assert parse(unparse(tree)) == tree


@given(st.text(max_size=40))
def test_any_text_parses_or_is_refused_at_a_character_of_it(text: str) -> None:
    refused = None
    try:
        parse(text)
    except BadQuery as error:
        refused = error
    if refused is not None:
        assert refused.text == text
        assert 0 <= refused.at <= len(text)
        assert refused.problem
        assert refused.remedy


CANONICAL = {
    "application:web": "app:web",
    "by:alice by:bob": "by.user:alice,bob",
    'user:"alice"': "user:alice",
    "NOT (a  OR b)": "-(a OR b)",
    "user:alice (user:bob)": "user:alice AND user:bob",
    "outcome:FAILURE": "outcome:failure",
    r'user:"ACME\bob"': r"user:ACME\bob",
    'user:"a(b)"': 'user:"a(b)"',
    "action:a is:late AND action:b (is:anonymous)": "action:a is:late AND action:b is:anonymous",
    '"foo" "Foo-bar"': "foo Foo-bar",
    '"-x"': '"-x"',
    '"by:x"': '"by:x"',
    '"or"': '"or"',
    '"foo*"': '"foo*"',
    '"foo"*': "foo*",
    '"“x"': '"“x"',
    'user:"\u202ex"': 'user:"\u202ex"',
    'user:"a*" action:"a*","*" changed:*': 'user:"a*" action:a*,* changed:*',
}


@pytest.mark.parametrize("text", CANONICAL)
def test_each_meaning_is_written_one_way(text: str) -> None:
    assert unparse(parse(text)) == CANONICAL[text]


def test_resolved_parties_are_written_by_kind_with_tenant_and_id() -> None:
    parties = Parties((PartyKey("group", "a/b", "g 1"), PartyKey("user", "acme", "u17")), "by")
    assert unparse(parties) == 'by.user:acme/u17 OR by.group:"a%2Fb/g 1"'
    assert unparse(And((parties, A))) == '(by.user:acme/u17 OR by.group:"a%2Fb/g 1") a'
    assert unparse(Parties(())) == "-()"


def test_resolved_times_are_written_as_instants() -> None:
    until = START.replace(microsecond=5)
    assert unparse(Occurred(START, until)) == "since:2021-11-17T14:07:00Z until:2021-11-17T14:07:00.000005Z"
    assert unparse(Occurred(None, START)) == "until:2021-11-17T14:07:00Z"
    assert unparse(Not(Occurred(START, until))) == "-(since:2021-11-17T14:07:00Z until:2021-11-17T14:07:00.000005Z)"
    assert unparse(Occurred()) == ""


def _party_of_text(kind: Kind, text: str) -> list[PartyKey]:
    tenant, _, id = text.partition("/")
    return [PartyKey(kind, tenant.replace("%2F", "/").replace("%25", "%"), id)]


@given(resolved_trees, events())
def test_a_resolved_tree_written_and_read_again_means_the_same(tree, event) -> None:
    again = resolve(parse(unparse(tree)), names=_party_of_text, now=START, zone=ZoneInfo("UTC")).condition
    assert matches(again, event) == matches(tree, event)


@given(resolved_trees, events())
def test_the_normal_form_means_the_same(tree, event) -> None:
    assert matches(normalise(tree), event) == matches(tree, event)


REFUSED = {
    "uesr:alice": (0, "no key 'uesr:'", "Did you mean user:?"),
    "action:login by.usr:bob": (13, "no key 'by.usr:'", "Did you mean by.user:?"),
    "zzzzz:1": (0, "no key 'zzzzz:'", "Keys are: user, group"),
    "http://x": (0, "no key 'http:'", "put it in quotes"),
    'a user:"open': (7, "never closed", "Close it"),
    '"open': (0, "never closed", "Close it"),
    "((a)": (0, "parenthesis is never closed", "Close it with ')'."),
    "a (b": (2, "parenthesis is never closed", "Close it"),
    "a) b": (1, "never opened", "Remove it"),
    "user:": (5, "no value after this colon", 'user:"Call center"'),
    "user: alice": (5, "no value after this colon", "right behind it"),
    "user:alice,": (11, "no value after this comma", "right behind it"),
    "user:a,,b": (7, "no value after this comma", "right behind it"),
    'user:" "': (5, "no value after this colon", "right behind it"),
    "outcome:failed": (
        8,
        "no value 'failed'",
        "Did you mean outcome:failure? It takes: success, failure, denied, unknown.",
    ),
    "is:early": (3, "no value 'early'", "It takes: late, anonymous."),
    "ip:10.0.0.1,85.223": (12, "'85.223' is not an IP address", "85.223.0.0/16"),
    "id:42": (3, "'42' is not the id of an event", "UUID"),
    "since:2021-13-01": (6, "no '2021-13-01' in the calendar", "Correct"),
    "since:tomorrow": (6, "'tomorrow' is not a date", "last-month"),
    "since:1714": (6, "outside the years 1715 to 2284", "leave the edge out"),
    "since:2021,2022": (11, "since: takes one value", "during:first..last"),
    "until:2021 a until:2022": (13, "until: is there twice", "AND"),
    "during:2021-11-17T14:07": (7, "is a moment, not a period", "since:2021-11-17T14:07"),
    "during:2021..2020": (7, "ends before it begins", "earlier"),
    "fo*": (0, "'fo*' is too short", "at least 3 letters"),
    '"call ce"*': (0, "'ce*' is too short", "at least 3 letters"),
    "a $$$": (2, "no letter or digit in '$$$'", "Look for a word"),
    '""': (0, "no letter or digit", "Look for a word"),
    "user:ali*": (5, "whole values", "in quotes if the star belongs to it"),
    "a OR": (4, "missing at the end of the query", "action:login"),
    "OR a": (0, "missing before this OR", "action:login"),
    "a OR OR b": (5, "missing before this OR", "action:login"),
    "a AND ) b": (6, "missing before this parenthesis", "action:login"),
    "NOT": (3, "missing at the end", "action:login"),
    "a -": (2, "Nothing follows", "without a space"),
    "a - b": (2, "Nothing follows", "without a space"),
    "log in or out": (7, "'or' can be meant in two ways", 'Write OR in capitals as an operator, or "or" in quotes'),
    "not user:bob": (0, "'not' can be meant in two ways", "NOT in capitals"),
    "user:“Ann”": (5, "typographic quotation mark", "straight"),
    "“Ann Lee”": (0, "typographic quotation mark", "straight"),
    'say"hi"': (3, "space is missing", "in quotes"),
    "action:a(b)": (8, "space is missing", "in quotes"),
    'user:"a"b': (8, "space is missing", "in quotes"),
    "a \ud800": (2, "half of a character", "Type"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_in_the_language_is_refused_at_its_character(text: str) -> None:
    at, problem, remedy = REFUSED[text]
    with pytest.raises(BadQuery) as refused:
        parse(text)
    assert (refused.value.text, refused.value.at) == (text, at)
    assert problem in refused.value.problem
    assert remedy in refused.value.remedy


def test_a_query_30_levels_deep_is_read_and_one_of_31_or_40_is_refused() -> None:
    assert parse("(" * 30 + "a" + ")" * 30) == A
    for levels in (31, 40, 8000):
        with pytest.raises(BadQuery, match="nested more than 30 levels") as refused:
            parse("(" * levels + "a" + ")" * levels)
        assert refused.value.at == 30


def test_operators_that_nest_without_many_parentheses_count_as_levels_too() -> None:
    parse("(a b OR " * 15 + "c" + ")" * 15)
    with pytest.raises(BadQuery, match="nested more than 30 levels"):
        parse("(a OR b " * 20 + "c" + ")" * 20)
    with pytest.raises(BadQuery, match="nested more than 30 levels"):
        parse("-(a " * 20 + "c" + ")" * 20)


@pytest.mark.parametrize("text", ["(" * 100_000, "-(" * 100_000, "a (" * 100_000, "-" * 100_000 + "a"])
def test_a_hundred_thousand_levels_are_refused_without_a_crash(text: str) -> None:
    with pytest.raises(BadQuery, match="longer than 16 KiB"):
        parse(text)


def test_a_long_chain_of_minus_signs_is_no_nesting() -> None:
    assert parse("-" * 15_999 + "a") == Not(A)


def test_terms_are_counted_to_2000() -> None:
    assert len(parse("action:" + ",".join(f"a{number}" for number in range(2000))).values) == 2000
    with pytest.raises(BadQuery, match="more than 2,000 terms"):
        parse("a " * 2001)
    with pytest.raises(BadQuery, match="more than 2,000 terms"):
        parse("action:" + ",".join(["a"] * 1000) + ' "' + "b " * 1001 + '"')


def test_the_longest_query_is_16_kib_of_utf8() -> None:
    parse("é" * (8 * 1024))
    with pytest.raises(BadQuery, match="longer than 16 KiB"):
        parse("é" * (8 * 1024) + "e")


def test_an_error_cites_hostile_text_harmlessly() -> None:
    with pytest.raises(BadQuery) as refused:
        parse('outcome:"\x1b[31m\u202e' + "x" * 500 + '"')
    assert "'␛[31m\ufffdxxx" in str(refused.value)
    assert len(refused.value.problem) < 120


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a uesr:b", "a uesr:b\n  ^"),
        ("東京 uesr:b", "東京 uesr:b\n     ^"),
        ("e\u0301 uesr:b", "e\u0301 uesr:b\n  ^"),
        ('"a\n\x1b\u202e" uesr:b', '"a␊␛\ufffd" uesr:b\n       ^'),
        ("user:", "user:\n     ^"),
        ("a " * 60 + "uesr:b" + " c" * 60, "…" + "a " * 19 + "uesr:b" + " c" * 16 + "…\n" + " " * 39 + "^"),
        ("東" * 60 + " uesr:b", "…" + "東" * 18 + " uesr:b\n" + " " * 38 + "^"),
    ],
)
def test_the_caret_stands_under_the_character(text: str, shown: str) -> None:
    with pytest.raises(BadQuery) as refused:
        parse(text)
    assert render_error(refused.value) == shown


def test_an_error_without_a_text_has_no_caret() -> None:
    assert render_error(BadQuery("No.")) == ""


_DOCS = Path(__file__).parents[2] / "docs" / "query.md"
_EXAMPLES = [
    line
    for block in re.findall(r"^```query\n(.*?)^```", _DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("line", _EXAMPLES)
def test_every_example_in_the_docs_parses(line: str) -> None:
    tree = parse(line)
    assert parse(unparse(tree)) == tree


def test_the_docs_name_every_key() -> None:
    described = _DOCS.read_text(encoding="utf-8")
    assert [key for key in KEYS if f"`{key}:`" not in described] == []
    assert len(_EXAMPLES) > 40
