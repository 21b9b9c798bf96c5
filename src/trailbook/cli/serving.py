"""`trailbook serve` and `trailbook settings`: running the service, and what it is run with."""

from __future__ import annotations

import json
import os
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Any

import click

from ..errors import BadInput
from ..store.address import shown

if TYPE_CHECKING:
    from ..settings import Settings

_MASKED = "********"


@click.command()
@click.option("--host", metavar="ADDRESS", help="The address to listen on (else the setting `host`).")
@click.option("--port", type=click.IntRange(0, 65_535), help="The port (else the setting `port`); 0: any free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes (else the setting `workers`).")
@click.option("--sign-in", is_flag=True, help="Print a link that signs `root` in at once, to try things out.")
@click.pass_obj
def serve(settings: Settings, host: str | None, port: int | None, workers: int | None, sign_in: bool) -> None:
    """Serve the pages and the API, until Ctrl-C or SIGTERM.

    \b
    The first start makes the account `root` and prints a link to sign in with, once.
    What is being answered when the end comes is finished first.
    """
    # The web framework is loaded by those who serve alone.
    from ..web.serving import serve as run

    given = {"host": host, "port": port, "workers": workers}
    changed = {name: value for name, value in given.items() if value is not None}
    run(settings.model_copy(update=changed), click.echo, sign_in=sign_in)


@click.command("settings", short_help="Print each setting, and what it means.")
@click.option("--format", "form", type=click.Choice(["text", "toml"]), default="text", help="How to print them.")
@click.pass_context
def show_settings(context: click.Context, form: str) -> None:
    """Print each setting: its value, its default, where it comes from, what it means.

    \b
    trailbook settings --format toml > trailbook.toml     a file to start from
    """
    from ..settings import sources_of

    settings: Settings = context.obj
    sources = sources_of(os.environ)
    parent = context.parent
    if parent is not None and parent.params.get("store"):
        sources["store"] = "--store"
    for name, field in type(settings).model_fields.items():
        set_to = getattr(settings, name)
        value, default = _written(shown(set_to) if name == "store" else set_to), _written(field.default)
        if form == "toml":
            # A secret is not copied: whoever knows it writes it into a file that others cannot read.
            given = name in sources and value != _written(_MASKED)
            click.echo(f"# {field.description}\n{f'{name} = {value}' if given else f'# {name} = {default}'}\n")
            continue
        click.echo(f"{name} = {value}")
        click.echo(f"    {field.description}")
        click.echo(f"    from {sources[name]}; default {default}" if name in sources else "    default")


def _written(value: Any) -> str:
    """A value as TOML writes it; a secret that is set, in stars."""
    if hasattr(value, "get_secret_value"):
        value = _MASKED if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, IPv4Network | IPv6Network):
        value = str(value)
    if isinstance(value, int | float):
        return repr(float(value) if isinstance(value, float) else int(value))
    if not isinstance(value, str):
        raise BadInput(f"A {type(value).__name__} cannot be written as TOML.")
    return json.dumps(value)
