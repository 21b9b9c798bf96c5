"""The ways out of the house that the settings open: mail, folder, webhook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

from ..settings import Settings
from .channel import Channel
from .folder import folder_channel
from .mail import mail_channel
from .webhook import webhook_channel

Way = Literal["mail", "folder", "webhook"]
Ways = Mapping[Way, Channel]


def open_ways(settings: Settings) -> frozenset[Way]:
    """Which ways are set up."""
    opened: dict[Way, bool] = {
        "mail": bool(settings.mail_host),
        "folder": bool(settings.deliver_folder),
        "webhook": bool(settings.webhook_secret.get_secret_value()),
    }
    return frozenset(way for way, is_open in opened.items() if is_open)


def ways_out(settings: Settings, clock: Callable[[], datetime]) -> Ways:
    """The ways that are set up; one that is not is left out. Raises BadInput for settings that do not fit together."""
    made: dict[Way, Callable[[], Channel]] = {
        "mail": lambda: mail_channel(settings, clock),
        "folder": lambda: folder_channel(settings),
        "webhook": lambda: webhook_channel(settings, clock),
    }
    return {way: make() for way, make in made.items() if way in open_ways(settings)}
