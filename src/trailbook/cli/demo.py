"""The command demo: a lifelike trail to try things on."""

from __future__ import annotations

import shlex
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from ..demo.roster import demo_directory, directory_json
from ..demo.trail import arrivals, demo_events
from ..directory.merge import merge
from ..errors import BadInput
from ..event.canonical import encode
from ..event.facets import escape
from ..event.model import Event
from ..event.wording import counted
from ..ingest.accept import Context, prepare
from ..query.excerpt import visible
from ..store.address import shown
from .output import output as written
from .output import spare
from .root import now, opened, progress

if TYPE_CHECKING:
    from ..settings import Settings

EVENTS = 10_000
MOST_EVENTS = 1_000_000_000
_BATCH = 10_000


@click.command("demo", short_help="Fill a store with the trail of a call centre.")
@click.option(
    "--events", metavar="N", default=EVENTS, show_default=True, type=click.IntRange(1, MOST_EVENTS), help="How many."
)
@click.option("--seed", metavar="N", type=int, default=1, show_default=True, help="Another seed makes another trail.")
@click.option(
    "--end",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day before which the year of events ends (else today).",
)
@click.option("--output", metavar="FILE", help="Write the events as JSON Lines there instead (`-`: standard output).")
@click.option("--directory", "roster", metavar="FILE", help="Write the directory as JSON there.")
@click.pass_obj
def demo(
    settings: Settings, events: int, seed: int, end: datetime | None, output: str | None, roster: str | None
) -> None:
    """Make the trail of a call centre that several companies share: calls, users, roles, sign-ins, night jobs.

    The same arguments give the same events, so running it again changes nothing.
    """
    last = _midnight(end or now())
    file = None if output == "-" else output
    spare(file, "--output", settings.store)
    spare(roster, "--directory", settings.store, [file])
    people = demo_directory(events, seed, last)
    if roster:
        with written(Path(roster)) as out:
            out.write(directory_json(people))
    made = demo_events(events, seed, last)
    if output:
        with written(Path(file) if file else None) as out, progress("Writing", events) as tell:
            for number, event in enumerate(made, 1):
                out.write(encode(event) + b"\n")
                if number % _BATCH == 0:
                    tell(number, events)
        return
    stored = 0
    affected: Counter[str] = Counter()
    with opened(settings, create=True) as store, progress("Storing the demo", events) as tell:
        store.change_directory(lambda known: merge(known, people, now()))
        context = Context(now(), store.directory())
        trail = arrivals(made)
        done = 0
        while batch := list(islice(trail, _BATCH)):
            affected.update(user for _, event in batch for user in _affected(event))
            # The demo's year is to look as if it had been recorded as it went: each event when it arrived.
            sealed = [prepare(event, replace(context, recorded_at=arrived)) for arrived, event in batch]
            stored += sum(receipt.status == "stored" for receipt in store.append(sealed))
            done += len(batch)
            tell(done, events)
    click.echo(
        f"{stored:,} of {counted(events, 'event')} stored in {visible(shown(settings.store))}"
        + ("" if stored else "; they were there")
    )
    _suggest(affected)


def _midnight(day: datetime) -> datetime:
    if not 1801 <= day.year <= 2199:
        raise BadInput(
            f"The year {day.year:04} is too far away.", place="--end", remedy="Choose one from 1801 to 2199."
        )
    return day.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)


def _affected(event: Event) -> list[str]:
    """The users other than the initiator to whom it was done, as a query names them."""
    by = event.initiator.party() if event.initiator is not None else None
    return [
        f"{escape(target.tenant or event.tenant)}/{target.id}"
        for target in event.targets
        if target.kind == "user" and target.party() != by
    ]


def _suggest(affected: Counter[str]) -> None:
    """Two commands that have something to show, for the store that this one was given."""
    given = click.get_current_context().find_root().params.get("store")
    command = f"trailbook --store {visible(shlex.quote(shown(given)))}" if given else "trailbook"
    user = f"user:{affected.most_common(1)[0][0]} " if affected else ""
    click.echo("\nTry next:")
    click.echo(f"  {command} report {user}--limit 10")
    click.echo(f"  {command} report --group-by tenant,action")
