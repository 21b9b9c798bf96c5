"""The domains that mail and webhooks of a tenant may leave to."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from ....errors import TrailbookError
from ... import delivering
from ...strict import Strict
from ..forms import build
from ..screens import Visit, Visiting
from ..showing import url
from .fields import REFUSED, Fields, lines
from .sections import Tenant, page, tenant_of

PATH = "/settings/domains"
router = APIRouter(prefix=PATH, include_in_schema=False, route_class=Strict)


@router.get("")
def domains_page(visit: Visiting, tenant: Tenant = "") -> Response:
    """The domains of a tenant: one's own unless it is said."""
    return _page(visit, tenant)


@router.post("")
def change(visit: Visiting) -> Response:
    """Say which domains a tenant allows."""
    form = visit.form
    tenant = form.one("tenant")
    try:
        given = build(delivering.DomainsGiven, {"tenant": tenant, "domains": lines(form.one("domains"))})
        delivering.change_domains(visit.work, given, form.one("version"))
    except REFUSED as wrong:
        return _page(visit, tenant, wrong)
    return visit.go(url(PATH, tenant="" if tenant_of(visit) else tenant), visit.gettext("The domains are saved."))


def _page(visit: Visit, tenant: str, wrong: TrailbookError | None = None) -> Response:
    answer = delivering.domains_of_tenant(visit.work, tenant or None)
    found: dict[str, Any] = msgspec.json.decode(answer.body)
    now = {"domains": "\n".join(found["domains"])}
    fields = Fields(now, visit.form if wrong else None, wrong)
    return page(
        visit, "settings/domains.html", wrong=wrong, found=found, version=answer.headers["ETag"], fields=fields,
        own=tenant_of(visit), tenant=found["tenant"],
    )  # fmt: skip
