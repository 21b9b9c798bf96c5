"""Making text from events harmless in headers, file names and plain text, and reading mail addresses."""

from __future__ import annotations

import re
import unicodedata

import idna

from ..errors import BadInput
from ..query.excerpt import quoted, visible

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What changes the direction of the text behind it (Unicode, UAX #9), and so what the text seems to say."""
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HELD_BACK = re.compile(r'[\\/:*?"<>|]')
_LONGEST_NAME = 120


def one_line(text: str, most: int = 200) -> str:
    """`text` as one line of at most `most` characters: without controls, line ends, and what turns its direction."""
    apart = "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text if one not in _BIDI)
    line = " ".join(apart.encode("utf-8", "replace").decode().split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def lines(text: str) -> str:
    """`text` of any number of lines, with `\\n` alone between them, and everything else as in `one_line`, if longer."""
    return "\n".join(one_line(line, 10_000) for line in text.splitlines())


def file_name(text: str) -> str:
    """`text` as a file's name anywhere: no separators, no dot at either end, at most 120 bytes, never empty."""
    name = _HELD_BACK.sub("_", one_line(text)).strip(". ")
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, suffix = name, ""
    room = _LONGEST_NAME - len((dot + suffix).encode() if suffix else b"")
    stem = stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ")
    return (f"{stem}.{suffix}" if suffix else stem) or "file"


def told(text: str) -> str:
    """What a stranger's system answered, as an error may cite it: one visible line of at most 200 characters."""
    return visible(one_line(text))


def mail_address(text: str) -> str:
    """A mail address as it goes over the wire: in ASCII, its domain in small letters and by IDNA. Raises BadInput.

    RFC 5321, section 4.1.2, without quoted names and addresses of machines. Names outside ASCII before the `@`, which
    many servers do not take (RFC 6531), are refused; domains may be in any script.
    """
    local, at, domain = text.strip().rpartition("@")
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode().lower() if domain.strip(".") else ""
    except (idna.IDNAError, UnicodeError):
        ascii_domain = ""
    if not at or not ascii_domain or not _LOCAL.fullmatch(local) or len(local) > 64 or len(ascii_domain) > 253:
        raise BadInput(
            f"{quoted(text)} is not a mail address that can be sent to.", remedy="Write it as ann@example.com."
        )
    return f"{local}@{ascii_domain}"
