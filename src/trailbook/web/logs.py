"""The service's own logs: one JSON object a line, or text on a terminal; never bodies, queries, keys or contents."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TextIO

import structlog

LOGGER = "trailbook"
_TAIL = 12


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send all that this process logs, uvicorn's included, to `stream` (else standard error) from `level` on."""
    stream = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    # Both write what is not plain ASCII as escapes, so that no text can steer a terminal or begin a line of its own.
    renderer: structlog.typing.Processor = (
        _as_text if stream.isatty() else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _bare_exception],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    everything = logging.getLogger()
    everything.handlers[:] = [handler]
    everything.setLevel(level.upper())
    # What uvicorn sets up by itself, if it was started otherwise before, is undone.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
        logger.disabled, logger.propagate = False, True
    # Without handlers it does not log requests by itself, queries and all.
    logging.getLogger("uvicorn.access").propagate = False
    # They would log addresses that are asked, such as a sign-in provider's, with all that is in them.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Of starting and stopping only what goes wrong is told.
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, everything.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def log() -> structlog.stdlib.BoundLogger:
    """The service's logger."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(LOGGER)
    return logger


def where(error: BaseException) -> list[str]:
    """The type of an error and the lines it passed through; not its message, which may hold what nobody should log."""
    frames = traceback.extract_tb(error.__traceback__)[-_TAIL:]
    return [type(error).__name__, *(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)]


def _bare_exception(
    logger: structlog.typing.WrappedLogger, name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Put the place of an exception for its text."""
    record = event.get("_record")
    if record is not None and record.exc_info and record.exc_info[1] is not None:
        event["error"] = where(record.exc_info[1])
        record.exc_info = record.exc_text = None
    event.pop("exc_info", None)
    return event


def _as_text(logger: structlog.typing.WrappedLogger, name: str, event: structlog.typing.EventDict) -> str:
    at, level, said = event.pop("at", ""), event.pop("level", ""), event.pop("event", "")
    fields = " ".join(f"{name}={value!a}" for name, value in event.items())
    return f"{at} {level:7} {ascii(str(said))[1:-1]} {fields}".rstrip()
