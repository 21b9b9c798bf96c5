"""A real CloudTrail log: all of it goes in, once, and reports say of its users what the records themselves say.

What is expected is counted here in the records, by AWS's documentation of `userIdentity` and of IAM's and STS's request
parameters, without any of Trailbook's code.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from real.conftest import Trail

from trailbook.directory.viewer import OPERATOR

LOG = Path("../shared/data/cloudtrail.jsonl.gz")
HUNTED = "stratus-red-team-nmfalu-gfjyeaypjt"
STEALER = "stratus-red-team-ec2-steal-credentials-role"


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    with gzip.open(LOG, "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def trail(new_trail: Callable[[], Trail]) -> Trail:
    made = new_trail()
    first = made.bring_in(LOG)
    assert (first.read, first.stored, first.duplicates, first.conflicts, first.rejected) == (2900, 2900, 0, 0, 0)
    return made


def test_a_second_import_stores_nothing_and_changes_no_head(trail: Trail) -> None:
    heads = trail.store.heads(OPERATOR)
    again = trail.bring_in(LOG)
    assert (again.read, again.stored, again.duplicates, again.conflicts, again.rejected) == (2900, 0, 2900, 0, 0)
    assert trail.store.heads(OPERATOR) == heads
    assert {book: head.size for book, head in heads.items()} == {"123837392027": 2900}
    assert not trail.rejects.exists()


def done_by(record: dict[str, Any], user: str) -> bool:
    return record["userIdentity"].get("userName") == user


def done_to(record: dict[str, Any], user: str) -> bool:
    """Whether an IAM call names the user, or answers with it."""
    if record["eventSource"] != "iam.amazonaws.com":
        return False
    request, answer = record.get("requestParameters") or {}, record.get("responseElements") or {}
    return user in (request.get("userName"), (answer.get("user") or {}).get("userName"))


@pytest.mark.parametrize(
    ("user", "by", "against"),
    [("benjamin", 105, 0), ("bert-jan", 2642, 0), (HUNTED, 1, 14), ("malicious-iam-user", 0, 7)],
)
def test_what_a_user_did_and_what_was_done_to_it(
    trail: Trail, records: list[dict[str, Any]], user: str, by: int, against: int
) -> None:
    did = Counter(record["eventName"] for record in records if done_by(record, user))
    suffered = Counter(record["eventName"] for record in records if done_to(record, user))
    assert (did.total(), suffered.total()) == (by, against)
    assert trail.actions(f"by.user:{user}") == did
    assert trail.actions(f"against.user:{user}") == suffered
    assert trail.actions(f"user:{user}") == did + suffered


def test_the_same_event_may_be_found_from_both_sides(trail: Trail) -> None:
    (deleted,) = trail.found(f"action:DeleteUser against.user:{HUNTED}")
    assert deleted in trail.found("by.user:bert-jan action:DeleteUser")
    assert [event.action for event in trail.found(f"by.user:{HUNTED}")] == ["ConsoleLogin"]


def test_what_was_done_with_a_role_and_to_it(trail: Trail, records: list[dict[str, Any]]) -> None:
    def issuer(record: dict[str, Any]) -> Any:
        session = record["userIdentity"].get("sessionContext") or {}
        return (session.get("sessionIssuer") or {}).get("userName")

    def named(record: dict[str, Any]) -> bool:
        request = record.get("requestParameters") or {}
        if record["eventSource"] == "iam.amazonaws.com":
            return bool(request.get("roleName") == STEALER)
        return record["eventName"] == "AssumeRole" and str(request.get("roleArn")).endswith(f":role/{STEALER}")

    used = Counter(record["eventName"] for record in records if issuer(record) == STEALER)
    handled = Counter(record["eventName"] for record in records if named(record))
    assert (used.total(), handled.total()) == (15, 23)
    assert trail.actions(f"by.role:{STEALER}") == used
    assert trail.actions(f"against.role:{STEALER}") == handled


def test_what_was_refused_and_what_failed(trail: Trail, records: list[dict[str, Any]]) -> None:
    errors = Counter(record["errorCode"] for record in records if done_by(record, "bert-jan") and "errorCode" in record)
    assert (errors["AccessDenied"], errors.total()) == (15, 239)
    assert len(trail.found("by.user:bert-jan outcome:denied")) == 15
    assert len(trail.found("by.user:bert-jan outcome:failure")) == 224
    assert len(trail.found("outcome:failure,denied")) == sum("errorCode" in record for record in records) == 300
