"""Keeping spreadsheets from taking a cell for a formula, so that it can be undone."""

from __future__ import annotations

import re
from collections.abc import Sequence

FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
"""A cell that begins so may run as a formula in a spreadsheet (OWASP, CSV Injection)."""

_LOOKED_AT = FORMULA_STARTS | {"'"}
_FORMULA = re.compile(f"'*[{re.escape(''.join(sorted(FORMULA_STARTS)))}]")


def guarded(cells: Sequence[str]) -> Sequence[str]:
    """The cells with an apostrophe before each that a spreadsheet would take for a formula.

    One that already has apostrophes before what looks like a formula gets another, so that `unguarded` can tell.
    """
    if _LOOKED_AT.isdisjoint([cell[:1] for cell in cells]):
        return cells
    return [f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells]


def unguarded(cell: str) -> str:
    """What a cell was before `guarded`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
