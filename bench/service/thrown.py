"""What sending is measured beside: the same server with an endpoint that parses the events and throws them away."""

from __future__ import annotations

import sys

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trailbook.event.model import Event

_decode = msgspec.json.Decoder(list[Event]).decode


async def throw_away(request: Request) -> Response:
    """Parse an array of events, and tell how many they were."""
    events = _decode(await request.body())
    return Response(msgspec.json.encode({"stored": len(events), "rejected": 0}), media_type="application/json")


APP = Starlette(routes=[Route("/api/v1/events", throw_away, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(APP, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="error", access_log=False)
