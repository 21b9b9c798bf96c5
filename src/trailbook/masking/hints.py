"""A quick look at the bytes of an event for anything that `secrets` might find, or a mark: else it holds none.

All hints are looked for together, by an automaton that goes over the bytes once (RE2): what stands before one is part
of it, since an automaton cannot look back.
"""

from __future__ import annotations

import re2  # type: ignore[import-untyped]

_IN_ANY_CASE = (
    rb"passw(?:or)?d(?:[=: \t'\\]|\":)|[-/_]passw(?:or)?d\"",
    rb"pass(?:phrase|(?:in|out)?[ =:\"\\])",
    rb"pwd|sec(?:ret|urestring)",
    rb"token(?:[=:\"'\\]| {1,8}[=:\\])|[-/_]token ",
    rb"(?:ret|ess|api|ate|unt)[ ._-]?key",
    rb"authoriza|aiza|eyj|sig=",
    rb"gh[pousr]_|github_pat_|npm_|whsec_|[rs]k_(?:live|test)_",
    rb"gl.{2,4}-|xox.-|xapp-|pypi-|sk-.{20}",
    rb" --?(?:r?p|u|w|a )| /r?p[: ]",
    rb"://[^\s/:@\"'<>\\]*:[^\s/@\"'<>\\]+@|hooks\.slack\.com/",
    rb"(?:net1?|exe|[\"' ]) use",
)
_AS_IT_IS = (rb"AKIA|ASIA", rb"Basic |B(?i:earer )", rb"\[masked: ")


_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1  # that is, bytes
# A set only tells which of its hints are there, not where, which is less work than a search.
_hints = re2.Set.SearchSet(_OPTIONS)
for _hint in (*(b"(?i:" + hint + b")" for hint in _IN_ANY_CASE), *_AS_IT_IS):
    _hints.Add(_hint)
_hints.Compile()


def may_hold_secret(encoded: bytes) -> bool:
    """Whether JSON that this program wrote is worth a closer look; False is certain."""
    return bool(_hints.Match(encoded))
