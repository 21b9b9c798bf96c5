"""What a form of ours sends: read whole, within bounds, into a model that names its fields."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar, get_origin
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from ...access.model import Session
from ...access.sessions import check_form
from ...errors import BadInput, NotAllowed, Unsupported
from ..bodies import read_body
from .language import marked as _

MOST_BYTES = 1 << 20
MOST_FIELDS = 2_000
TOKEN_FIELD = "csrf"
_MOST_FILES = 1
_MOST_FIELDS_BESIDE = 20

_PLAINLY = {
    "missing": _("Fill in this field."),
    "string_too_short": _("Fill in this field."),
    "string_too_long": _("This is too long."),
    "string_pattern_mismatch": _("This holds characters that cannot be part of it."),
    "too_short": _("Choose at least one."),
}
"""What is wrong with a field that people filled in, by the kind of the error."""

Model = TypeVar("Model", bound=BaseModel)


class File(NamedTuple):
    """A file that came with a form: the name that it had, and what is in it."""

    name: str
    body: bytes


class Form:
    """The fields of a form, each with what it was given; empty for a page that is only looked at."""

    def __init__(self, fields: dict[str, list[str]], files: dict[str, File] | None = None) -> None:
        self._fields = fields
        self.files = files or {}

    def one(self, name: str) -> str:
        """The value of a field, without space around it; empty if it was not given."""
        return self._fields.get(name, [""])[0].strip()

    def all(self, name: str) -> list[str]:
        """The values of a field that may be there several times, such as boxes that are ticked."""
        return [one for one in self._fields.get(name, []) if one]

    def read(self, model: type[Model], **more: Any) -> Model:
        """The form as a model; a field that was left empty is left out. `more`: what the page itself knows.

        Raises BadInput for a field that is not the model's, is there twice, or does not fit.
        """
        values: dict[str, Any] = dict(more)
        for name, given in self._fields.items():
            filled = [one for one in given if one]
            field = model.model_fields.get(name)
            if field is None:
                raise BadInput("This form has no such field.", place=name[:100], remedy="Load the page again.")
            if get_origin(field.annotation) in (list, tuple):
                values[name] = filled
            elif len(given) > 1:
                raise BadInput("The field is there twice.", place=name, remedy="Load the page again.")
            elif filled:
                values[name] = filled[0]
        return build(model, values)


def build(model: type[Model], values: dict[str, Any]) -> Model:
    """A model of these values. Raises BadInput, saying of the first that does not fit why."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        problem = _PLAINLY.get(first["type"], f"{first['msg'].removeprefix('Value error, ')}.")
        raise BadInput(problem, place=place, remedy=_("Correct the field and send it again.")) from None


async def form_of(request: Request) -> Form:
    """The form that was posted. Raises BadInput, TooLarge, Unsupported; NotAllowed if another site's page sent it."""
    _check_site(request)
    raw = await read_body(request, MOST_BYTES)
    type_ = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw and type_ != "application/x-www-form-urlencoded":
        raise Unsupported("This is not sent as a form.", place="Content-Type", remedy="Use the page of Trailbook.")
    fields: dict[str, list[str]] = {}
    try:
        for name, value in parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        ):
            fields.setdefault(name, []).append(value)
    except ValueError:
        raise BadInput(
            f"The form is not UTF-8, or has more than {MOST_FIELDS:,} fields.",
            place="form",
            remedy="Use the page of Trailbook.",
        ) from None
    return Form(fields)


async def form_with_files(request: Request) -> Form:
    """A form that may bring files, within what a request may send. Raises as `form_of` does."""
    _check_site(request)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await form_of(request)
    fields: dict[str, list[str]] = {}
    files: dict[str, File] = {}
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS_BESIDE, max_part_size=MOST_BYTES) as given:
        for name, value in given.multi_items():
            if isinstance(value, str):
                fields.setdefault(name, []).append(value)
            elif value.filename:
                files[name] = File(value.filename, await value.read())
    return Form(fields, files)


def _check_site(request: Request) -> None:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowed("This form comes from another site.", place="form", remedy="Use the page of Trailbook.")


def checked(form: Form, session: Session) -> Form:
    """The form without its token. Raises NotAllowed unless it comes from a page of this session."""
    fields = dict(form._fields)
    given = fields.pop(TOKEN_FIELD, [""])
    check_form(session, given[0])
    return Form(fields, form.files)
