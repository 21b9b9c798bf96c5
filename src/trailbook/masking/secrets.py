"""What secrets look like in text: a table of patterns, and the marks that replace what they find.

Patterns are bounded, or start only where a word starts, so that their time grows with the length of the text and not
faster. No pattern takes a mark for a secret: masking twice changes nothing. What a pattern finds, `hints` must suspect.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

MARKED = "[masked: "


def mark(what: str) -> str:
    """What stands in place of a secret: `[masked: password]`."""
    return f"{MARKED}{what}]"


class Rule(NamedTuple):
    """A pattern with what its matches are called. The secret is a match's last named group, or all of the match.

    One of `near`, in lower case, is in every text with a match: looking for them first saves most of the time.
    """

    what: str
    near: tuple[str, ...]
    pattern: re.Pattern[str]
    is_secret: Callable[[str], bool]

    def replacement(self, match: re.Match[str]) -> str:
        """The match with its secret replaced by a mark."""
        group = match.lastgroup or 0
        if not self.is_secret(match[group]):
            return match[0]
        start, end = match.start(group) - match.start(), match.end(group) - match.start()
        return match[0][:start] + mark(self.what) + match[0][end:]


_NO_SECRET = re.compile(
    r"[\W_]*|\[masked:.*|%%\d+|true|false|yes|no|none|null|empty|success|failure|optional|required|enabled|disabled|"
    r"<?redacted>?|\(?hidden\w*\)?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_PASSWORDS = "password|passwd|passphrase"
_KEYS = (
    rf"{_PASSWORDS}|secret|(?:secret|secret[ ._-]?access|api|private|account|shared[ ._-]?access)[ ._-]?key|"
    r"(?:access|refresh|session|id|auth|api|bearer|security|private|csrf)[ ._-]?token"
)
_KEY_WORDS = "passw passphrase pwd secret token key authorization"
_WHOLE_KEYS = r"(?:x[_-])?(?:token|pwd|authorization|proxy-authorization)"
_KEY = re.compile(rf"(?:.*(?:{_KEYS})|{_WHOLE_KEYS})", re.ASCII | re.IGNORECASE | re.DOTALL)
_OPTION = re.compile(
    rf"(?i:(?:--?|/)(?:(?:[a-z]{{1,20}}[-_]){{0,3}}(?:{_PASSWORDS}|pwd|secret|token|(?:api|secret)-?key)|pass(?:in|out)?))",
    re.ASCII,
)


@lru_cache(maxsize=4096)
def is_secret_key(key: str) -> bool:
    """Whether a field of this name holds a secret: `password`, `clientSecret`, `api_key`, but not `nextToken`."""
    return len(key) <= 128 and _KEY.fullmatch(key) is not None


def is_secret_option(text: str) -> bool:
    """Whether the argument after this one is a secret: `--password`."""
    return text[:1] in ("-", "/") and len(text) <= 128 and _OPTION.fullmatch(text) is not None


def is_secret_value(text: str) -> bool:
    """Whether a value that stands where a secret is expected may be one; `***`, `true` and marks are none."""
    return _NO_SECRET.fullmatch(text) is None


def _is_credential(text: str) -> bool:
    """Whether base64 text is `user:password`, as in RFC 7617."""
    try:
        return b":" in b64decode(text, validate=True)
    except binascii.Error:
        return False


# (?>(?:…)+) rather than (?:…)++, which Python before 3.11.5 gets wrong for groups.
_STRING = (
    r"""(?:"(?P<double>(?>(?:[^"\\\r\n]|\\.)+))|'(?P<single>[^'\r\n]++)"""
    r"""|\\{1,8}["'](?P<escaped>(?>(?:[^"'\\\r\n]|\\(?!["']))+))"""
)
_VALUE = _STRING + r"""|(?P<bare>(?>(?:[^\s"'&;,<>\\]|\\(?!["'])|,(?![\s"']|\w{1,32}[=:]))+)))"""
_GAP = r"(?:[ \t]|\\t){0,8}"
_QUOTE = r"""\\{0,8}["']"""


def _token(what: str, near: str, pattern: str, body: str) -> Rule:
    """A secret known by its form; `body` is what it is made of, so that it begins where that begins."""
    return Rule(what, tuple(near.split()), re.compile(rf"(?<![{body}])(?:{pattern})", re.ASCII), is_secret_value)


def _place(what: str, near: str, pattern: str, is_secret: Callable[[str], bool] = is_secret_value) -> Rule:
    """A secret known by the place where it stands."""
    return Rule(what, tuple(near.split()), re.compile(pattern, re.ASCII), is_secret)


def _tool(near: str, tools: str, option: str) -> Rule:
    """A password given to one of the command-line `tools` by an `option`, which means something else elsewhere."""
    start = rf"(?<![\w-])(?i:(?:{tools})(?:\.exe)?)(?:{_QUOTE})? (?:[^|;&\r\n]{{0,200}}? )?"
    return _place("password", near, start + option + _VALUE)


_NET = rf"(?<![\w.])(?i:net1?(?:\.exe)?)(?:{_QUOTE})? {{1,4}}"

RULES: tuple[Rule, ...] = (
    _place(
        "private-key",
        "-----begin",
        r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"[\w+/=\s\\:,.()]*+(?>(?:-[\w+/=\s\\:,.()]++)*)(?:-----END [A-Z0-9 ]{0,48}-----)?",
    ),
    _place(
        "authorization",
        "authorization",
        rf"(?i:authorization)(?:{_QUOTE})?\s{{0,4}}[:=]\s{{0,4}}(?:{_QUOTE})?"
        r"(?i:Bearer|Basic|Digest|Negotiate|NTLM|Token|ApiKey|AWS4-HMAC-SHA256) {1,4}(?P<secret>[^\r\n\"'\\]++)",
    ),
    _token("jwt", "eyj", r"eyJ[\w-]{8,}+\.[\w-]{2,}+(?:\.[\w-]*+){1,3}", r"\w-"),
    _token("aws-key", "akia asia", r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])", "A-Za-z0-9"),
    _token("gcp-key", "aiza", r"AIza[\w-]{35}(?![\w-])", r"\w-"),
    _token("github-token", "gh", r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{22,255}", r"\w"),
    _token("gitlab-token", "gl", r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\w-]{20,255}", r"\w-"),
    _token("slack-token", "xox xapp-", r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,255}", r"\w-"),
    _place(
        "slack-webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[A-Za-z0-9/]{20,255})",
    ),
    _token("stripe-key", "k_ whsec_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,255}|whsec_[A-Za-z0-9+/=]{20,255}", r"\w"),
    _token("openai-key", "sk-", r"sk-(?=[\w-]{0,64}[0-9])[\w-]{20,255}", r"\w-"),
    _token("npm-token", "npm_", r"npm_[A-Za-z0-9]{36,255}", r"\w"),
    _token("pypi-token", "pypi-", r"pypi-AgE[\w-]{16,512}", r"\w-"),
    _place("azure-signature", "sig=", r"[?&;]sig=(?P<secret>[A-Za-z0-9%+/=_-]{20,255})"),
    _place("password", "://", r"""://[^\s/:@"'<>\\]{0,256}:(?P<secret>[^\s/@"'<>\\]{1,256})@"""),
    _place("bearer-token", "bearer", r"""\bB(?i:earer) {1,4}(?P<secret>(?=[^\s"']{0,64}\d)[\w.~+/=-]{16,})"""),
    _place("credentials", "basic", r"\bBasic {1,4}(?P<secret>[A-Za-z0-9+/]{8,}={0,2})", _is_credential),
    _place(
        "secret",
        _KEY_WORDS,
        rf"(?i:{_KEYS}|(?<=[\"']){_WHOLE_KEYS}){_QUOTE}\s{{0,8}}:\s{{0,8}}{_STRING})",
    ),
    _place(
        "password",
        "passw passphrase pwd",
        rf"(?i:{_PASSWORDS}|(?<![a-z/])pwd(?!=/|=[a-z]:\\)){_GAP}(?:=|:(?!/)){_GAP}{_VALUE}",
    ),
    _place(
        "secret",
        _KEY_WORDS,
        rf"(?i:(?<!:)(?:{_KEYS})|(?<![a-z])token(?==)){_GAP}(?:=|:(?!/)){_GAP}{_VALUE}",
        lambda text: len(text) >= 6 and is_secret_value(text),
    ),
    _place("secret", _KEY_WORDS + " pass", rf"(?<![\w-]){_OPTION.pattern}(?: {{1,4}}(?![-/])|[=:]){_VALUE}"),
    _place(
        "password",
        "convertto-securestring",
        rf"(?i:ConvertTo-SecureString {{1,4}}(?:-String {{1,4}})?)(?![-$]){_VALUE}",
    ),
    _place(
        "password",
        "user",
        rf"{_NET}(?i:user) {{1,4}}(?:{_QUOTE}[^\"'\\]{{1,256}}{_QUOTE}|[^\s/\"'\\]{{1,256}}) {{1,4}}(?!/){_VALUE}"
        rf"(?={_QUOTE}|\s*(?:$|[/&|>]))",
    ),
    _place(
        "password",
        "use",
        rf"{_NET}(?i:use) {{1,4}}(?:[\w*]:? {{1,4}})?\\{{2,8}}\S{{1,256}} {{1,4}}(?i:/user:\S{{1,256}} {{1,4}})?"
        rf"(?!/){_VALUE}",
    ),
    _tool("mysql mariadb 7z", r"(?:mysql|mariadb)[\w-]{0,16}|7za?", "-p"),
    _tool("sshpass psexec", "sshpass|psexec(?:64)?", r"-p[: ]{0,4}"),
    _tool("login winrm winrs mongo", r"(?:docker|podman|az) {1,4}login|evil-winrm|winrs|mongo\w{0,8}", r"-p[: ]{0,4}"),
    _tool("plink pscp psftp putty", "plink|pscp|psftp|putty", "-pw {1,4}"),
    _tool("freerdp schtasks", "[wx]freerdp|schtasks", r"[-/](?i:r?p)[: ]{1,4}"),
    _tool("sqlcmd osql bcp", "sqlcmd|osql|bcp", "-P {0,4}"),
    _tool("ldap", "ldap(?:search|modify|add|delete|whoami|passwd)", "-w {1,4}"),
    _tool("redis-cli", "redis-cli", "-a {1,4}"),
    _tool("curl wget", "curl|wget", r"(?:-u|--user)[ =]{0,4}[^\s:\"']{0,256}:"),
)


def mask_text(text: str) -> str:
    """The text with every secret replaced by a mark; also for lines that are JSON, or were meant to be."""
    lower = text.lower()
    for rule in RULES:
        if any(word in lower for word in rule.near):
            text = rule.pattern.sub(rule.replacement, text)
    return text
