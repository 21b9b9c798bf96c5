"""A quick look at the bytes of an event for anything that `secrets` might find: what it passes over holds none.

Each hint begins with a rare letter or two, which is looked for at the speed of memory; a search for any of several
words, or in any case, takes ten times as long. What stands before is checked only then.
"""

from __future__ import annotations

import re

_AS_IT_IS = tuple(re.compile(pattern).search for pattern in (rb"A(?:KIA|SIA)", rb"B(?:asic |(?i:earer) )"))
_IN_LOWER_CASE = tuple(
    re.compile(pattern).search
    for pattern in (
        rb"passw(?:or)?d(?:[=: \t'\\]|\":|(?<=[-/_]password)\"|(?<=[-/_]passwd)\")",
        rb"pass(?:phrase|(?:in|out)?[ =:\"\\])",
        rb"pwd",
        rb"sec(?:ret|urestring)",
        rb"ken(?<=token)(?:[=:\"'\\]| {1,8}[=:\\]|(?<=[-/_]token) )",
        rb"key(?:(?<=(?:ret|ess|api|ate|unt)key)|(?<=(?:ret|ess|api|ate|unt)[ ._-]key))",
        rb"z(?:(?<=authoriz)|(?<=aiz))a",
        rb"j(?<=eyj)",
        rb"_(?:(?<=gh[pousr]_)|(?<=github_pat_)|(?<=npm_)|(?<=whsec_)|(?<=[rs]k_)(?:live|test)_)",
        rb"-(?:(?<= -)-?(?:r?p|u|w|a )|(?<=gl...-)|(?<=gl..-)|(?<=gl....-)|(?<=xox.-|xapp-)|(?<=pypi-)|(?<=sk-).{20})",
        rb"/(?:(?<=:/)/[^\s/:@\"'<>\\]{0,256}:[^\s/@\"'<>\\]{1,256}@|(?<= /)r?p[: ]|(?<=hooks.slack.com/))",
        rb"=(?<=sig=)",
        rb"use(?:(?<=net use)|(?<=net1 use)|(?<=exe use)|(?<=[\"'] use)|(?<=  use))",
    )
)


def may_hold_secret(encoded: bytes) -> bool:
    """Whether JSON that this program wrote is worth a closer look; False is certain."""
    for search in _AS_IT_IS:
        if search(encoded):
            return True
    lower = encoded.lower()
    for search in _IN_LOWER_CASE:  # noqa: SIM110 - a generator would cost as much as half of the searches
        if search(lower):
            return True
    return False
