"""THE PRODUCER'S SIDE: the recorder that an application calls, its spool, and the sinks that it sends to."""

from __future__ import annotations

from ..errors import RecorderError
from ..event.changes import changes
from ..event.model import Belonging, Change, Initiator, Reference, Target
from .context import acting_as
from .http import HttpSink
from .recorder import Recorder, RecorderStats
from .sink import Away, Result, Sink, TooManyAtOnce, TurnedAway

__all__ = [
    "Away", "Belonging", "Change", "HttpSink", "Initiator", "Recorder", "RecorderError", "RecorderStats", "Reference",
    "Result", "Sink", "Target", "TooManyAtOnce", "TurnedAway", "acting_as", "changes",
]  # fmt: skip
