"""The fonts that files are drawn with: found in folders, and chosen character by character."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path

import uharfbuzz as hb

FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    *(("/Library/Fonts", "/System/Library/Fonts") if sys.platform == "darwin" else ()),
    *(("C:/Windows/Fonts",) if sys.platform == "win32" else ()),
)
"""Where fonts usually are."""

_WANTED = (
    r"NotoSans",
    r"NotoSans(?!Mono|Display|Symbols|Math)[A-Z]\w*",
    r"DejaVuSans",
    r"DroidSansFallbackFull",
    r"NanumGothic",
    r"NotoSans(Symbols2?|Math)",
    r"LiberationSans|Arial|Arial Unicode",
)
"""File names, without weight and ending, of the fonts that are used: the first that has a character draws it."""

_NAME = re.compile(r"(.+?)-?(Regular|Bold|)\.ttf")
_SLANTED = re.compile("Italic|Oblique")
_OUTLINES = "glyf"


class Face:
    """A TrueType font file: which characters it has, and how they are shaped. Lengths are in 1000ths of its size."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.face = hb.Face(hb.Blob.from_file_path(str(path)))
        self.font = hb.Font(self.face)
        self.scale = 1000 / self.face.upem

    @cached_property
    def characters(self) -> frozenset[int]:
        """The code points that it has; none if it has no TrueType outlines, which alone a PDF takes as they are."""
        return frozenset(self.face.unicodes) if _OUTLINES in self.face.table_tags else frozenset()

    @cached_property
    def family(self) -> str:
        """What its family is called."""
        return str(self.face.get_name(hb.OTNameIdPredefined.FONT_FAMILY) or self.path.stem)

    def glyph(self, character: str) -> int:
        """The glyph of a character, 0 (a box) if there is none."""
        return int(self.font.get_nominal_glyph(ord(character)) or 0)

    def advance(self, glyph: int) -> int:
        """The width of a glyph."""
        width: float = self.font.get_glyph_h_advance(glyph) * self.scale
        return round(width)


class Faces:
    """Fonts in order of preference, opened when a character is first looked for in them. The first always draws."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = tuple(paths)
        self._chosen: dict[str, Face | None] = {}
        self.first = _opened(self._paths[0])

    def of(self, character: str) -> Face | None:
        """The font that draws this character, or None."""
        try:
            return self._chosen[character]
        except KeyError:
            code = ord(character)
            found = self._chosen[character] = next((face for face in self._all() if code in face.characters), None)
            return found

    def files(self, text: str) -> list[Path]:
        """The files that draw this text."""
        found = {self.first.path: None} | {face.path: None for one in set(text) if (face := self.of(one))}
        return list(found)

    def _all(self) -> Iterator[Face]:
        return map(_opened, self._paths)


@lru_cache(maxsize=512)
def _opened(path: Path) -> Face:
    return Face(path)


@lru_cache(maxsize=16)
def _found(own: str, usual: Sequence[str]) -> tuple[tuple[int, str, Path], ...]:
    """All fonts in one's own folder, then the wanted ones: their place in the order, their weight, and their file."""
    found = []
    folders = [own, *usual] if own else usual
    for at, folder in enumerate(folders):
        for path in sorted(Path(folder).expanduser().rglob("*.ttf")):
            name = _NAME.fullmatch(path.name)
            if name is None or _SLANTED.search(name[1]):
                continue
            order = next((at for at, one in enumerate(_WANTED) if re.fullmatch(one, name[1])), len(_WANTED))
            if own and at == 0:
                found.append((order - len(_WANTED) - 1, name[2], path))
            elif order < len(_WANTED):
                found.append((order, name[2], path))
    return tuple(sorted(found, key=lambda one: one[0]))


def faces(folder: str = "", *, bold: bool = False) -> Faces:
    """The fonts in a folder, then those in the usual ones; at the end one for Latin text that comes with ReportLab.

    Any TrueType font in the folder is used, elsewhere those that are known to serve. `bold`: bold ones first.
    """
    found = _found(folder, FOLDERS)
    regular = [path for _, weight, path in found if weight != "Bold"]
    heavy = [path for _, weight, path in found if weight == "Bold"] if bold else []
    own = Path(str(files("reportlab"))) / "fonts"
    return Faces([*heavy, *regular, own / ("VeraBd.ttf" if bold else "Vera.ttf")])


def installed(folder: str = "") -> bool:
    """Whether there are fonts beside the one that comes with ReportLab."""
    return bool(_found(folder, FOLDERS))
