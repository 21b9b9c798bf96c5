"""How values look on a page: moments, days and numbers in the reader's language, text that events brought along."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from urllib.parse import quote, urlencode

import segno
from babel.dates import format_datetime, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit
from markupsafe import Markup

from ...event.facets import escape
from ...event.model import Kind
from ...query.excerpt import visible
from ...report.clock import Clock, locale_named, zone_named

_SIZES = (("gigabyte", 1_000_000_000), ("megabyte", 1_000_000), ("kilobyte", 1_000), ("byte", 1))
_JOINERS = "\u200c\u200d"
"""They hold letters and emoji together and steer nothing."""


class Showing:
    """Values as people read them, in one zone (an IANA name) and locale. Raises BadDefinition if there is no such."""

    def __init__(self, zone: str, locale: str) -> None:
        self.zone = zone
        self.locale = locale_named(locale)
        self._clock = Clock(zone_named(zone), self.locale)

    def moment(self, moment: datetime | None) -> Markup:
        """A moment such as `Nov 17, 2021, 2:07 PM`, its seconds and zone behind it as a title; none: a dash."""
        if moment is None:
            return Markup("–")
        local = self._clock.local(moment)
        full = f"{format_datetime(local, 'full', locale=self.locale)} ({self.zone})"
        shown = self._clock.show(moment)[0]
        return Markup('<time datetime="{}" title="{}">{}</time>').format(local.isoformat(), full, shown)

    def day(self, day: date) -> Markup:
        """A date such as `Nov 17, 2021`."""
        return Markup('<time datetime="{}">{}</time>').format(day.isoformat()[:10], self._clock.day(day))

    def number(self, number: float) -> str:
        """A number with the separators of the language."""
        return str(format_decimal(number, locale=self.locale))

    def percent(self, part: float) -> str:
        """A part of one as a percentage."""
        return str(format_percent(part, locale=self.locale))

    def size(self, bytes: int) -> str:
        """A size such as `1.2 MB`; a kB has 1,000 bytes."""
        unit, one = next(((unit, one) for unit, one in _SIZES if bytes >= one), _SIZES[-1])
        return format_unit(round(bytes / one, 1), f"digital-{unit}", length="short", locale=self.locale)

    def span(self, seconds: float) -> str:
        """A length of time, roughly, such as `3 minutes`."""
        return format_timedelta(timedelta(seconds=max(1, round(seconds))), locale=self.locale)

    def list(self, texts: Iterable[str]) -> str:
        """Texts with commas and an `and`, as the language has it."""
        return format_list(list(texts), locale=self.locale)


def plain(text: str) -> Markup:
    """Text that somebody else wrote: isolated from the text around it, controls and overrides of direction visible."""
    return Markup(f"<bdi>{Markup.escape(harmless(text))}</bdi>")


def harmless(text: str) -> str:
    """The same as text, for where there is no element around it: an attribute, an option, a title."""
    return text if text.isprintable() else "".join(one if one in _JOINERS else visible(one) for one in text)


def clipped(text: str, most: int = 200) -> Markup:
    """Text that somebody else wrote, of which all beyond `most` characters unfolds."""
    if len(text) <= most:
        return plain(text)
    form = '<details class="clip"><summary><bdi>{}</bdi>…</summary><bdi>{}</bdi></details>'
    return Markup(form).format(harmless(text[:most]), harmless(text[most:]))


def written(text: str) -> str:
    """The same, line ends and tabs as they are: for where white space is kept."""
    lines = text.replace("\r\n", "\n")
    return text if text.isprintable() else "".join(one if one in "\n\t" else harmless(one) for one in lines)


def unfolded(text: str, most: int = 600) -> Markup:
    """As `clipped`, of a text whose lines are kept."""
    if len(text) <= most:
        return Markup("<bdi>{}</bdi>").format(written(text))
    form = '<details class="clip"><summary><bdi>{}</bdi>…</summary><bdi>{}</bdi></details>'
    return Markup(form).format(written(text[:most]), written(text[most:]))


def qr_code(text: str) -> Markup:
    """A text as a QR code to read off the screen, as a picture that holds no text: black on white on dark pages too."""
    return Markup(segno.make_qr(text, error="m").svg_inline(border=4, dark="#000", light="#fff", omitsize=True))


def url(path: str, /, **parameters: object) -> str:
    """A path with parameters; what is None or empty is left out."""
    given = urlencode([(name, str(value)) for name, value in parameters.items() if value is not None and value != ""])
    return f"{path}?{given}" if given else path


def segment(text: str) -> str:
    """A text as one part of a path."""
    return quote(text, safe="")


def url_of_party(kind: Kind, tenant: str, id: str) -> str:
    """The page of a user, group, role or tenant. A `/` in the tenant's id is escaped, as it is in a query."""
    if kind == "tenant":
        return f"/tenants/{segment(id)}"
    return f"/{kind}s/{segment(escape(tenant))}/{segment(id)}"
