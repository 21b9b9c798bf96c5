"""Reading the pages as text, as a browser without scripts does: links to follow, forms to fill in and send."""

from __future__ import annotations

import os
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

from entered import browser
from httpx import Response
from starlette.testclient import TestClient

from trailbook.access.kept import SESSIONS
from trailbook.access.model import Account, Origin
from trailbook.access.sessions import make_session
from trailbook.web.callers import COOKIE
from trailbook.web.service import Service

_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "use", "path", "rect", "circle", "source"}

_INLINE = {"a", "abbr", "b", "bdi", "code", "del", "em", "i", "ins", "kbd", "mark", "span", "strong", "time"}


class Element:
    """An element of a page: its name, attributes, elements within, and all the text within."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.children: list[Element | str] = []

    @property
    def text(self) -> str:
        """All the text in it, with single spaces."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> list[str]:
        within = [piece for one in self.children for piece in ([one] if isinstance(one, str) else one._texts())]
        return within if self.name in _INLINE else [" ", *within, " "]

    def all(self, name: str, /, **attributes: str) -> list[Element]:
        """The elements of this name and these attributes within, in order (`class_` for `class`)."""
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
        found = []
        for one in self.children:
            if isinstance(one, Element):
                fits = all(one.attributes.get(key) == value for key, value in wanted.items())
                found += ([one] if one.name == name and fits else []) + one.all(name, **attributes)
        return found

    def one(self, name: str, /, **attributes: str) -> Element:
        """The only such element."""
        found = self.all(name, **attributes)
        assert len(found) == 1, f"{len(found)} elements <{name}> {attributes}"
        return found[0]


def sent(field: Element) -> bool:
    """Whether a browser sends the field."""
    return "name" in field.attributes and "disabled" not in field.attributes


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open[-1].name == tag, f"</{tag}> closes <{self._open[-1].name}>"
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


class Seen:
    """A page as it was answered."""

    def __init__(self, answer: Response) -> None:
        self.answer, self.status, self.headers = answer, answer.status_code, answer.headers
        builder = _Builder()
        if answer.headers.get("content-type", "").startswith("text/html"):
            builder.feed(answer.text)
        self.root = builder.root

    @property
    def text(self) -> str:
        """What its main part says."""
        return self.root.one("main").text

    @property
    def heading(self) -> str:
        """Its first heading."""
        return self.root.one("h1").text

    @property
    def links(self) -> dict[str, str]:
        """Where its links lead, by their texts."""
        return {one.text: one.attributes["href"] for one in self.root.all("a") if "href" in one.attributes}

    @property
    def token(self) -> str:
        """What its forms send back."""
        return self.root.all("input", name="csrf")[0].attributes["value"]

    def form(self, action: str) -> dict[str, str]:
        """What the first form with this action sends as it stands, by the fields' names."""
        form = self.root.all("form", action=action)[0]
        filled = {one.attributes["name"]: one for one in form.all("input") if sent(one)}
        left_out = {name for name, one in filled.items() if one.attributes.get("type") in ("checkbox", "radio")}
        values = {name: one.attributes.get("value", "") for name, one in filled.items() if name not in left_out}
        return {**values, **{one.attributes["name"]: one.text for one in form.all("textarea")}}


class Reader:
    """Somebody at the pages."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str, **headers: str) -> Seen:
        """The page at a path, not sent on."""
        given = {"Accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return Seen(self.client.get(path, headers=given, follow_redirects=False))

    def post(self, path: str, /, **fields: Any) -> Seen:
        """The answer to a form sent as it is given, not sent on."""
        return Seen(self.client.post(path, data=fields, headers={"Accept": "text/html"}, follow_redirects=False))

    def send(self, page: Seen, action: str, **fields: Any) -> Seen:
        """The answer to a form of a page, filled in."""
        return self.post(action, **{**page.form(action), **fields})


def reading(served: Service, account: Account | None = None) -> Reader:
    """Somebody at the pages of the service, signed in with the account, second factor included."""
    client = browser(served)
    if account is not None:
        lasts = timedelta(hours=12)
        token, session = make_session(account, Origin(), served.clock(), os.urandom, lasts=lasts, proven=True)
        served.keep([SESSIONS.record(session)])
        client.cookies.set(COOKIE, token)
    return Reader(client)
