"""What the vocabulary of reports is called on pages: columns, fields, units and kinds, marked to be translated."""

from __future__ import annotations

from collections.abc import Mapping

from ...event.model import Kind
from ...query.tree import Direction
from ...report.columns import COLUMNS
from .language import marked as _
from .screens import Screen

_COLUMNS = (
    _("Audit - ID"),
    _("Audit - Date/Time"),
    _("Audit - Initiator (User)"),
    _("Audit - Resource"),
    _("Audit - Action"),
    _("Audit - Details"),
    _("Audit - Date"),
    _("Audit - Time"),
    _("Audit - Application"),
    _("Audit - Initiator IP"),
    _("Audit - Tenant"),
    _("Audit - User Group(s)"),
    _("Audit - Related To"),
    _("Audit - Data"),
    _("Audit - Modified Data"),
    _("Role(s)"),
    _("Outcome"),
    _("Target(s)"),
    _("Target tenant"),
    _("Target group(s)"),
    _("Matched"),
    _("Recorded at"),
    _("Book"),
    _("Book position"),
    _("Request ID"),
    _("User agent"),
    _("# of rows"),
    _("Hour"),
    _("Day"),
    _("Week of"),
    _("Month"),
)
"""The labels that `report` has for columns and units of time."""

_MEANINGS = (
    _("the event's ID"),
    _("when it occurred"),
    _("the user who performed the action"),
    _("the resource associated with it"),
    _("the action's name"),
    _("what took place"),
    _("the date of the event"),
    _("the time of the event"),
    _("the component it came from"),
    _("the IP address of the user who performed it"),
    _("the initiator's tenant"),
    _("the groups the initiator belonged to"),
    _("what the action refers to: targets, then other references"),
    _("the full log message"),
    _("what the action modified"),
    _("the roles the initiator had"),
    _("success, failure, denied or unknown"),
    _("whom or what it was done to, by name"),
    _("the tenants of the target parties"),
    _("the groups that were targets or that target users belonged to"),
    _("by, against or both: how it meets the query's users, groups, roles and tenants"),
    _("when it was stored"),
    _("the tenant whose book it is in"),
    _("its place in its book, from 0"),
    _("the request it was part of"),
    _("the program the initiator used"),
)
"""What `report` says that columns show."""

FIELDS: Mapping[str, str] = {
    "action": _("Action"),
    "resource": _("Resource"),
    "app": _("Application"),
    "user": _("Initiator"),
    "outcome": _("Outcome"),
    "tenant": _("Tenant"),
    "group": _("Group"),
    "role": _("Role"),
    "ip": _("IP address"),
    "book": _("Book"),
    "changed": _("Changed"),
    "related": _("Related to"),
    "id": _("Event"),
    "request": _("Request"),
    "is": _("Property"),
    "since": _("From"),
    "until": _("Until"),
    "during": _("During"),
}
"""The keys of the query language, in words."""

KINDS: Mapping[Kind, str] = {"user": _("User"), "group": _("Group"), "role": _("Role"), "tenant": _("Tenant")}

DIRECTIONS: Mapping[Direction, str] = {
    "either": _("did it or was affected"),
    "by": _("did it"),
    "against": _("was affected"),
}
"""On which side of an event somebody is."""

MATCHES: Mapping[str, str] = {
    "by": _("did it"),
    "against": _("was affected"),
    "both": _("did it and was affected"),
    "": "",
}
"""The column Matched, in words."""

UNITS: Mapping[str, str] = {"hour": _("Hour"), "day": _("Day"), "week": _("Week"), "month": _("Month")}


def column_label(screen: Screen, key: str) -> str:
    """A column's own label, in the reader's language."""
    return screen.gettext(COLUMNS[key].label)
