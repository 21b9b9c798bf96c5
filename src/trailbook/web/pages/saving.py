"""Saving what the builder asks for, as a report of one's own or over one that is there; and opening a saved one."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from ...access.kept import Found
from ...errors import TrailbookError
from ...report.saved import SavedReport
from .. import reports
from ..changed import etag
from ..questions import keys
from ..strict import Strict
from . import building
from .builder import page
from .building import PATH, Building, SaveForm, choices, read_state
from .forms import build
from .screens import Visit, Visiting
from .showing import segment, url

router = APIRouter(include_in_schema=False, route_class=Strict)


def opened(found: Found[SavedReport], **more: Any) -> str:
    """The builder's address with what a saved report asks for. Raises BadDefinition."""
    return building.of_definition(found.value.definition, report=found.value.id, **more).address()


@router.get(f"{PATH}/from/{{id}}")
def from_saved(visit: Visiting, id: str) -> Response:
    """Open a saved report in the builder."""
    return visit.go(opened(reports.desk_of(visit.work).find(id)))


def definition(state: Building) -> dict[str, Any]:
    """The state as the definition that is kept of it: what is as by default is left out."""
    kept = ("query", "since", "until", "during", "zone", "locale", "order", "group_order", "seconds", "as_of")
    values: dict[str, Any] = {name: getattr(state, name) for name in kept if name in state.parameters()}
    groups = keys(state.group_by)
    chosen = [one for one in choices(state.columns) if not groups or one.key in groups]
    if chosen:
        values["columns"] = [{"key": one.key, "label": one.label} if one.label else one.key for one in chosen]
    if groups:
        values["group_by"] = groups
    return values


@router.post(f"{PATH}/save")
def save(visit: Visiting) -> Response:
    """Save the report, and go to it."""
    form = visit.form.read(SaveForm)
    state = read_state(form.state)
    try:
        if form.over:
            id = _change(visit, state)
            return visit.go(url(f"/reports/{segment(id)}"), visit.gettext("The report is changed."))
        given = build(
            reports.NewReport,
            {
                "title": form.title,
                "description": form.description,
                "definition": definition(state),
                "sharing": [{"kind": form.share, "id": form.share_id}] if form.share else [],
                "tenant": form.tenant or None,
            },
        )
        answer = reports.save_report(visit.work, given)
    except TrailbookError as wrong:
        return page(visit, state.model_copy(update={"panel": "save"}), wrong, form=form)
    id = msgspec.json.decode(answer.body)["id"]
    return visit.go(url(f"/reports/{segment(id)}"), visit.gettext("The report is saved."))


def _change(visit: Visit, state: Building) -> str:
    """Keep the state as the definition of the report that it is from; what the builder does not know of it stays."""
    desk = reports.desk_of(visit.work)
    found = desk.changing(state.report, None)
    known = {*Building.model_fields, "columns", "group_by"} - {"limit"}
    kept = {name: value for name, value in found.value.definition.items() if name not in known}
    shown = desk.shown(found)
    given = build(
        reports.ReportGiven,
        {
            **{name: shown[name] for name in ("title", "description", "sharing")},
            "definition": {**kept, **definition(state)},
        },
    )
    reports.change_report(visit.work, found.value.id, given, etag(found.record.version))
    return found.value.id
