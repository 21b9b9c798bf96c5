"""A real Windows Security log: every record goes in or is explained, and reports say of accounts what the records say.

What is expected is counted here in the records, by Microsoft's descriptions of the events, without Trailbook's code.
In `make test` the first thousands of records go in, and all about three domains; with TRAILBOOK_TEST_SIZE=full all.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from real.conftest import Trail
from size import sized

from trailbook.ingest.mapping import load_map

LOG = Path("../shared/data/windows-security.jsonl.gz")
READ = sized(small=4_000, full=107_731)

ADMINISTRATOR = "S-1-5-21-4020993649-1037605423-417876593-1104"
BACKDOOR = "S-1-5-21-1969843730-2406867588-1543852148-1000"
DEMO = "S-1-5-21-3594478387-3513325568-2589039918-1002"
VICTIM = "S-1-5-21-4228717743-1032521047-1810997296-1104"
DOMAINS = [one.rpartition("-")[0].encode() for one in (ADMINISTRATOR, BACKDOOR, DEMO, VICTIM)]

LOGONS = (4624, 4627, 4634, 4647, 4768, 4771, 4776, 4800, 4801, 4802, 4803)
"""The account that is logged on or off is the target account, not the part of Windows that reports it."""
ACCOUNTS = (4720, 4722, 4723, 4724, 4725, 4726, 4738, 4740, 4767, 4781)
"""An account was created, enabled, renamed, locked ...: Subject did it to TargetSid."""
MEMBERS = (4728, 4729, 4732, 4733, 4756, 4757)
"""Subject added MemberSid to the group TargetSid, or removed it."""


def fields(line: bytes) -> dict[str, Any]:
    record = json.loads(line)
    flat = (record.get("event_data") or {}) | record
    return flat | {"EventID": int(flat.get("EventID") or flat["event_id"])}


def done_by(record: dict[str, Any], sid: str) -> bool:
    if record["EventID"] in LOGONS:
        return bool((record.get("TargetUserSid") or record.get("TargetSid")) == sid)
    return record["EventID"] != 4625 and bool(record.get("SubjectUserSid") == sid)


def done_to(record: dict[str, Any], sid: str) -> bool:
    match record["EventID"]:
        case id if id in ACCOUNTS:
            return bool(record.get("TargetSid") == sid)
        case id if id in MEMBERS:
            return bool(record.get("MemberSid") == sid)
        case 4703:  # the rights of the token of another
            return bool(record.get("TargetUserSid") == sid)
        case 4688:  # a process was begun as another
            return bool(record.get("TargetUserSid") == sid)
    return False


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """All that mentions one of the domains."""
    with gzip.open(LOG) as file:
        return [line for line in file if any(domain in line for domain in DOMAINS)]


@pytest.fixture(scope="module")
def trail(new_trail: Callable[[], Trail], lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Trail:
    made = new_trail()
    path = tmp_path_factory.mktemp("windows") / "domains.jsonl"
    path.write_bytes(b"".join(lines))
    summary = made.bring_in(path)
    assert (summary.read, summary.stored, summary.rejected) == (len(lines), len(lines), 0)
    return made


def test_every_record_is_stored_or_explained(new_trail: Callable[[], Trail], tmp_path: Path) -> None:
    trail = new_trail()
    part = tmp_path / "part.jsonl"
    with gzip.open(LOG) as file:
        part.write_bytes(b"".join(islice(file, READ)))
    first = trail.bring_in(part)
    explained = trail.rejects.read_bytes().count(b"\n") if trail.rejects.exists() else 0
    assert first.read == READ
    assert first.stored + explained == READ
    assert explained < READ / 100
    again = trail.bring_in(part)
    assert (again.stored, again.duplicates) == (0, first.stored)


@pytest.mark.parametrize(
    ("sid", "by", "against"), [(ADMINISTRATOR, 99, 1), (BACKDOOR, 0, 5), (DEMO, 0, 6), (VICTIM, 2689, 33)]
)
def test_what_an_account_did_and_what_was_done_to_it(
    trail: Trail, lines: list[bytes], sid: str, by: int, against: int
) -> None:
    records = [fields(line) for line in lines]
    did = Counter(record["EventID"] for record in records if done_by(record, sid))
    suffered = Counter(record["EventID"] for record in records if done_to(record, sid))
    assert (did.total(), suffered.total()) == (by, against)
    assert numbers(trail, f"by.user:{sid}") == did
    assert numbers(trail, f"against.user:{sid}") == suffered
    both = sum(done_by(record, sid) or done_to(record, sid) for record in records)
    assert numbers(trail, f"user:{sid}").total() == both


def numbers(trail: Trail, query: str) -> Counter[int]:
    return Counter(int(event.data.get("EventID") or event.data["event_id"]) for event in trail.found(query))


def test_the_story_of_an_account_that_was_made_and_removed_again(trail: Trail) -> None:
    story = {event.action: event for event in trail.found(f"user:{BACKDOOR}")}
    assert sorted(story) == ["member_added", "member_removed", "password_reset", "user_created", "user_deleted"]
    assert story["user_created"].occurred_at < story["user_deleted"].occurred_at
    assert {event.initiator.id for event in story.values() if event.initiator is not None} == {ADMINISTRATOR}
    (group,) = [target for target in story["member_added"].targets if target.kind == "group"]
    assert group.id == BACKDOOR.rpartition("-")[0] + "-513"


def test_a_name_means_every_account_that_bore_it(trail: Trail, lines: list[bytes]) -> None:
    records = [fields(line) for line in lines]
    sids = {
        record["TargetUserSid"]
        for record in records
        if record["EventID"] == 4624
        and (record["TargetDomainName"], record["TargetUserName"]) == ("THESHIRE", "pgustavo")
    }
    assert VICTIM in sids
    assert sids <= {event.initiator.id for event in trail.found(r'by.user:"THESHIRE\\pgustavo"') if event.initiator}


def test_the_words_of_an_event_say_the_same_as_its_fields(lines: list[bytes]) -> None:
    """`Get-WinEvent | ConvertTo-Json` delivers the words alone."""
    mapping = load_map("windows-security")
    alone = Counter[bool]()
    for line in lines:
        record = fields(line)
        if "Message" in record and "Hostname" in record:
            whole = mapping.convert(json.loads(line))
            told = mapping.convert(
                {
                    "Id": record["EventID"],
                    "LogName": "Security",
                    "MachineName": record["Hostname"],
                    "TimeCreated": "/Date(1603018578799)/",
                    "Message": record["Message"],
                }
            )
            who = [one.initiator and (one.initiator.id, one.initiator.ip) for one in (whole, told)]
            whom = [[one.party() for one in event.affected()] for event in (whole, told)]
            alone[who[0] == who[1] and whom[0] == whom[1]] += 1
    assert alone[True] > 4_000
    assert alone[False] < alone.total() / 100
