"""THE PAGES: what people see in a browser, drawn on the server from the same questions that the API answers."""

from __future__ import annotations

from . import (
    account,
    alerts,
    builder,
    changing,
    completing,
    deliveries,
    events,
    exports,
    home,
    languages,
    parties,
    parts,
    saved,
    saving,
    schedules,
    settings,
    sign_in,
    static,
)

ROUTERS = (
    home.router,
    builder.router,
    changing.router,
    parts.router,
    completing.router,
    saving.router,
    saved.router,
    schedules.router,
    alerts.router,
    exports.router,
    deliveries.router,
    events.router,
    parties.router,
    account.router,
    *settings.ROUTERS,
    sign_in.router,
    languages.router,
    static.router,
)
"""One for each family of pages, in the order in which their paths are tried."""
