"""How large the tests that go by size are: small in `make test`, full with TRAILBOOK_TEST_SIZE=full (`make soak`)."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

FULL = os.environ.get("TRAILBOOK_TEST_SIZE") == "full"


def sized(small: T, full: T) -> T:
    """The value for the size that is asked for."""
    return full if FULL else small
