"""`trailbook mail` and `trailbook webhook`: trying the ways out of the house, for whoever sets them up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ..errors import BadInput
from ..query.excerpt import visible
from .root import now

if TYPE_CHECKING:
    from ..settings import Settings


@click.group()
def mail() -> None:
    """Mail, as the mail_ settings say."""


@mail.command("test", short_help="Send a mail to try the settings.")
@click.argument("address")
@click.pass_obj
def test_mail(settings: Settings, address: str) -> None:
    """Send a mail to ADDRESS, and tell what the server says to it."""
    from ..deliver.channel import Message
    from ..deliver.letter import Letter, written
    from ..deliver.ways import ways_out

    way = ways_out(settings, now).get("mail")
    if way is None:
        raise BadInput("No mail server is set.", place="mail_host", remedy="See `trailbook settings`.")
    letter = Letter(
        "Trailbook can send mail",
        ("This mail was sent to try the settings. There is nothing to do.",),
        (("Server", f"{settings.mail_host}:{settings.mail_port}"), ("Security", settings.mail_security)),
        link=settings.address,
        link_says="Open Trailbook",
    )
    text, html = written(letter)
    way(Message(f"test-{os.urandom(8).hex()}", address, letter.title, text, html))
    click.echo(f"{visible(settings.mail_host)} has taken the mail to {visible(address)}.")


@click.group()
def webhook() -> None:
    """Webhooks, as the webhook_ settings say."""


@webhook.command("key", short_help="Print the key that webhooks are signed with.")
@click.argument("url")
@click.pass_obj
def webhook_key(settings: Settings, url: str) -> None:
    """Print the key that webhooks to URL are signed with, for whoever receives them."""
    from ..deliver.webhook import check_url, key_of, key_text

    secret = settings.webhook_secret.get_secret_value()
    if not secret:
        raise BadInput("Webhooks are not set up.", place="webhook_secret", remedy="See `trailbook settings`.")
    check_url(url)
    click.echo(key_text(key_of(secret, url)))
