"""Delivering into a folder: whole files, below the root alone, whoever has put what there before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbook.deliver.channel import Attachment, Channel, Failed, Message, Refused, Undelivered
from trailbook.deliver.folder import folder_channel, folder_names
from trailbook.settings import Settings


def channel(root: Path, most: int = 10_000) -> Channel:
    return folder_channel(Settings(deliver_folder=str(root), deliver_folder_bytes=most))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def made(tmp_path: Path) -> Attachment:
    (tmp_path / "made").write_bytes(b"a,b\n1,2\n")
    return Attachment("Logins: of/the week.csv", "text/csv", tmp_path / "made")


def below(root: Path) -> dict[str, bytes]:
    return {str(one.relative_to(root)): one.read_bytes() for one in sorted(root.rglob("*")) if one.is_file()}


def test_files_get_their_cleaned_names_with_the_id_of_the_message(root: Path, made: Attachment) -> None:
    message = Message("run-7", "acme/weekly", "S", "T", attachments=(made,))
    for _ in range(2):
        channel(root)(message)
    assert below(root) == {"acme/weekly/Logins_ of_the week-run-7.csv": b"a,b\n1,2\n"}


def test_a_message_without_files_is_its_data_or_its_text(root: Path) -> None:
    channel(root)(Message("a-1", "", "Five\nfailed", "sign-ins", data={"n": 5}))
    channel(root)(Message("a-2", "", "Five", "sign-ins\r\nof\x1b[31m Ann"))
    found = below(root)
    assert json.loads(found["message-a-1.json"]) == {"n": 5}
    assert found["message-a-2.txt"] == b"Five\n\nsign-ins\nof [31m Ann\n"


@pytest.mark.parametrize(
    "to", ["..", "a/../b", ".", "a/..", "a\\b", "a/b\x00", "c:", "a" * 200, "/".join("abcdefghi"), " a"]
)
def test_no_path_leads_elsewhere(root: Path, made: Attachment, to: str) -> None:
    with pytest.raises(Refused):
        channel(root)(Message("run-7", to, "S", "T", attachments=(made,)))
    assert below(root.parent).keys() == {"made"}


@given(to=st.text(st.sampled_from("ab./\\ \n\x00~é"), max_size=12))
def test_the_names_of_folders_are_plain(to: str) -> None:
    try:
        names = folder_names(to)
    except Refused:
        return
    assert not any(set(name) & set("/\\\n\x00") or name in ("", ".", "..") for name in names)


def test_a_link_on_the_way_is_not_followed(root: Path, made: Attachment, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (root / "acme").symlink_to(tmp_path / "other")
    with pytest.raises(Refused, match="or a link"):
        channel(root)(Message("run-7", "acme", "S", "T", attachments=(made,)))
    assert list((tmp_path / "other").iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_written_through(
    root: Path, made: Attachment, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in ("Logins_ of_the week-run-7.csv", ".Logins_ of_the week-run-7.csv.part"):
        (root / name).symlink_to(victim)
    channel(root)(Message("run-7", "", "S", "T", attachments=(made,)))
    assert victim.read_text() == "mine"
    assert not (root / "Logins_ of_the week-run-7.csv").is_symlink()


def test_what_the_folder_may_hold_is_bounded(root: Path, made: Attachment) -> None:
    (root / "old").write_bytes(b"x" * 95)
    with pytest.raises(Failed, match="full"):
        channel(root, 100)(Message("run-7", "", "S", "T", attachments=(made,)))
    assert below(root).keys() == {"old"}


def test_a_file_or_root_that_is_gone_is_a_failure_that_may_pass(root: Path, made: Attachment) -> None:
    lost = Attachment("a.csv", "text/csv", root / "nowhere")
    for channel_, attached in ((channel(root), lost), (channel(root / "nowhere"), made)):
        with pytest.raises(Undelivered) as told:
            channel_(Message("run-7", "", "S", "T", attachments=(attached,)))
        assert type(told.value) is Failed
    assert below(root) == {}
