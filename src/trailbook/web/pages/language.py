"""Which language a page is in: the catalogues of messages, and the choice among them."""

from __future__ import annotations

import io
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path

from babel import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from starlette.requests import Request

from ...settings import Settings

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""The languages there are, each by its own name. The texts in the code are English."""
COOKIE = "trailbook-language"

_CATALOGUES = Path(__file__).parent / "locale"
_MOST_ACCEPTED = 20


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> NullTranslations:
    """The messages of a language: all of its catalogues, one for each family of pages, as one."""
    together = Catalog(locale=language)
    for path in sorted((_CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and message.string:
                    together.add(message.id, message.string, context=message.context)
    if not len(together):
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, together)
    compiled.seek(0)
    return Translations(compiled)


def chosen(request: Request) -> str:
    """The language of a request: the one that was chosen, else the first that the browser names, else English."""
    cookie = request.cookies.get(COOKIE, "")
    if cookie in LANGUAGES:
        return cookie
    accepted = _by_weight(request.headers.get("Accept-Language", "")[:1_000])
    return negotiate_locale(accepted, list(LANGUAGES), sep="-") or "en"


def _by_weight(accepted: str) -> list[str]:
    """The languages of an Accept-Language header, best first (RFC 9110, 12.5.4)."""
    found = []
    for one in accepted.split(",")[:_MOST_ACCEPTED]:
        language, _, weight = one.partition(";q=")
        found.append((weight.strip()[:5] or "1", language.strip()))
    return [language for weight, language in sorted(found, key=lambda one: one[0], reverse=True) if weight.strip("0.")]


def locale_of(language: str, settings: Settings) -> str:
    """The locale that dates and numbers are written in: that of the settings if it is of this language."""
    return settings.locale if settings.locale.replace("_", "-").split("-")[0] == language else language


def marked(message: str) -> str:
    """The message as it is: marked to be translated where it is shown."""
    return message
