"""Commands that look after the store: stats, head, verify, doctor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..directory.viewer import OPERATOR
from ..errors import BadFile, BadInput, Damaged
from ..event.wording import counted
from ..query.excerpt import visible
from ..query.tree import EVERYTHING, Field
from ..report.result import heads_dict
from ..report.result import read_heads as heads_of
from ..store.address import shown
from ..store.ports import Head, Problem, Reader
from .output import spread_out
from .root import opened, progress

if TYPE_CHECKING:
    from ..settings import Settings

MOST_SEEN = 100


@click.command("stats", short_help="Tell what the store holds, and its size.")
@click.pass_obj
def stats(settings: Settings) -> None:
    """Tell how many events there are, in which books, what they take on disk, and when each application was last seen.

    That is when its last event occurred, of the applications that have most events.
    """
    with opened(settings) as store:
        figures = store.statistics()
        books = store.heads(OPERATOR)
        seen = last_seen(store)
    for name, figure in figures.items():
        click.echo(f"{name:40}{figure:>16,}")
    if events := figures["events"]:
        click.echo(f"{'bytes per event':40}{figures['bytes'] / events:>16,.0f}")
    for book, head in books.items():
        click.echo(f"{'book ' + visible(book):40}{head.size:>16,}")
    for application, moment in seen.items():
        click.echo(f"{'last seen ' + (visible(application) or '(empty)'):40}{moment:%Y-%m-%dT%H:%M:%SZ}")


def last_seen(store: Reader) -> dict[str, datetime]:
    """When the last event of each application occurred, of those that have most events, the most frequent first."""
    found = {}
    for application, _, _ in store.facet_counts(OPERATOR, EVERYTHING, "app", limit=MOST_SEEN):
        # A query folds names, and takes a `*` at the end for any end: its first event may be another's.
        for row in store.scan(OPERATOR, Field("app", (application,)), order="newest"):
            if row.event.application == application:
                found[application] = row.event.occurred_at
                break
    return found


@click.command("head", short_help="Print each book's head: its size and hash.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, to keep elsewhere for `trailbook verify --against`.")
@click.pass_obj
def head(settings: Settings, as_json: bool) -> None:
    """Print each book's head: its size and the root of its hash tree (RFC 6962).

    Keep it where nobody who can write the store can write: whatever is changed before it is then found by
    `trailbook verify --against`.
    """
    with opened(settings) as store:
        heads = store.heads(OPERATOR)
    if as_json:
        click.echo(spread_out(heads_dict(heads)))
        return
    for book, one in heads.items():
        click.echo(f"{one.size:>12,}  {one.root.hex()}  {visible(book)}")


@click.command("verify", short_help="Check that no event was changed behind our back.")
@click.option("--against", metavar="FILE", help="Heads noted earlier by `trailbook head --json`.")
@click.pass_obj
def verify(settings: Settings, against: str | None) -> None:
    """Recompute every book from its events and compare it with its head, and with heads that were noted elsewhere."""
    noted = read_heads(against) if against else {}
    with opened(settings) as store, progress("Verifying", 1) as tell:
        problems = store.verify(noted, tell)
        books = store.heads(OPERATOR)
    _conclude(problems, settings.store)
    events = sum(one.size for one in books.values())
    checked = f"{counted(events, 'event')} of {counted(len(books), 'book')}"
    whole = f"{checked} is whole" if events == 1 else f"All {checked} are whole"
    click.echo(whole + (f", {len(noted):,} of them against noted heads." if noted else "."))


@click.command("doctor", short_help="Check that the index agrees with the events.")
@click.option("--reindex", is_flag=True, help="First make the index anew from the events; importing waits meanwhile.")
@click.pass_obj
def doctor(settings: Settings, reindex: bool) -> None:
    """Check that queries are answered from what the events say: the index against the table, per term and per row."""
    with opened(settings, any_index=reindex) as store:
        if reindex:
            with progress("Making the index anew", 1) as tell:
                store.rebuild_index(tell)
        with progress("Comparing index and events", 1) as tell:
            problems = store.doctor(tell)
    _conclude(problems, settings.store)
    click.echo("The index agrees with the events.")


def _conclude(problems: Sequence[Problem], store: str) -> None:
    for one in problems:
        click.echo(f"{visible(one.place)}: {visible(one.problem)}")
    if problems:
        raise Damaged(
            f"{counted(len(problems), 'problem was', 'problems were')} found.",
            place=shown(store),
            remedy="Keep this file as evidence and restore a backup; if only the index is wrong, `doctor --reindex`.",
        )


def read_heads(path: str) -> dict[str, Head]:
    """The heads in a file that `trailbook head --json` wrote. Raises BadFile."""
    try:
        return heads_of(Path(path).read_bytes())
    except OSError as error:
        raise BadFile(f"The heads cannot be read: {error.strerror}.", place=path, remedy="Check the path.") from error
    except BadInput as error:
        remedy = "Give a file that `trailbook head --json` wrote."
        raise BadFile(error.problem, place=path, remedy=remedy) from error
