"""Finding out who is asking: from the key in the Authorization header, or from the session's cookie."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from ..access.model import Caller
from ..errors import NotSignedIn


def caller_of(request: Request) -> Caller:
    """Who is asking. Raises NotSignedIn."""
    raise NotSignedIn("No key or session was given.", place="Authorization", remedy="Send a key: Bearer tb_...")


Asking = Annotated[Caller, Depends(caller_of)]
"""The parameter of an endpoint that only who is known may call."""
