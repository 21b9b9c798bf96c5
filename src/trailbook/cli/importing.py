"""Commands that bring logs in: import, formats."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from ..directory.directory import Directory
from ..directory.viewer import OPERATOR
from ..errors import BadInput
from ..event.wording import counted
from ..ingest.accept import Context
from ..ingest.coverage import FIELDS, coverage
from ..ingest.importing import ImportSummary, import_file
from ..ingest.importing import dry_run as first_events
from ..ingest.mapping import Mapping, load_map, map_text, shipped_maps
from ..ingest.sniff import detect_format
from ..masking.mask import mask_path
from ..query.excerpt import visible
from ..render.event import write as write_event
from ..report.clock import Clock, locale_named, zone_named
from ..report.detail import details
from ..store.address import folder_of, is_database
from ..store.ports import Row
from .completion import complete_formats
from .output import spare
from .root import now, opened, options_for_screen, progress

if TYPE_CHECKING:
    from ..settings import Settings

_REASONS = 3
"""Reasons of rejects that are shown at once."""


@click.command("import", short_help="Import audit logs from files.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(readable=False))
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    shell_complete=complete_formats,
    help="The format (see `trailbook formats`); else it is told from the records.",
)
@click.option("--map", "map_file", metavar="FILE.toml", help="A map of your own for another format.")
@click.option(
    "--tenant", metavar="ID", default="default", show_default=True, help="The book for events that name no tenant."
)
@click.option("--application", metavar="NAME", default="", help="The application for events that name none.")
@click.option(
    "--zone", metavar="ZONE", default="", help="The zone of times that carry none, where the map does not say."
)
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
    That and pipes need --format or --map.

    \b
      trailbook import cloudtrail.jsonl.gz              the format is told from the records
      trailbook import --dry-run --format okta log.json look first, store nothing
      trailbook import --map ours.toml ours.csv         a format of your own

    What does not fit goes to a rejects file with its line and reason, the rest goes in. Interrupting is safe: run it
    again, and what is there already counts as a duplicate.
    """
    if format_name and map_file:
        raise BadInput("Give --format or --map, not both.", remedy="A map names its own format.")
    if map_file and not map_file.endswith(".toml"):
        raise BadInput("A map is a .toml file.", place=map_file, remedy="See `trailbook formats show okta` for one.")
    if rejects and len(files) > 1:
        raise BadInput("One rejects file cannot be that of several files.", remedy="Leave out --rejects.")
    if zone:
        zone_named(zone)
    paths = [rejects] if rejects else rejects_paths(folder_of(settings.store), files)
    for path in paths:
        spare(path, "--rejects", settings.store, [*files, map_file])
    mappings = [mapping_of(file, map_file or format_name, zone) for file in files]
    if dry_run:
        for file, mapping in zip(files, mappings, strict=True):
            _preview(settings, file, mapping, tenant, application)
        return
    useless = [
        f"{file} (see {path})"
        for file, mapping, path in zip(files, mappings, paths, strict=True)
        if not _import(settings, file, mapping, tenant, application, path, keep=bool(rejects))
    ]
    if useless:
        raise BadInput(f"Nothing fitted of {', '.join(useless)}.", remedy="Try --dry-run, or another --format.")


def mapping_of(file: str, name: str | None, zone: str) -> Mapping:
    """The map that is named, else the one that the file's records tell. Raises BadMap and BadFile."""
    return load_map(name or detect_format(file).name, zone)


def rejects_paths(folder: Path, files: Sequence[str]) -> list[str]:
    """Where each file's rejects go: into the folder, under the file's name, numbered if several have the same."""
    paths: list[str] = []
    for file in files:
        name = "stdin" if file == "-" else Path(file).name
        same = sum(Path(one).name == Path(file).name for one in files[: len(paths)])
        paths.append(str(folder / f"{name}{f'.{same + 1}' if same else ''}.rejects.jsonl"))
    return paths


def _context(settings: Settings, people: Directory, tenant: str, application: str) -> Context:
    return Context(now(), people, tenant, application, tuple(mask_path(path) for path in settings.mask))


def _import(
    settings: Settings, file: str, mapping: Mapping, tenant: str, application: str, rejects: str, *, keep: bool
) -> bool:
    """Import one file, tell what became of it, and whether anything in it fitted."""
    with opened(settings, create=True) as store, progress(f"Importing {visible(Path(file).name)}", 1) as tell:
        context = _context(settings, store.directory(), tenant, application)
        summary = import_file(
            file,
            mapping,
            context,
            store,
            now=now,
            rejects_path=rejects,
            keep_rejects=keep,
            progress=lambda done, total, read: tell(done, total),
        )
    tell_summary(file, mapping, summary, rejects)
    return bool(summary.stored or summary.duplicates or not summary.rejected)


def tell_summary(file: str, mapping: Mapping, summary: ImportSummary, rejects: str) -> None:
    """Say what became of a file."""
    rate = summary.read / summary.seconds if summary.seconds else 0.0
    click.echo(
        f"{visible(file)} ({visible(mapping.title)}): {summary.read:,} read, {summary.stored:,} stored, "
        f"{counted(summary.duplicates, 'duplicate')}, {counted(summary.conflicts, 'conflict')}, "
        f"{summary.rejected:,} rejected; {summary.seconds:.1f} s, {rate:,.0f} records/s"
    )
    for type, number in summary.unknown.items():
        click.echo(f"  no map for type {visible(type)}: {counted(number, 'record')}")
    if summary.conflicts:
        click.echo("  a conflict: other contents under an id that is stored, or other mask settings than before")
    for warning in summary.warnings:
        click.echo(f"  note: {visible(warning)}")
    if summary.rejected or summary.conflicts:
        click.echo(f"  what was rejected, and why: {visible(rejects)}")
        for line in _first_reasons(rejects):
            click.echo(f"  {visible(line)}")


def _first_reasons(rejects: str) -> Iterator[str]:
    """The first lines that a rejects file holds, in words; as much of it as a person reads."""
    with Path(rejects).open("rb") as file:
        for row in islice(file, _REASONS):
            one = msgspec.json.decode(row)
            field = f"{one['field']}: " if one["field"] else ""
            yield f"line {one['line']}: {field}{one['reason']} {one['remedy']}"
        if file.readline():
            yield "..."


def _preview(settings: Settings, file: str, mapping: Mapping, tenant: str, application: str) -> None:
    people = Directory((), ())
    if is_database(settings.store) or Path(settings.store).exists():
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
        write_event(details(Row(0, 0, preview.event), clock, OPERATOR), out, options_for_screen())
        click.echo()
    for warning in warnings:
        click.echo(f"note: {visible(warning)}")


@click.group("formats", invoke_without_command=True, short_help="List the formats that can be imported.")
@click.pass_context
def formats(context: click.Context) -> None:
    """List the formats that can be imported."""
    if context.invoked_subcommand is None:
        known = shipped_maps()
        left = max(len(one.name) for one in known) + 2
        for one in known:
            click.echo(f"{one.name:{left}}{one.title}: {one.description}")


@formats.command("show", short_help="Print the map of a format.")
@click.argument("name", shell_complete=complete_formats)
def show_format(name: str) -> None:
    """Print the map of a format; with it as an example you can write your own."""
    click.echo(map_text(name), nl=False)


@formats.command("coverage", short_help="Tell what a file's events hold.")
@click.argument("file")
@click.option("--format", "format_name", metavar="NAME", help="The format; else it is told from the records.")
@click.option("--map", "map_file", metavar="FILE.toml", help="A map of your own.")
def show_coverage(file: str, format_name: str | None, map_file: str | None) -> None:
    """Tell how many events of a file have an initiator, a target, an IP, an outcome and changes."""
    found = coverage(file, mapping_of(file, map_file or format_name, "UTC"))
    click.echo("".join(f"{heading:>12}" for heading in ("events", "refused", *FIELDS)) + "  format")
    for name, one in found.items():
        counts = f"{one.events:>12,}{one.refused:>12,}"
        click.echo(counts + "".join(f"{one.share(field):>12.1%}" for field in FIELDS) + f"  {name or '(no map)'}")
