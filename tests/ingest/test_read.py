"""What is read from files of every shape, and what a broken one gets to hear."""

import gzip
import json
import os
import resource
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import zstandard

from trailbook.errors import BadFile
from trailbook.ingest.read import LONGEST_LINE, CsvShape, Record, records
from trailbook.ingest.source import Bounds, opened


def read(path: Path, shape: CsvShape | None = None, bounds: Bounds | None = None) -> list[Record]:
    with opened(str(path), bounds or Bounds()) as source:
        return list(records(source, shape))


def values(path: Path, shape: CsvShape | None = None) -> list[object]:
    found = read(path, shape)
    assert all(one.error is None for one in found), found
    return [one.value for one in found]


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1}\n{"a":2}\n',
        '{"a":1}\r\n\r\n  {"a":2}',
        '\n\n{"a":1}\n{"a":2}',
        '[{"a":1},{"a":2}]',
        '[\n  {"a": 1},\n  {\n  "a": 2}\n]\n',
        '{"Records":[{"a":1},{"a":2}]}',
        '{"Records":[{"a":1},{"a":2}]}\n\n',
        '{"kind": "x", "items": [{"a":1},{"a":2}]}',
        '{\n "value" : [\n{"a":1},{"a":2}]}',
        '{"Records": [\n{"a":1},\n{"a":2}\n]}',
    ],
)
def test_every_shape_of_json_gives_the_same_records(tmp_path: Path, text: str) -> None:
    (tmp_path / "f").write_text(text)
    assert values(tmp_path / "f") == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 1, "name": "x", "description": "a long text of its own, longer than the list", "items": [{"a": 1}]}',
        '{"items": ["a", "b"]}',
        '{"id": {"time": "x"}, "actor": "ann", "events": [{"name": "a"}, {"name": "b"}]}',
        '{\n  "id": 1\n}',
        "{}",
    ],
)
def test_an_object_that_only_has_a_list_among_other_things_is_one_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "f").write_text(text)
    assert values(tmp_path / "f") == [json.loads(text)]


def test_one_line_alone_that_has_a_list_field_and_more_lines_after_it_is_a_record(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('{"Records":[{"a":1}]}\n{"Records":[{"a":2}]}\n')
    assert values(tmp_path / "f") == [{"Records": [{"a": 1}]}, {"Records": [{"a": 2}]}]


def test_broken_json_in_line_7_of_10_costs_line_7(tmp_path: Path) -> None:
    lines = [json.dumps({"n": n}) for n in range(1, 11)]
    lines[6] = '{"n": 7'
    (tmp_path / "f").write_text("\n".join(lines))
    found = read(tmp_path / "f")
    assert [one.line for one in found if one.error] == [7]
    assert "not JSON" in str(found[6].error)
    assert found[6].raw == b'{"n": 7'
    assert [one.value["n"] for one in found if not one.error] == [1, 2, 3, 4, 5, 6, 8, 9, 10]


def test_a_broken_first_line_does_not_make_the_file_a_document(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('{"n": oops}\n{"n": 2}\n')
    assert [one.error is None for one in read(tmp_path / "f")] == [False, True]


def test_a_line_that_is_not_utf8_is_refused_by_itself(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b'{"n": 1}\n{"n": "\xfc"}\n{"n": 3}\n')
    found = read(tmp_path / "f")
    assert [one.line for one in found if one.error] == [2]
    assert "Byte 8 is not UTF-8" in str(found[1].error)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_understood(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "f").write_bytes('{"n": "Zoë"}\n{"n": "日本"}\n'.encode(encoding))
    assert values(tmp_path / "f") == [{"n": "Zoë"}, {"n": "日本"}]


def test_utf16_without_a_mark_is_told_how_to_convert(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes('{"n": 1}'.encode("utf-16-le"))
    with pytest.raises(BadFile, match="iconv"):
        read(tmp_path / "f")


@pytest.mark.parametrize("contents", [b"", b"\n \n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "f").write_bytes(contents)
    with pytest.raises(BadFile, match="empty"):
        read(tmp_path / "f")


def test_a_directory_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="directory"):
        read(tmp_path)
    with pytest.raises(BadFile, match="no such file"):
        read(tmp_path / "missing")


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")  # root may read everything, so the mode alone is no test

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BadFile, match="no permission"):
        read(tmp_path / "f")


def test_gzip_and_zstd_are_expanded_also_in_several_members(tmp_path: Path) -> None:
    one, two = b'{"n":1}\n', b'{"n":2}\n'
    (tmp_path / "gz").write_bytes(gzip.compress(one) + gzip.compress(two))
    engine = zstandard.ZstdCompressor()
    (tmp_path / "zst").write_bytes(engine.compress(one) + engine.compress(two))
    assert values(tmp_path / "gz") == values(tmp_path / "zst") == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_compressed_data_that_is_cut_off_is_told(tmp_path: Path, kind: str) -> None:
    lines = b"".join(b'{"n":"%s"}\n' % os.urandom(20).hex().encode() for _ in range(5000))
    packed = gzip.compress(lines) if kind == "gzip" else zstandard.ZstdCompressor().compress(lines)
    (tmp_path / "f").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(BadFile, match="damaged or cut off"):
        read(tmp_path / "f")


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_bomb_of_one_gigabyte_is_refused_in_little_memory(tmp_path: Path, kind: str) -> None:
    engine = zlib.compressobj(9, zlib.DEFLATED, 31) if kind == "gzip" else zstandard.ZstdCompressor().compressobj()
    with (tmp_path / "bomb").open("wb") as file:
        for _ in range(1024):
            file.write(engine.compress(b"a" * (1 << 20)))
        file.write(engine.flush())
    script = (
        "import sys\n"
        "from trailbook.errors import BadFile\n"
        "from trailbook.ingest.source import opened\n"
        "from trailbook.ingest.read import records\n"
        "try:\n"
        "    with opened(sys.argv[1]) as source: list(records(source))\n"
        "except BadFile as error: print(error)\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    src = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "bomb")],
        env={"PYTHONPATH": src},
        capture_output=True,
        text=True,
        check=True,
    )
    message, peak = done.stdout.strip().splitlines()
    assert "expands to more than 400 times" in message
    assert int(peak) < 250_000, "kilobytes"


def test_repetitive_but_honest_logs_pass_the_bounds(tmp_path: Path) -> None:
    line = b'{"level":"info","message":"heartbeat","n":%d}\n'
    text = b"".join(line % n for n in range(100_000))
    (tmp_path / "f").write_bytes(gzip.compress(text))
    assert len(read(tmp_path / "f", bounds=Bounds(free=1 << 16))) == 100_000


def test_a_line_of_100_megabytes_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    with (tmp_path / "f").open("wb") as file:
        file.write(b'{"n": 1}\n{"n": "')
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n{"n": 3}\n')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = read(tmp_path / "f")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert [(one.line, one.error is None) for one in found] == [(1, True), (2, False), (3, True)]
    assert "longer than 16 MiB" in str(found[1].error)
    assert grown < 90_000, "kilobytes"


def test_a_first_line_that_is_too_long_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b'{"n": "' + b"x" * (LONGEST_LINE + 10) + b'"}\n{"n": 2}\n')
    assert [(one.line, one.error is None) for one in read(tmp_path / "f")] == [(1, False), (2, True)]


def test_csv_rows_are_objects_of_texts(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b'\xef\xbb\xbftime,user,note\r\n1,ann,"a, ""b""\nc"\r\n\r\n2,bob,\r\n')
    assert values(tmp_path / "f", CsvShape()) == [
        {"time": "1", "user": "ann", "note": 'a, "b"\nc'},
        {"time": "2", "user": "bob", "note": ""},
    ]


def test_tsv_without_a_header_takes_the_columns_of_the_map(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("1\tann\tx\n2\tbob\ty\n")
    shape = CsvShape(delimiter="\t", header=False, columns=("time", "user", ""))
    assert values(tmp_path / "f", shape) == [{"time": "1", "user": "ann"}, {"time": "2", "user": "bob"}]


@pytest.mark.parametrize("line", ["time,user,what", '"time","user","what"', "time;user;what", "time\tuser\twhat"])
def test_a_first_line_of_names_tells_that_a_file_is_csv(tmp_path: Path, line: str) -> None:
    delimiter = next(one for one in ",;\t" if one in line)
    (tmp_path / "f").write_text(f'\ufeff{line}\r\n1{delimiter}ann{delimiter}"{{""a"":2}}"\r\n')
    assert values(tmp_path / "f") == [{"time": "1", "user": "ann", "what": '{"a":2}'}]


@pytest.mark.parametrize("line", ["oops", "one, two", "a,b,a", "1,2,3", "Error: a, b, c"])
def test_another_first_line_is_a_bad_line_of_json(tmp_path: Path, line: str) -> None:
    (tmp_path / "f").write_text(f'{line}\n{{"a": 1}}\n')
    first, second = read(tmp_path / "f")
    assert first.error is not None
    assert second.value == {"a": 1}


def test_bad_csv_rows_are_refused_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a,b\n1,2\n1,2,3\n\xff,2\n" + b"x" * 200_000 + b",1\n5,6\n")
    found = read(tmp_path / "f", CsvShape())
    assert [(one.line, str(one.error.problem) if one.error else one.value) for one in found] == [
        (2, {"a": "1", "b": "2"}),
        (3, "The row has 3 cells for 2 columns."),
        (4, "The row is not UTF-8."),
        (5, "This is not a CSV row: field larger than field limit (131072)."),
        (6, {"a": "5", "b": "6"}),
    ]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("a,a\n1,2\n")
    with pytest.raises(BadFile, match="same name"):
        read(tmp_path / "f", CsvShape())


def test_a_document_that_is_cut_off_is_told(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('{"Records":[{"a":1},{"a"')
    with pytest.raises(BadFile, match="not one JSON document"):
        read(tmp_path / "f")


def test_progress_counts_the_bytes_of_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(gzip.compress(b'{"a":1}\n' * 1000))
    with opened(str(tmp_path / "f")) as source:
        list(records(source))
        assert source.done == source.total == (tmp_path / "f").stat().st_size
