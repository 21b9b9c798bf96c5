"""Turning templates into answers: one environment for each language, in which everything is escaped."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from ...render import DOWNLOADS
from . import static
from .language import LANGUAGES, translations
from .showing import clipped, harmless, plain, segment, unfolded, url, url_of_party, written

_PACKED_FROM = 1_024
_LEVEL = 5


@lru_cache(maxsize=len(LANGUAGES))
def environment(language: str) -> Environment:
    """The templates in a language. A name that a page did not give is an error, never nothing."""
    made = Environment(
        loader=PackageLoader("trailbook.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        static=static.address, url=url, url_of_party=url_of_party, languages=LANGUAGES, downloads=DOWNLOADS
    )
    made.filters.update(
        plain=plain, harmless=harmless, written=written, clipped=clipped, unfolded=unfolded, segment=segment
    )
    return made


def render(language: str, template: str, values: Mapping[str, Any]) -> str:
    """The text of a template."""
    return environment(language).get_template(template).render(values)


def html(request: Request, text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in HTML, packed if the browser takes it so."""
    body = text.encode()
    given = {**(headers or {}), "Vary": "Accept-Encoding, Accept-Language, Cookie"}
    if len(body) >= _PACKED_FROM and static.accepts_gzip(request):
        body = gzip.compress(body, _LEVEL, mtime=0)
        given["Content-Encoding"] = "gzip"
    return Response(body, status, given, "text/html")
