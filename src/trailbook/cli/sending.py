"""The command that sends logs to a server: send."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..capture import HttpSink
from ..directory.directory import Directory
from ..errors import BadInput
from ..ingest.accept import Context
from ..ingest.importing import bring_file
from ..ingest.sending import Sender
from ..query.excerpt import visible
from ..report.clock import zone_named
from .completion import complete_formats
from .importing import mapping_of, rejects_paths, tell_summary
from .output import spare
from .root import now, progress

if TYPE_CHECKING:
    from ..settings import Settings


@click.command("send", short_help="Send audit logs from files to a server.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(readable=False))
@click.option("--url", envvar="TRAILBOOK_URL", metavar="URL", help="The server (else TRAILBOOK_URL).")
@click.option(
    "--key",
    envvar="TRAILBOOK_KEY",
    metavar="KEY",
    help="An API key that may ingest; better given as TRAILBOOK_KEY, which other users of this machine cannot see.",
)
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    shell_complete=complete_formats,
    help="The format (see `trailbook formats`); else it is told from the records.",
)
@click.option("--map", "map_file", metavar="FILE.toml", help="A map of your own for another format.")
@click.option("--tenant", metavar="ID", default="", help="The book for events that name no tenant (else the key's).")
@click.option("--application", metavar="NAME", default="", help="The application for events that name none.")
@click.option(
    "--zone", metavar="ZONE", default="", help="The zone of times that carry none, where the map does not say."
)
@click.option("--rejects", metavar="FILE", help="Where records that do not fit go (else NAME.rejects.jsonl here).")
@click.pass_obj
def send(
    settings: Settings,
    files: tuple[str, ...],
    url: str | None,
    key: str | None,
    format_name: str | None,
    map_file: str | None,
    tenant: str,
    application: str,
    zone: str,
    rejects: str | None,
) -> None:
    """Send audit logs to a server: what `trailbook import` reads, over HTTP.

    \b
      export TRAILBOOK_URL=https://trail.example.com TRAILBOOK_KEY=tb_...
      trailbook send cloudtrail.jsonl.gz

    Interrupting is safe: run it again, and what is there already counts as a duplicate.
    """
    if not url or not key:
        raise BadInput(
            "Which server, and with which key?", remedy="Set TRAILBOOK_URL and TRAILBOOK_KEY, or give --url and --key."
        )
    if format_name and map_file:
        raise BadInput("Give --format or --map, not both.", remedy="A map names its own format.")
    if rejects and len(files) > 1:
        raise BadInput("One rejects file cannot be that of several files.", remedy="Leave out --rejects.")
    if zone:
        zone_named(zone)
    sink = HttpSink(url, key, timeout=60.0)
    try:
        for file, path in zip(files, [rejects] if rejects else rejects_paths(Path(), files), strict=True):
            spare(path, "--rejects", settings.store, [*files, map_file])
            mapping = mapping_of(file, map_file or format_name, zone)
            with progress(f"Sending {visible(Path(file).name)}", 1) as told:
                summary = bring_file(
                    file,
                    mapping,
                    Context(now(), Directory((), ())),
                    Sender(sink, tenant=tenant, application=application, wait=time.sleep).deliver,
                    now=now,
                    rejects_path=path,
                    keep_rejects=bool(rejects),
                    progress=lambda done, total, read: told(done, total),
                )
            tell_summary(file, mapping, summary, path)
            if not (summary.stored or summary.duplicates) and summary.rejected:
                raise BadInput(f"Nothing fitted of {visible(file)}.", place=path, remedy="Try another --format.")
    finally:
        sink.close()
