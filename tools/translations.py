"""Lists the messages of the pages that a catalogue lacks, or has and nothing says: `python tools/translations.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

PAGES = Path(__file__).parents[1] / "src" / "trailbook" / "web" / "pages"
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
_OPTIONS = {"templates/**.html": {"trimmed": "false", "newstyle_gettext": "true", "extensions": "jinja2.ext.do"}}


class Fault(NamedTuple):
    """What is wrong with a message: where it stands, the message, and what."""

    place: str
    message: str
    what: str


def said() -> Catalog:
    """All that the pages say, with the files that say it."""
    catalog = Catalog()
    for file, line, message, _, context in extract_from_dir(
        PAGES, _METHODS, _OPTIONS, keywords=_KEYWORDS, strip_comment_tags=True
    ):
        catalog.add(message, locations=[(file, line)], context=context)
    return catalog


def written(language: str) -> Iterator[tuple[str, Message]]:
    """The messages of a language's catalogues, each with the file that it stands in."""
    for path in sorted((PAGES / "locale" / language).glob("*.po")):
        with path.open("rb") as file:
            yield from ((path.name, message) for message in read_po(file, locale=language) if message.id)


def faults(language: str) -> list[Fault]:
    """What a language lacks, has twice with different words, has for nothing, or has with other placeholders."""
    wanted, found, known = said(), list[Fault](), dict[object, Message]()
    for name, message in written(language):
        before = known.setdefault(message.id, message)
        if before.string != message.string:
            found.append(Fault(name, _text(message), "has two translations"))
        if message.id not in wanted:
            found.append(Fault(name, _text(message), "is said nowhere"))
        if message.fuzzy or not all(message.string if isinstance(message.string, tuple) else (message.string,)):
            found.append(Fault(name, _text(message), "has no translation"))
        found += [Fault(name, _text(message), str(error)) for error in message.check(wanted)]
    found += [
        Fault(f"{message.locations[0][0]}:{message.locations[0][1]}", _text(message), "is missing")
        for message in wanted
        if message.id and message.id not in known
    ]
    return found


def _text(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple) else message.id


if __name__ == "__main__":
    told = [fault for folder in sorted((PAGES / "locale").iterdir()) for fault in faults(folder.name)]
    for fault in told:
        print(f"{fault.place}: {fault.message!r} {fault.what}")
    sys.exit(1 if told else 0)
