"""The catalogues say all that the pages say, and the templates take no text of others for markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import translations

from trailbook.web.pages.language import LANGUAGES

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "src" / "trailbook" / "web" / "pages" / "templates").rglob("*.html"))

INLINE = re.compile(r"\|\s*safe\b|\bstyle=|<style|<script(?! type=\"module\" src=)|\son[a-z]+=")
"""What the Content-Security-Policy forbids, and what would let text become markup."""


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_message_is_translated_once_and_none_for_nothing(language: str) -> None:
    assert len(translations.said()) > 10
    assert translations.faults(language) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_takes_nothing_but_its_own_words_for_markup(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    # `_()` takes its message for markup, and so it may be given none that comes from elsewhere.
    assert re.findall(r"\b(?:_|gettext|ngettext)\((?![\"'])", text.replace("screen.gettext(", "screen.say(")) == []
    assert INLINE.findall(text) == []
    # Where a link leads is made by `url()`, or is one that a page has made: named path, address or link.
    made = r"static\(|url\(|url_of_party\(|[a-z_.]*(?:path|address|link)\b"
    assert re.findall(rf"(?:href|src|action)=\"{{{{ (?!{made})", text) == []
