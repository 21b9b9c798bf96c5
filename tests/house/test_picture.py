"""The picture of a report in the README is drawn from what a terminal shows."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import picture as drawing

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def test_each_column_stands_at_its_cell_even_after_wide_characters() -> None:
    tree = ElementTree.fromstring(drawing.picture("trailbook <x>", "佐藤陽子  Login\nBob       Login\n"))
    texts = {(one.text, one.get("x")) for one in tree.iter(f"{SVG}text")}
    assert ("$ trailbook <x>", "16.0") in texts
    assert {x for text, x in texts if text == "Login"} == {"94.0"}


def test_the_lines_of_a_table_join() -> None:
    table = "┌────┬───┐\n│ 佐 │ a │\n├────┼───┤\n│ b  │ c │\n├╌╌╌╌┼╌╌╌┤\n│ d  │ e │\n└────┴───┘\n"
    tree = ElementTree.fromstring(drawing.picture("trailbook", table))
    drawn = sorted((one.get("class"), one.get("d")) for one in tree.iter(f"{SVG}path"))
    assert drawn == [
        ("rule", "M19.9 140.0L90.1 140.0"),
        ("rule", "M19.9 47.0L19.9 140.0"),
        ("rule", "M19.9 47.0L90.1 47.0"),
        ("rule", "M19.9 78.0L90.1 78.0"),
        ("rule", "M58.9 47.0L58.9 140.0"),
        ("rule", "M90.1 47.0L90.1 140.0"),
        ("rule faint", "M19.9 109.0L90.1 109.0"),
    ]
    assert {one.text for one in tree.iter(f"{SVG}text")} == {"$ trailbook", "佐", "a", "b", "c", "d", "e"}


def test_the_picture_in_the_docs_is_well_formed() -> None:
    tree = ElementTree.parse(ROOT / "docs" / "report.svg")
    assert any((one.text or "").startswith("Audit") for one in tree.iter(f"{SVG}text"))
