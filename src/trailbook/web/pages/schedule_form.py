"""The form of a schedule: its fields as they are kept, and what was sent, as the API takes it."""

from __future__ import annotations

from typing import Any

from babel.dates import get_day_names

from ...deliver.schedules import Schedule
from ...deliver.times import LAST_DAY, WEEKDAYS
from ...errors import BadInput, TrailbookError
from ...query.language import parse
from ...query.tree import has_period
from ...render import DOWNLOADS
from ...report.saved import SavedReport
from ..scheduling import ScheduleGiven
from . import addressing
from .builder import ZONES
from .forms import Form, build
from .language import marked as _
from .screens import Visit
from .settings.fields import Fields, blank
from .settings.words import Choice

_MEBIBYTE = 1 << 20
TIMING: dict[str, tuple[str, ...]] = {"day": ("at",), "week": ("at", "days"), "month": ("at", "day"), "cron": ("cron",)}
"""What belongs to each way of saying when."""
_PLACES = {"attach_bytes": "attach_mib"}

EVERY = (
    ("day", _("Every day")),
    ("week", _("On days of the week")),
    ("month", _("On a day of the month")),
    ("cron", _("By a cron expression")),
)
PERIODS = (
    ("yesterday", _("Yesterday")),
    ("last-week", _("Last week")),
    ("last-month", _("Last month")),
    ("last-quarter", _("Last quarter")),
    ("last-year", _("Last year")),
    ("-7d", _("Last 7 days")),
    ("-30d", _("Last 30 days")),
)
"""Periods to choose from beside the report's own, as of when it runs."""
MISSED = (
    ("latest", _("Run the last one that was missed, late")),
    ("each", _("Run each of the last 100 that were missed, late")),
    ("skip", _("Leave out what is more than an hour late")),
)
EXPLAINED = {
    "title": _("the name of the report"),
    "schedule": _("the name of the schedule"),
    "date": _("the day on which it was due"),
    "time": _("the time at which it was due"),
    "since": _("the beginning of the period"),
    "until": _("the end of the period"),
    "rows": _("the number of rows"),
}
"""What each placeholder of a subject or text stands for."""


def fields(visit: Visit, report: SavedReport, schedule: Schedule | None, wrong: TrailbookError | None) -> Fields:
    """The fields of a schedule of a report, or of a new one; of what was sent, if a form was."""
    sent = visit.form if visit.form.one("every") else None
    places = {**_PLACES, **addressing.places(visit.form)}
    return Fields(_kept(schedule) if schedule else _new(visit, report), sent, wrong, places)


def given(form: Form, report: str, *, active: bool = True) -> ScheduleGiven:
    """What was sent, as the API takes it. Raises BadInput."""
    return build(
        ScheduleGiven,
        {
            "title": form.one("title"),
            "report": report,
            "timing": _timing(form),
            "zone": form.one("zone"),
            "recipients": [one for _field, one in addressing.sent(form)],
            "formats": form.all("formats"),
            "during": form.one("during"),
            "subject": form.one("subject"),
            # A browser ends lines as mail does.
            "text": form.one("text").replace("\r\n", "\n"),
            "skip_empty": form.one("skip_empty") == "on",
            "attach_bytes": _bytes(form.one("attach_mib")),
            "missed": form.one("missed"),
            "active": active,
        },
    )


def times_shown(visit: Visit, shown: Fields) -> dict[str, Any]:
    """When it runs by what stands in the form, to be looked at before it is kept."""
    every = shown.value("every")
    days = [day for day in WEEKDAYS if shown.holds("days", day)]
    timing = {name: days if name == "days" else shown.value(name) for name in TIMING.get(every, ())}
    return {"timing": {"every": every, **timing}, "zone": shown.value("zone"), "locale": visit.locale}


def again(schedule: Schedule, *, active: bool) -> ScheduleGiven:
    """All of a schedule as it is, as the API takes it, but whether it runs."""
    timing = {name: getattr(schedule.timing, name) for name in ("every", "at", "days", "day", "cron")}
    own = {name: getattr(schedule, name) for name in ScheduleGiven.model_fields if name not in ("timing", "recipients")}
    recipients = [{"kind": one.kind, "to": one.to} for one in schedule.recipients]
    return build(ScheduleGiven, {**own, "timing": timing, "recipients": recipients, "active": active})


def offered(visit: Visit, report: SavedReport, schedule: Schedule | None, shown: Fields) -> dict[str, Any]:
    """What the form lets one choose from."""
    names = get_day_names("wide", locale=visit.locale)
    return {
        "every": EVERY,
        "days": [Choice(day, names[number]) for number, day in enumerate(WEEKDAYS)],
        "dates": [*((str(day), str(day)) for day in range(1, 29)), (str(LAST_DAY), visit.gettext("the last day"))],
        "periods": _periods(visit, shown.value("during"), report),
        "zones": dict.fromkeys((visit.service.settings.zone, *ZONES)),
        "formats": [Choice(name, one.name) for name, one in DOWNLOADS.items()],
        "missed": [(value, visit.gettext(label)) for value, label in MISSED],
        "explained": EXPLAINED,
        "to": addressing.offer(visit, schedule.recipients if schedule else (), report.tenant),
    }


def _kept(schedule: Schedule) -> dict[str, Any]:
    timing = schedule.timing
    own = {name: getattr(schedule, name) for name in ("title", "zone", "during", "subject", "text", "missed")}
    when = {name: getattr(timing, name) for name in ("every", "at", "days", "day", "cron")}
    return {
        **own, **when, **addressing.fields_of(schedule.recipients),
        "formats": schedule.formats,
        "skip_empty": ["on"] if schedule.skip_empty else [],
        "attach_mib": _mebibytes(schedule.attach_bytes),
    }  # fmt: skip


def _new(visit: Visit, report: SavedReport) -> dict[str, Any]:
    return blank(
        "during", "text", "cron", "more_accounts", "mails", "folders", "webhooks",
        title=report.title, every="week", at="08:00", days=["mon"], day=1,
        zone=report.definition.get("zone") or visit.service.settings.zone,
        accounts=[visit.caller.id], formats=["csv"], subject="{title}, {date}", skip_empty=[], attach_mib="5",
        missed="latest",
    )  # fmt: skip


def _timing(form: Form) -> dict[str, Any]:
    every = form.one("every")
    kept = TIMING.get(every, ())
    return {"every": every, **{name: form.all(name) if name == "days" else form.one(name) for name in kept}}


def _mebibytes(bytes: int) -> str:
    """Bytes as a number of mebibytes, with no more digits than it takes to mean the same."""
    texts = (f"{bytes / _MEBIBYTE:.{digits}f}" for digits in range(8))
    return next(one for one in texts if _bytes(one) == bytes)


def _bytes(text: str) -> int:
    """A number of mebibytes in bytes. Raises BadInput."""
    try:
        return round(float(text) * _MEBIBYTE)
    except (ValueError, OverflowError):
        raise BadInput(
            _("This is no number."), place="attach_bytes", remedy=_("Correct the field and send it again.")
        ) from None


def period(visit: Visit, during: str, report: SavedReport | None) -> str:
    """A period of a schedule in words; empty: that of its report, which is said where it is known and plainly said."""
    if during:
        return visit.gettext(dict(PERIODS).get(during, during))
    given = report.definition if report else {}
    edges = [given.get(name, "") for name in ("since", "until")]
    if own := given.get("during", ""):
        said = period(visit, own, None)
    elif any(edges):
        said = " – ".join(edge or "…" for edge in edges)
    elif report is not None and not has_period(parse(given.get("query", ""))):
        said = visit.gettext("All time")
    else:
        return visit.gettext("The report's own")
    return visit.gettext("The report's own: %(period)s") % {"period": said}


def _periods(visit: Visit, present: str, report: SavedReport) -> list[tuple[str, str]]:
    """Periods to choose from; and the one that it has, if it is another."""
    known = ["", *dict(PERIODS)]
    return [(one, period(visit, one, report)) for one in dict.fromkeys((*known, present))]
