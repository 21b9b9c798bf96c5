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


def ways_out(settings: Settings, clock: Callable[[], datetime]) -> Ways:
    """The ways that are set up; one that is not is left out. Raises BadInput for settings that do not fit together."""
    found: dict[Way, Channel] = {}
    if settings.mail_host:
        found["mail"] = mail_channel(settings, clock)
    if settings.deliver_folder:
        found["folder"] = folder_channel(settings)
    if settings.webhook_secret.get_secret_value():
        found["webhook"] = webhook_channel(settings, clock)
    return found
