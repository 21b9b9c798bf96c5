"""Asking a store: a query, a page of it as texts, and a whole report."""

from __future__ import annotations

from functools import partial

from trailbook.directory.viewer import OPERATOR
from trailbook.query.language import parse
from trailbook.query.resolve import resolve
from trailbook.query.tree import Condition
from trailbook.report.clock import zone_named
from trailbook.report.columns import COLUMNS, DEFAULT_COLUMNS, Setting
from trailbook.report.definition import Definition
from trailbook.report.run import run
from trailbook.store.ports import LocalStore

from .questions import PAGE
from .tasks import END


class Asker:
    """Asks a store as the command line does, for the operator and in UTC."""

    def __init__(self, store: LocalStore) -> None:
        self.store = store
        setting = Setting(Definition().clock())
        self._cells = [COLUMNS[key].text(setting) for key in DEFAULT_COLUMNS]

    def resolved(self, query: str) -> Condition:
        """The condition of a query, its names and times resolved."""
        names = partial(self.store.parties, OPERATOR)
        return resolve(parse(query), names=names, now=END, zone=zone_named("UTC")).condition

    def page(self, condition: Condition) -> list[list[str]]:
        """The first page with the texts of all default columns."""
        rows = self.store.page(OPERATOR, condition, limit=PAGE).rows
        return [[cell(row) for cell in self._cells] for row in rows]

    def report(self, query: str) -> list[tuple[str, ...]]:
        """A whole report of as many rows: names resolved, all rows counted, the shown ones written out."""
        return list(run(self.store, OPERATOR, Definition(query=query, limit=PAGE), now=END).texts())
