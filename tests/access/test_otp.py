"""One-time passwords: the vectors of RFC 6238, drift, and that none is used twice."""

from __future__ import annotations

from base64 import b32encode
from datetime import UTC, datetime, timedelta

import pytest

from trailbook.access.otp import address, step_of

SECRET = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
        (2000000000, "279037"), (20000000000, "353130"),
    ],
)  # fmt: skip
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, the last six of eight digits."""
    assert step_of(SECRET, code, 0, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


def test_a_clock_may_be_one_step_off() -> None:
    seconds = 1234567890
    fits = {
        away: step_of(SECRET, "005924", 0, datetime.fromtimestamp(seconds + 30 * away, UTC)) for away in range(-2, 3)
    }
    assert fits == {-2: None, -1: 41152263, 0: 41152263, 1: 41152263, 2: None}


def test_a_step_is_used_once_and_none_before_it_any_more() -> None:
    moment = datetime.fromtimestamp(1234567890, UTC)
    assert step_of(SECRET, "005924", 41152262, moment) == 41152263
    assert step_of(SECRET, "005924", 41152263, moment) is None
    assert step_of(SECRET, "005924", 41152264, moment + timedelta(seconds=30)) is None


@pytest.mark.parametrize("code", ["", "5924", "00592", "0059244", "x05924", "٠٠٥٩٢٥", "-05924"])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    assert step_of(SECRET, code, 0, datetime.fromtimestamp(1234567890, UTC)) is None


def test_spaces_in_a_code_do_not_matter() -> None:
    assert step_of(SECRET, " 005 924 ", 0, datetime.fromtimestamp(1234567890, UTC)) == 41152263


def test_an_app_takes_the_secret_over_by_its_address() -> None:
    assert address(SECRET, "ann@acme.example") == (
        "otpauth://totp/Trailbook:ann%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Trailbook"
    )
