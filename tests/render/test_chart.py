"""Charts: in proportion, bounded, told by more than colour, and harmless."""

from __future__ import annotations

import io
import itertools
import re
import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from papers import SCRIPTS
from PIL import Image
from trails import AT, event, report_on

from trailbook.event.model import Event
from trailbook.render.chart import Figure, Series, of_report, plot, svg
from trailbook.render.chart.drawing import COLOURS, SIZE, Box, Curve, Drawing, Label, Strokes
from trailbook.render.chart.figure import MOST_BARS, MOST_POINTS, MOST_SERIES
from trailbook.render.chart.plot import shortened, ticks
from trailbook.render.fonts import faces
from trailbook.render.pdf.document import Document
from trailbook.render.picture import png
from trailbook.render.terminal import width


def figure(events: list[Event], *group_by: str, **definition: Any) -> Figure:
    found = of_report(report_on(events, group_by=list(group_by), **definition))
    assert found is not None
    return found


def bars(drawing: Drawing) -> list[Box]:
    """The boxes that stand for numbers."""
    return [shape for shape in drawing.shapes if isinstance(shape, Box) and shape.title]


def labels(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Label)]


def test_a_list_and_a_report_of_nothing_have_no_chart() -> None:
    assert of_report(report_on([event()])) is None
    assert of_report(report_on([], group_by=["action"])) is None


def test_a_bar_for_each_group_in_the_order_of_the_report() -> None:
    events = [event(number, action="play" if number < 4 else "login") for number in range(1, 5)]
    assert figure(events, "action") == Figure("bars", "Audit - Action", ("login", "play"), (Series("", (1, 3)),))
    assert figure(events, "action", group_order="rows").labels == ("play", "login")


def test_a_second_column_stacks() -> None:
    events = [event(1, action="a", resource="x"), event(2, action="a", resource="y"), event(3, action="b")]
    found = figure(events, "action", "resource")
    assert found.labels == ("a", "b")
    assert {one.name: one.values for one in found.series} == {"x": (1, 0), "y": (1, 0), "calls": (0, 1)}


def test_time_has_no_gaps_and_goes_forward() -> None:
    events = [event(1, AT), event(2, AT + timedelta(days=3)), event(3, AT + timedelta(days=3))]
    found = figure(events, "day", group_order="rows")
    assert found.kind == "line"
    assert found.labels == ("Nov 17, 2021", "", "", "Nov 20, 2021")
    assert found.series == (Series("", (1, 0, 0, 2)),)
    stacked = figure([*events, event(4, AT, action="login")], "day", "action")
    assert stacked.kind == "columns"


@pytest.mark.parametrize("unit", ["hour", "day", "week", "month"])
def test_over_any_time_a_line_has_so_many_points_and_counts_all(unit: str) -> None:
    events = [event(number, AT - timedelta(days=number * 37)) for number in range(1, 120)]
    found = figure(events, unit)
    assert len(found.labels) <= MOST_POINTS
    assert sum(found.series[0].values) == len(events)


def test_hours_around_the_change_of_clocks_are_one_apart() -> None:
    at = AT.replace(month=10, day=30, hour=20)
    events = [event(number, at + timedelta(hours=number)) for number in range(1, 12)]
    assert figure(events, "hour", zone="Europe/Berlin").series[0].values == (1,) * 11


def test_what_is_too_much_becomes_others_and_is_counted() -> None:
    events = [event(number, action=f"a{number:03}", resource=f"r{number % 20}") for number in range(1, 101)]
    found = figure(events, "action", "resource")
    assert len(found.labels) == MOST_BARS
    assert found.others == 100 - MOST_BARS + 1
    assert len(found.series) == MOST_SERIES + 1
    assert found.series[-1].rest
    assert sum(sum(one.values) for one in found.series) == 100
    assert f"others ({found.others})" in labels(plot(found, "en"))


COUNTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=20)


@given(COUNTS, st.sampled_from(["bars", "columns"]))
def test_bars_are_as_long_as_their_numbers(counts: list[int], kind: Any) -> None:
    drawing = plot(Figure(kind, "x", tuple(f"l{at}" for at in range(len(counts))), (Series("", tuple(counts)),)), "en")
    drawn = bars(drawing)
    assert len(drawn) == sum(count > 0 for count in counts)
    longs = [one.width if kind == "bars" else one.height for one in drawn]
    for (one, long), (other, also) in itertools.pairwise(zip(filter(None, counts), longs, strict=True)):
        assert long * other == pytest.approx(also * one, rel=1e-6)
    assert all(one.x >= 0 and one.x + one.width <= drawing.width for one in drawn)
    assert all(one.y >= 0 and one.y + one.height <= drawing.height for one in drawn)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=9))
def test_stacked_bars_stand_on_each_other_and_do_not_overlap(rows: list[tuple[int, ...]]) -> None:
    series = tuple(Series(f"s{at}", values) for at, values in enumerate(zip(*rows, strict=True)))
    drawn = bars(plot(Figure("bars", "x", tuple(map(str, range(len(rows)))), series), "en"))
    for _, row in itertools.groupby(drawn, key=lambda one: one.y):
        for one, other in itertools.pairwise(row):
            assert other.x == pytest.approx(one.x + one.width)


@pytest.mark.parametrize("name", [*SCRIPTS.values(), "നമസ്കാരം ലോകം", "සිංහල භාෂාව", "WWWWMMMM", "ЖЩЮШФМ"])
def test_no_name_of_a_series_runs_into_the_next(name: str) -> None:
    text = Document("", AT).setter(faces(""), SIZE)
    series = (Series(name, (1,)), Series("next", (2,)))
    drawing = plot(Figure("columns", "x", ("a",), series), "en")
    first, second = [shape for shape in drawing.shapes if isinstance(shape, Label)][:2]
    assert first.x + text.width(first.text) < second.x - 20


@given(st.integers(0, 10**15))
def test_ticks_are_round_and_reach_the_highest(most: int) -> None:
    found = ticks(most)
    assert found[0] == 0
    assert found[-1] >= most
    assert 2 <= len(found) <= 7
    step = found[1]
    assert all(after - before == step for before, after in itertools.pairwise(found))
    assert str(step).rstrip("0") in ("1", "2", "5")


def test_numbers_are_written_as_the_locale_does() -> None:
    one = Figure("bars", "x", ("a",), (Series("", (1_234_567,)),))
    assert "1.234.567" in labels(plot(one, "de"))
    assert "1,234,567" in labels(plot(one, "en"))


@given(st.text(max_size=60), st.integers(2, 40))
def test_a_label_that_is_cut_says_so(text: str, most: int) -> None:
    found = shortened(text, most)
    assert width(found) <= most
    assert found.endswith("…") or "…" in text or found == shortened(text, 10_000)


def test_nothing_is_told_by_colour_alone() -> None:
    series = (*(Series(f"s{at}", (at + 30,)) for at in range(MOST_SERIES)), Series("", (9,), rest=True))
    drawing = plot(Figure("bars", "x", ("a",), series), "en")
    hatches = [shape for shape in drawing.shapes if isinstance(shape, Strokes) and shape.ink == "hatch"]
    slopes = set()
    for hatch in hatches:
        slopes.add(frozenset((ax == bx, ay == by, (bx - ax) * (by - ay) > 0) for (ax, ay), (bx, by) in hatch.lines))
    assert len(slopes) == MOST_SERIES, "a pattern for each but the first"
    assert {f"s{at}" for at in range(MOST_SERIES)} | {"others"} <= set(labels(drawing))
    lines = plot(Figure("line", "x", ("a", "b"), tuple(Series(one.name, (1, 2), one.rest) for one in series)), "en")
    dashes = {shape.dashes for shape in lines.shapes if isinstance(shape, Curve)}
    assert len(dashes) == MOST_SERIES + 1


def test_hatching_stays_within_its_bar() -> None:
    drawing = plot(Figure("columns", "x", ("a", "b"), tuple(Series(str(at), (at, 7)) for at in range(6))), "en")
    shapes = list(drawing.shapes)
    for box, hatch in itertools.pairwise(shapes):
        if isinstance(box, Box) and isinstance(hatch, Strokes) and hatch.ink == "hatch":
            for x, y in itertools.chain(*hatch.lines):
                assert box.x - 1e-6 <= x <= box.x + box.width + 1e-6
                assert box.y - 1e-6 <= y <= box.y + box.height + 1e-6


HOSTILE = '"><script>alert(1)</script>&]]>\x00\x1b[31m\u202e\ufffe'


@given(st.text(max_size=40), st.sampled_from(["bars", "line", "columns"]))
def test_svg_is_xml_whatever_the_labels_are(text: str, kind: Any) -> None:
    series = (Series(text, (1, 2)), Series(f"{text}!", (3, 4)))
    root = ET.fromstring(svg(plot(Figure(kind, text, (text, f"{text}2"), series), "en")))
    assert {one.tag.rpartition("}")[2] for one in root.iter()} <= {
        "svg", "title", "desc", "rect", "path", "polyline", "text",
    }  # fmt: skip


def test_svg_says_what_it_is_and_holds_no_markup_of_others() -> None:
    written = svg(plot(Figure("bars", HOSTILE, (HOSTILE,), (Series("", (1,)),)), "en"))
    assert "<script" not in written
    assert 'role="img"' in written
    assert re.search(r"<title># of rows: &quot;&gt;&lt;script", written)
    assert "<desc>" in written
    assert not re.search(r"style=|href|url\(|<style|on\w+=", written)
    assert set(re.findall(r"#[0-9a-f]{6}", written)) <= set(COLOURS)
    assert "currentColor" in written


def test_a_picture_of_it_is_a_png_with_its_text_in_it() -> None:
    drawing = plot(Figure("bars", "x", ("中文", "שלום", "play"), (Series("", (1, 2, 3)),)), "en")
    image = Image.open(io.BytesIO(png(drawing)))
    assert image.format == "PNG"
    assert image.size == (round(drawing.width * 2), round(drawing.height * 2 + 0.49))
    blank = Image.open(io.BytesIO(png(plot(Figure("bars", "x", ("", "", ""), drawing_series()), "en"))))
    assert dark(image) > dark(blank) + 200


def drawing_series() -> tuple[Series, ...]:
    return (Series("", (1, 2, 3)),)


def dark(image: Image.Image) -> int:
    """How many of its dots are of dark grey or black."""
    return sum(image.convert("L").histogram()[:60])
