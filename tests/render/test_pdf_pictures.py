"""PDF as it looks: text from right to left and of joined letters, as another program sets it; no overlaps."""

from __future__ import annotations

import pytest
from papers import SCRIPTS, font, made, picture, plain
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps

SHAPE = (400, 40)


def ink(image: Image.Image) -> Image.Image:
    """What is drawn and nothing around it, in one size, white on black."""
    dark = ImageOps.invert(image.convert("L"))
    return dark.crop(dark.point(lambda shade: 255 * (shade > 96)).getbbox()).resize(SHAPE)


def set_by_another(text: str, name: str, **how: object) -> Image.Image:
    """The text in one line, set by libraqm."""
    image = Image.new("L", (1600, 200), 255)
    letters = ImageFont.truetype(str(font(name)), 60, layout_engine=ImageFont.Layout.RAQM)
    ImageDraw.Draw(image).text((200, 40), text, fill=0, font=letters, **how)  # type: ignore[arg-type]
    return ink(image)


def cell(text: str) -> Image.Image:
    """The one cell of a PDF: what is below the labels and above the last lines."""
    page = picture(made(plain([(text,)]), header=False), dots=400)
    dots = 400 / 72
    # From the lower edge of the labels to the rule below the row.
    return ink(page.crop((0, int(45 * dots), page.width, int(60.5 * dots))))


def difference(one: Image.Image, other: Image.Image) -> float:
    """How much the two differ, beside how much there is."""
    told = sum(ImageChops.difference(one, other).tobytes())
    return told / sum(one.tobytes())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (SCRIPTS["Arabic"], "NotoSansArabic-Regular.ttf"),
        (SCRIPTS["Hebrew"], "NotoSansHebrew-Regular.ttf"),
        ("שָׁלוֹם", "NotoSansHebrew-Regular.ttf"),
        (SCRIPTS["Devanagari"], "NotoSansDevanagari-Regular.ttf"),
        (SCRIPTS["Tamil"], "NotoSansTamil-Regular.ttf"),
        (SCRIPTS["Thai"], "NotoSansThai-Regular.ttf"),
    ],
)
def test_letters_stand_and_join_as_another_program_sets_them(text: str, name: str) -> None:
    drawn = cell(text)
    as_it_should, unjoined = set_by_another(text, name), set_by_another(text[::-1], name)
    assert difference(drawn, as_it_should) < 0.35
    assert difference(drawn, as_it_should) < 0.6 * difference(drawn, unjoined)


def test_columns_keep_apart_whatever_they_hold() -> None:
    rows = [(text * 3, "W" * 400, text) for text in SCRIPTS.values()]
    page = picture(made(plain(rows), header=False), dots=100)
    dark = page.point(lambda shade: 255 * (shade < 128)).crop((0, int(48 * 100 / 72), page.width, int(550 * 100 / 72)))
    empty = [dark.crop((x, 0, x + 1, dark.height)).getbbox() is None for x in range(dark.width)]
    begins = [x for x in range(1, dark.width) if empty[x - 1] and not empty[x]]
    assert begins
    assert min(begins) >= 28 * 100 / 72 - 1
    assert not any(x for x in range(int((841.89 - 27) * 100 / 72), dark.width) if not empty[x])
