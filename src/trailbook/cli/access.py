"""`trailbook account` and `trailbook key`: access for whoever runs the machine; each use of it is an event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, get_args

import click
from msgspec.structs import replace

from ..access.accounts import by_name, change
from ..access.kept import KEYS, Found
from ..access.keys import key_event, make_key
from ..access.links import make_link
from ..access.model import RIGHTS, Caller, KeyUse, Origin, Seat
from ..access.own import Doing
from ..directory.viewer import Root
from ..errors import BadInput, NotThere
from ..event.model import DEFAULT_TENANT, PartyKey
from ..query.excerpt import quoted, visible
from .root import now, opened

if TYPE_CHECKING:
    from ..settings import Settings
    from ..web.service import Service

OPERATOR = Caller(
    "key", "operator", "operator", PartyKey("user", DEFAULT_TENANT, "operator"), Seat(Root(), frozenset(RIGHTS))
)
"""Whoever may write the store's file: the initiator, of type `service`, of what is done here."""

_LONGEST = timedelta(days=3650)


@click.group()
def account() -> None:
    """Help whoever cannot sign in."""


@account.command("link", short_help="Print a link to sign in with, once.")
@click.argument("name")
@click.option("--reset-otp", is_flag=True, help="Take the second factor away too; a new one is set up at sign-in.")
@click.pass_obj
def link(settings: Settings, name: str, reset_otp: bool) -> None:
    """Print a link with which NAME can sign in, once and within an hour, and set a password."""
    from ..web.serving import sign_in_told

    with _doing(settings) as (service, doing):
        found = by_name(service.store, name, doing.at)
        if found is None:
            raise NotThere(f"There is no account {quoted(name)}.", place="NAME", remedy="Give its name to sign in.")
        account = replace(found.value, otp="", otp_used=0) if reset_otp else found.value
        changed = change(service.store, found, account, doing)
        token, linked = make_link(Found(account, found.record), doing, service.randomness)
        service.keep(linked.changed, events=changed.events + linked.events)
    click.echo(sign_in_told(visible(found.value.name), settings.address, token, "an hour"))


@click.group()
def key() -> None:
    """API keys, for programs."""


@key.command("create", short_help="Make a key and print it, this once.")
@click.option("--tenant", required=True, metavar="ID", help="The tenant whose book it is for.")
@click.option(
    "--use",
    "uses",
    required=True,
    multiple=True,
    type=click.Choice(get_args(KeyUse)),
    help="What it is for; may be given several times.",
)
@click.option(
    "--application", "applications", multiple=True, metavar="NAME", help="Only events of this one, or of several."
)
@click.option("--name", default="", help="What it is called (else what it is for).")
@click.option("--expires", metavar="90d", help="After so many days (d) or hours (h) it is worth nothing.")
@click.pass_obj
def create_key(
    settings: Settings,
    tenant: str,
    uses: tuple[KeyUse, ...],
    applications: tuple[str, ...],
    name: str,
    expires: str | None,
) -> None:
    """Make a key and print it: it is shown this once.

    \b
    export TRAILBOOK_KEY=$(trailbook key create --tenant acme --use ingest)
    """
    lasts = None if expires is None else _duration(expires)
    with _doing(settings, create=True) as (service, doing):
        text, made = make_key(
            service.randomness,
            name=name or ", ".join(sorted(set(uses))),
            tenant=tenant,
            uses=frozenset(uses),
            created_by=OPERATOR.id,
            created_at=doing.at,
            applications=tuple(dict.fromkeys(applications)),
            expires_at=None if lasts is None else doing.at + lasts,
        )
        service.keep([KEYS.record(made)], events=[key_event(doing, "create", None, made)])
    click.echo(text)


@key.command("list")
@click.option("--tenant", metavar="ID", help="Only those of this tenant.")
@click.pass_obj
def list_keys(settings: Settings, tenant: str | None) -> None:
    """List all keys, without what is secret of them."""
    with opened(settings) as store:
        for one in KEYS.each(store, now(), owner=tenant):
            made = one.value
            state = "revoked" if made.revoked_at else f"until {made.expires_at:%Y-%m-%d}" if made.expires_at else ""
            used = f"used {made.last_used_at:%Y-%m-%d}" if made.last_used_at else "never used"
            line = f"{made.id}  {made.tenant}  {','.join(sorted(made.uses))}  {made.name}  {used}  {state}"
            click.echo(visible(line.rstrip()))


@key.command("revoke", short_help="Revoke a key.")
@click.argument("id")
@click.pass_obj
def revoke_key(settings: Settings, id: str) -> None:
    """Revoke the key ID (the 8 characters behind `tb_`): from now on it is worth nothing."""
    with _doing(settings) as (service, doing):
        was = KEYS.find(service.store, id, doing.at)
        if was is None:
            raise NotThere(f"There is no key {quoted(id)}.", place="ID", remedy="See `trailbook key list`.")
        if was.value.revoked_at is None:
            revoked = replace(was.value, revoked_at=doing.at)
            service.keep([KEYS.record(revoked, was)], events=[key_event(doing, "revoke", was.value, revoked)])
    click.echo(f"{visible(id)} is revoked.")


@contextmanager
def _doing(settings: Settings, *, create: bool = False) -> Iterator[tuple[Service, Doing]]:
    """The service on the store, and the operator at work."""
    from ..web.serving import service_on

    with opened(settings, create=create) as store:
        service = service_on(store, settings)
        yield service, Doing(OPERATOR, Origin(), service.clock(), service.new_id)


def _duration(text: str) -> timedelta:
    shape = re.fullmatch(r"([0-9]{1,5})([dh])", text)
    lasts = timedelta(**{"days" if shape[2] == "d" else "hours": int(shape[1])}) if shape else timedelta(0)
    if not timedelta(0) < lasts <= _LONGEST:
        raise BadInput(f"{quoted(text)} is no time that a key may last.", place="--expires", remedy="Write 90d or 12h.")
    return lasts
