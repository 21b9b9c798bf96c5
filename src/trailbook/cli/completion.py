"""Completing commands in a shell: the command that prints the script, and what may follow where."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

from ..ingest.mapping import shipped_maps
from ..query.completion import completed
from ..report.columns import COLUMNS
from ..store.dimensions import UNITS
from .root import root

SHELLS = ("bash", "zsh", "fish")


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes commands, options, columns, formats and query keys in SHELL.

    \b
      bash   trailbook completion bash > ~/.trailbook-complete
             echo '. ~/.trailbook-complete' >> ~/.bashrc
      zsh    trailbook completion zsh > ~/.trailbook-complete
             echo '. ~/.trailbook-complete' >> ~/.zshrc
      fish   trailbook completion fish > ~/.config/fish/completions/trailbook.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(root, {}, "trailbook", "_TRAILBOOK_COMPLETE").source())


def complete_columns(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Column keys, each after the ones that are there already."""
    return _listed({key: column.label for key, column in COLUMNS.items()}, incomplete)


def complete_groups(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a report can be grouped by."""
    groupable = {key: column.label for key, column in COLUMNS.items() if column.part is not None}
    return _listed({**dict.fromkeys(UNITS, "period"), **groupable}, incomplete)


def complete_formats(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Formats that can be imported."""
    known = ((one.name, one.title) for one in shipped_maps())
    return [CompletionItem(name, help=title) for name, title in known if name.startswith(incomplete)]


def complete_query(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Keys of the query language, and the values of those that take few, for the last word of a query."""
    return [CompletionItem(one) for one in completed(incomplete)]


def _listed(known: dict[str, str], incomplete: str) -> list[CompletionItem]:
    before, comma, last = incomplete.rpartition(",")
    taken = before.split(",")
    return [
        CompletionItem(before + comma + key, help=label)
        for key, label in known.items()
        if key.startswith(last) and key not in taken
    ]
