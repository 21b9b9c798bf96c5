"""PDF: what is read back from it, in any script, on however many pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papers import SCRIPTS, bare, font, made, pages, plain, read
from trails import AT, event, report_on

from trailbook.render import fonts, pdf
from trailbook.render.pdf.document import Document
from trailbook.render.terminal import safe

LEFT_TO_RIGHT = [name for name in SCRIPTS if name not in ("Arabic", "Hebrew")]


def test_the_first_page_says_what_the_report_is() -> None:
    report = report_on(
        [event(1, action="play"), event(2, action="login")], columns=["action"], query="user:Ann", during="2021-11"
    )
    text = read(made(report))
    for line in (
        "Audit Trail Details Report",
        "Query user:Ann",
        "Period from 2021-11-01 00:00+00:00 to before 2021-12-01 00:00+00:00 (UTC)",
        "Viewer operator",
        "Generated at 2021-12-01 09:00+00:00",
        "# of rows 2",
        "user 'Ann' user:acme/u1",
        f"Head of acme 2 {report.header.heads['acme'].root.hex()}",
    ):
        assert bare(line) in bare(text)


def test_warnings_stand_on_the_first_page() -> None:
    report = report_on([event()], columns=["action"], query="user:nobody")
    assert report.header.warnings
    assert all(bare(warning) in bare(pages(made(report))[0]) for warning in report.header.warnings)


def test_without_a_header_there_are_rows_alone() -> None:
    text = read(made(plain([("one",)]), header=False))
    assert text.startswith("C0\none\n")
    assert "Viewer" not in text


@pytest.mark.parametrize("script", LEFT_TO_RIGHT)
def test_a_cell_in_this_script_is_read_back_as_it_was(script: str) -> None:
    cell = SCRIPTS[script]
    paper = made(plain([(cell, "and Latin"), (f"{cell} {cell} " + cell.replace(" ", "") * 9, "x")]))
    text = bare(read(paper))
    assert bare(f"{cell} and Latin {cell} {cell}") + bare(cell) * 9 in text
    assert "nofont" not in text


@pytest.mark.parametrize("script", ["Arabic", "Hebrew"])
def test_words_from_right_to_left_are_read_back_as_they_were(script: str) -> None:
    assert bare(SCRIPTS[script]) in bare(read(made(plain([(SCRIPTS[script],)])), "-layout"))


def test_all_lines_of_a_paragraph_from_right_to_left_stand_at_the_right() -> None:
    setter = Document("", AT).setter(fonts.faces(""), 8)
    lines = setter.block("שלום עולם, Back office, Complaints (2)", 60).lines
    assert len(lines) > 1
    assert all(line.right for line in lines)


def test_characters_that_look_the_same_stay_what_they_are() -> None:
    cell = "\u03a9\u2126 A\u0391\u0410 \u00a0- \u2010\u2011 e\u0301 \u00e9 \ufb01 fi"
    assert bare(cell) in bare(read(made(plain([(cell,)]))))


def test_what_no_font_has_is_drawn_as_a_box_and_named_but_found_by_a_search() -> None:
    text = read(made(plain([("a\U0010fffdb \U0010fffc",), ("a\U0010fffdb",)])))
    assert "a\U0010fffdb" in text
    assert "Characters that no font here has, drawn as boxes: 2 (U+10FFFC, U+10FFFD)" in text


def test_hostile_cells_are_text_and_nothing_else() -> None:
    cells = (
        ") Tj ET Q (", "\\) \\( \\\\ \\052", "<</S/JavaScript/JS(app.alert(1))>>", "<b>x</b> &amp; <para>", "=1+1",
        "%PDF-1.4 endstream endobj", "\x1b[31m\x00 \u202eabc\u2066", "/F1 99 Tf",
    )  # fmt: skip
    paper = made(plain([cells], title=") /OpenAction (evil) \\"))
    assert bare("".join(map(safe, cells))) in bare(read(paper))
    assert b"/JavaScript" not in paper
    assert b"/OpenAction" not in paper.replace(b") /OpenAction \\(evil\\)", b"").replace(b"\\) /OpenAction", b"")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(max_codepoint=0x52F, exclude_categories=["Cs"]), max_size=120),
            st.text(st.sampled_from("ab ,-/._\n中語한글กำe\u0301"), max_size=120),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_nothing_of_any_text_is_lost_in_wrapping(rows: list[tuple[str, str]]) -> None:
    text = bare(read(made(plain(rows), header=False, paper="A4")))
    shown = bare("".join(safe(cell, lines=True) for row in rows for cell in row))
    assert f"C0C1{shown}Endofthereport" in text


def test_each_page_has_the_labels_and_its_number() -> None:
    paper = made(plain([(f"row {number}", "x") for number in range(200)]))
    found = pages(paper)
    assert len(found) > 3
    for number, text in enumerate(found, 1):
        assert re.search(r"^C0 C1$", text, re.MULTILINE)
        assert f"Page {number} of {len(found)}" in text.replace("\n", " ")
    assert re.findall(r"row (\d+)", "".join(found)) == [str(number) for number in range(200)]


def test_a_row_that_is_longer_than_a_page_goes_on_over_pages() -> None:
    words = " ".join(f"w{number}" for number in range(6000))
    paper = made(plain([("before", "a"), (words, "beside"), ("after", "b")], labels=["Words", "Other"]))
    found = pages(paper)
    assert len(found) > 5
    assert re.findall(r"\bw\d+\b", "".join(found)) == words.split(" ")
    assert all("Words Other" in text for text in found)


def test_a_row_that_fits_a_page_is_not_torn() -> None:
    rows = [(f"begin{number} " + "x\n" * 15 + f"end{number}",) for number in range(12)]
    for text in pages(made(plain(rows))):
        assert set(re.findall(r"begin(\d+)", text)) == set(re.findall(r"\bend(\d+)", text))


def test_a_cell_without_end_is_cut_with_a_mark_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_CHARACTERS", 100)
    text = read(made(plain([("a" * 100,), ("b" * 1_334,)])))
    assert bare("b" * 100 + "… (+1,234)") in bare(text)
    assert "Cells cut after 100 characters: 1 " in text


def test_more_rows_than_a_pdf_may_have_are_left_out_and_the_first_page_says_so() -> None:
    report = report_on([event(number) for number in range(1, 8)], columns=["id"])
    first = pages(made(report, pdf_rows=3))[0]
    assert "This file holds the first 3 of 7 rows" in first
    assert "Rows in this file: 3" in first
    assert "This file holds" not in read(made(report, pdf_rows=7))


@pytest.mark.parametrize(("paper", "size"), [("A4", "842 595"), ("A3", "1191 842"), ("Letter", "792 612")])
def test_the_paper_is_as_asked_in_landscape(paper: str, size: str) -> None:
    found = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", made(plain([("a",)]), paper=paper))
    assert found
    assert " ".join(f"{float(one):.0f}" for one in found.groups()) == size


def test_what_does_not_fit_a4_goes_on_a3() -> None:
    few, many = plain([("a",) * 16]), plain([("supercalifragilistic",) * 16])
    assert b"841.89 595.28 ]" in made(few)
    assert b"1190.55 841.89 ]" in made(many)


def test_the_same_report_makes_the_same_file() -> None:
    report = report_on([event(1, AT)], columns=["date_time", "action"])
    assert made(report) == made(report)
    assert b"(D:20211201090000" in made(report)


def test_a_grouped_report_has_its_chart() -> None:
    events = [event(number, action="play" if number % 3 else "login") for number in range(1, 31)]
    text = read(made(report_on(events, group_by=["action"])))
    assert bare("30 in 2 groups") in bare(text)
    chart, table = text.split("Audit - Action # of rows")
    assert re.findall(r"login|play|\b[12]0\b", chart) == ["login", "10", "play", "20", "10", "20"], "numbers, then axis"
    assert re.findall(r"login|play|\b[12]0\b", table) == ["login", "10", "play", "20"]


def test_with_no_fonts_latin_is_drawn_and_the_file_says_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "FOLDERS", ())
    text = read(made(plain([("Zoë, naïve (1)", "Жук")])))
    assert "No fonts were found where this file was made" in text
    assert bare("Zoë, naïve (1) Жук") in bare(text)
    assert "drawn as boxes: 3 (U+0416, U+043A, U+0443)" in text


def test_fonts_of_a_folder_come_first(tmp_path: Path) -> None:
    (tmp_path / "Corporate.ttf").write_bytes(font("DejaVuSans-Bold.ttf").read_bytes())
    assert b"+Corporate" not in made(plain([("a",)]))
    assert b"+Corporate" in made(plain([("a",)]), fonts=str(tmp_path))
