"""What a report says of itself, as lines for people."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ..event.facets import party_text
from ..event.wording import counted
from ..report.result import Header

_BOOKS_LISTED = 5


class Line(NamedTuple):
    """A label and what it labels."""

    label: str
    text: str


def before(header: Header) -> list[Line]:
    """What stands above the rows, the title apart."""
    lines = [
        Line("Query", header.query or "(everything)"),
        Line("Period", f"{_period(header)} ({header.zone})"),
        Line("Viewer", header.viewer),
        Line("Generated at", _moment(header.generated_at)),
        Line("# of rows", rows(header)),
    ]
    if header.group_by:
        lines.append(Line("Grouped by", ", ".join(header.group_by)))
    lines += [
        Line(f"{kind} '{value}'", ", ".join(party_text(party) for party in means))
        for kind, value, means in header.parties
        if means
    ]
    if header.late:
        lines.append(Line("Recorded late", f"{header.late:,} (more than 24 hours after they occurred)"))
    return lines


def after(header: Header, most_heads: int | None = _BOOKS_LISTED) -> list[Line]:
    """What stands below the rows: their number again, and the books' heads, `most_heads` of them (None: all)."""
    lines = [Line("# of rows", rows(header))]
    heads = sorted(header.heads.items())
    lines += [Line(f"Head of {book}", f"{head.size:,} {head.root.hex()}") for book, head in heads[:most_heads]]
    if most_heads is not None and len(heads) > most_heads:
        lines.append(Line("Further heads", f"{len(heads) - most_heads:,} (all are in the format jsonl)"))
    return lines


def rows(header: Header) -> str:
    """The number of rows, and how much of the output is shown if a limit cut it."""
    total = f"{header.rows:,}"
    if header.group_by:
        groups = counted(header.available, "group")
        groups = f"{header.shown:,} of {groups}" if header.truncated else groups
        return f"{total} in {groups}"
    return f"{header.shown:,} of {total}" if header.truncated else total


def _period(header: Header) -> str:
    if header.since is None and header.until is None:
        return "all time"
    since = f"from {_moment(header.since)}" if header.since is not None else ""
    until = f"to before {_moment(header.until)}" if header.until is not None else ""
    return f"{since} {until}".strip()


def _moment(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds" if moment.second else "minutes")
