"""Commands that bring events in: import, formats, demo."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click
from msgspec.structs import replace

from ..demo.roster import demo_directory, directory_json
from ..demo.trail import demo_events
from ..directory.directory import Directory
from ..directory.merge import merge
from ..directory.viewer import OPERATOR
from ..errors import BadInput
from ..event.canonical import encode
from ..ingest.accept import Context, accept
from ..ingest.coverage import FIELDS, coverage
from ..ingest.importing import ImportSummary, import_file
from ..ingest.importing import dry_run as first_events
from ..ingest.mapping import Mapping, load_map, map_text, shipped_maps
from ..ingest.mask import mask_path
from ..ingest.sniff import detect_format
from ..query.excerpt import visible
from ..render import Options
from ..render.event import write as write_event
from ..report.clock import Clock, locale_named, zone_named
from ..report.detail import details
from ..settings import Settings
from ..store.ports import Row
from .root import now, opened, progress, terminal_width

DEMO_EVENTS = 10_000
_BATCH = 10_000


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    help="The format (see `trailbook formats`); else it is told from the records.",
)
@click.option("--map", "map_file", metavar="FILE.toml", help="A map of your own for another format.")
@click.option("--tenant", default="default", show_default=True, help="The book for events that name no tenant.")
@click.option("--application", default="", help="The application for events that name none.")
@click.option("--zone", default="", help="The zone of times that carry none, where the map does not say.")
@click.option(
    "--rejects", metavar="FILE", help="Where records that do not fit go (else NAME.rejects.jsonl beside the store)."
)
@click.option("--dry-run", is_flag=True, help="Show the first events as they would be stored; store nothing.")
@click.pass_obj
def import_files(
    settings: Settings,
    files: tuple[str, ...],
    format_name: str | None,
    map_file: str | None,
    tenant: str,
    application: str,
    zone: str,
    rejects: str | None,
    dry_run: bool,
) -> None:
    """Import audit logs: JSON, JSON Lines, CSV or TSV, plain or compressed (.gz, .zst); `-` is standard input.

    What does not fit goes to a rejects file with its line and reason, the rest goes in. Interrupting is safe: run it
    again, and what is there already counts as a duplicate.
    """
    if format_name and map_file:
        raise BadInput("Give --format or --map, not both.", remedy="A map names its own format.")
    if map_file and not map_file.endswith(".toml"):
        raise BadInput("A map is a .toml file.", place=map_file, remedy="See `trailbook formats show okta` for one.")
    mappings = [(file, _mapping(file, map_file or format_name, zone)) for file in files]
    for file, mapping in mappings:
        if dry_run:
            _preview(settings, file, mapping, tenant, application)
        else:
            _import(settings, file, mapping, tenant, application, rejects or _rejects_path(settings.store, file))


def _mapping(file: str, name: str | None, zone: str) -> Mapping:
    if name:
        return load_map(name, zone)
    if file == "-":
        raise BadInput("The format of standard input cannot be looked up first.", remedy="Give it with --format.")
    return load_map(detect_format(file).name, zone)


def _rejects_path(store: str, file: str) -> str:
    name = "stdin" if file == "-" else Path(file).name
    return str(Path(store).parent / f"{name}.rejects.jsonl")


def _context(settings: Settings, people: Directory, tenant: str, application: str) -> Context:
    return Context(now(), people, tenant, application, tuple(mask_path(path) for path in settings.mask))


def _import(settings: Settings, file: str, mapping: Mapping, tenant: str, application: str, rejects: str) -> None:
    with opened(settings, create=True) as store, progress(f"Importing {Path(file).name}", 1) as tell:
        context = _context(settings, store.directory(), tenant, application)
        summary = import_file(
            file,
            mapping,
            context,
            store,
            now=now,
            rejects_path=rejects,
            progress=lambda done, total, read: tell(done, total),
        )
    _tell(file, mapping, summary, rejects)
    if summary.rejected and not summary.stored and not summary.duplicates:
        raise BadInput("Nothing fitted.", place=file, remedy=f"Look at {rejects}, or try --dry-run.")


def _tell(file: str, mapping: Mapping, summary: ImportSummary, rejects: str) -> None:
    rate = summary.read / summary.seconds if summary.seconds else 0.0
    click.echo(
        f"{file} ({mapping.title}): {summary.read:,} read, {summary.stored:,} stored, "
        f"{summary.duplicates:,} duplicates, {summary.conflicts:,} conflicts, {summary.rejected:,} rejected; "
        f"{summary.seconds:.1f} s, {rate:,.0f} records/s"
    )
    for type, number in summary.unknown.items():
        click.echo(f"  no map for type {visible(type)}: {number:,} records")
    for warning in summary.warnings:
        click.echo(f"  note: {visible(warning)}")
    if summary.rejected:
        click.echo(f"  what was rejected, and why: {rejects}")


def _preview(settings: Settings, file: str, mapping: Mapping, tenant: str, application: str) -> None:
    people = Directory((), ())
    if Path(settings.store).exists():
        with opened(settings) as store:
            people = store.directory()
    context = _context(settings, people, tenant, application)
    shown, warnings = first_events(file, mapping, context)
    clock = Clock(zone_named(settings.zone), locale_named(settings.locale), seconds=True)
    out = sys.stdout
    for preview in shown:
        if preview.event is None:
            click.echo(f"Line {preview.line} would be rejected: {visible(str(preview.error))}\n")
            continue
        click.echo(f"Line {preview.line} would be stored as:")
        write_event(details(Row(0, 0, preview.event), clock, OPERATOR), out, Options(width=terminal_width()))
        click.echo()
    for warning in warnings:
        click.echo(f"note: {visible(warning)}")


@click.group("formats", invoke_without_command=True)
@click.pass_context
def formats(context: click.Context) -> None:
    """List the formats that can be imported."""
    if context.invoked_subcommand is None:
        known = shipped_maps()
        left = max(len(one.name) for one in known) + 2
        for one in known:
            click.echo(f"{one.name:{left}}{one.title}: {one.description}")


@formats.command("show")
@click.argument("name")
def show_format(name: str) -> None:
    """Print the map of a format; with it as an example you can write your own."""
    click.echo(map_text(name), nl=False)


@formats.command("coverage")
@click.argument("file")
@click.option("--format", "format_name", metavar="NAME", help="The format; else it is told from the records.")
@click.option("--map", "map_file", metavar="FILE.toml", help="A map of your own.")
def show_coverage(file: str, format_name: str | None, map_file: str | None) -> None:
    """Tell how many events of a file have an initiator, a target, an IP, an outcome and changes."""
    found = coverage(file, _mapping(file, map_file or format_name, "UTC"))
    click.echo("".join(f"{heading:>12}" for heading in ("events", "refused", *FIELDS)) + "  format")
    for name, one in found.items():
        counts = f"{one.events:>12,}{one.refused:>12,}"
        click.echo(counts + "".join(f"{one.share(field):>12.1%}" for field in FIELDS) + f"  {name or '(no map)'}")


@click.command("demo")
@click.option("--events", default=DEMO_EVENTS, show_default=True, type=click.IntRange(1), help="How many events.")
@click.option("--seed", default=1, show_default=True, help="Another seed makes another trail.")
@click.option("--end", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the year of events ends (else today).")
@click.option("--output", metavar="FILE", help="Write the events as JSON Lines there instead (`-`: standard output).")
@click.option("--directory", "roster", metavar="FILE", help="Write the directory as JSON there.")
@click.pass_obj
def demo(
    settings: Settings, events: int, seed: int, end: datetime | None, output: str | None, roster: str | None
) -> None:
    """Make the trail of a call centre that several companies share: calls, users, roles, sign-ins, night jobs.

    The same arguments give the same events, so running it again changes nothing.
    """
    last = (end or now()).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    people = demo_directory(events, seed, last)
    if roster:
        Path(roster).write_bytes(directory_json(people))
    made = demo_events(events, seed, last)
    if output:
        with click.open_file(output, "wb") as file, progress("Writing", events) as tell:
            for number, event in enumerate(made, 1):
                file.write(encode(event) + b"\n")
                if number % _BATCH == 0:
                    tell(number, events)
        return
    stored = 0
    with opened(settings, create=True) as store, progress("Storing the demo", events) as tell:
        store.change_directory(lambda known: merge(known, people, now()))
        context = _context(settings, store.directory(), "default", "")
        while batch := list(islice(made, _BATCH)):
            stored += accept(batch, replace(context, recorded_at=now()), store).count("stored")
            tell(stored, events)
    click.echo(f"{stored:,} of {events:,} events stored in {settings.store}" + ("" if stored else "; they were there"))
