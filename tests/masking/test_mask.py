"""Planted secrets, one by one, and what must be left alone. The secrets are made up and assembled here."""

import gzip
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailbook.errors import BadInput
from trailbook.event.canonical import decode, encode
from trailbook.event.model import Change, Event, Initiator, Target
from trailbook.masking.hints import may_hold_secret
from trailbook.masking.mask import mask_event, mask_line, mask_path, mask_text

LETTERS = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD3fG6hJ9kL"
PEM = "-----BEGIN RSA {}-----\nMIIEow+/abc=\nProc-Type: 4,ENCRYPTED\nabc==\n-----END RSA {}-----".format(
    *["PRIVATE KEY"] * 2
)
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLWhlcmU"

PLANTED = {
    "AKIA" + "IOSFODNN7ABCDEFG": "[masked: aws-key]",
    "key ASIA" + "IOSFODNN7ABCDEFG.": "key [masked: aws-key].",
    f"aws_secret_access_key = {LETTERS[:40]}": "aws_secret_access_key = [masked: secret]",
    "AIza" + LETTERS[:35]: "[masked: gcp-key]",
    f"x {PEM} y": "x [masked: private-key] y",
    PEM.split("\n-----END")[0]: "[masked: private-key]",
    f"AccountName=a;AccountKey={LETTERS[:30]}==;EndpointSuffix=b": (
        "AccountName=a;AccountKey=[masked: secret];EndpointSuffix=b"
    ),
    f"SharedAccessKeyName=root;SharedAccessKey={LETTERS[:30]}=": (
        "SharedAccessKeyName=root;SharedAccessKey=[masked: secret]"
    ),
    f"https://a.blob.core.windows.net/c?sv=2020&sig={LETTERS[:30]}%3D&se=1": (
        "https://a.blob.core.windows.net/c?sv=2020&sig=[masked: azure-signature]&se=1"
    ),
    "ghp_" + LETTERS[:36]: "[masked: github-token]",
    "github_pat_" + LETTERS[:30]: "[masked: github-token]",
    "glpat-" + LETTERS[:20]: "[masked: gitlab-token]",
    "glsoat-" + LETTERS[:20]: "[masked: gitlab-token]",
    "xoxb-1234567890-" + LETTERS[:12]: "[masked: slack-token]",
    "https://hooks.slack.com/services/T000/B000/" + LETTERS[:20]: (
        "https://hooks.slack.com/services/[masked: slack-webhook]"
    ),
    "sk_live_" + LETTERS[:24]: "[masked: stripe-key]",
    "whsec_" + LETTERS[:24]: "[masked: stripe-key]",
    "sk-proj-" + LETTERS[:40]: "[masked: openai-key]",
    "npm_" + LETTERS[:36]: "[masked: npm-token]",
    "pypi-AgE" + LETTERS[:30]: "[masked: pypi-token]",
    f"token {JWT}!": "token [masked: jwt]!",
    "Bearer " + LETTERS[:20]: "Bearer [masked: bearer-token]",
    "Basic dXNlcjpwYXNz": "Basic [masked: credentials]",
    "Authorization: Bearer opaque": "Authorization: Bearer [masked: authorization]",
    'curl -H "Authorization: Token short" x': 'curl -H "Authorization: Token [masked: authorization]" x',
    "postgres://ann:hunter2@db/x": "postgres://ann:[masked: password]@db/x",
    "https://:hunter2@host/": "https://:[masked: password]@host/",
    "tool --password hunter2 --force": "tool --password [masked: secret] --force",
    "tool --password=hunter2": "tool --password=[masked: password]",
    "tool --db-password 'hun ter2' x": "tool --db-password '[masked: secret]' x",
    "tool -pass hunter2": "tool -pass [masked: secret]",
    "wmic /node:a /user:b /password:hunter2 x": "wmic /node:a /user:b /password:[masked: password] x",
    "cmdkey /add:a /user:b /pass:hunter2": "cmdkey /add:a /user:b /pass:[masked: secret]",
    "xfreerdp /v:host /u:ann /p:hunter2": "xfreerdp /v:host /u:ann /p:[masked: password]",
    "mysql -u root -phunter2 db": "mysql -u root -p[masked: password] db",
    "sshpass -p hunter2 ssh a": "sshpass -p [masked: password] ssh a",
    r"PsExec.exe \\host -u ann -p hunter2 cmd": r"PsExec.exe \\host -u ann -p [masked: password] cmd",
    "docker login -u ann -p hunter2": "docker login -u ann -p [masked: password]",
    "plink -pw hunter2 host": "plink -pw [masked: password] host",
    "schtasks /create /ru ann /rp hunter2": "schtasks /create /ru ann /rp [masked: password]",
    "sqlcmd -S db -U sa -P hunter2": "sqlcmd -S db -U sa -P [masked: password]",
    "ldapsearch -D cn=a -w hunter2": "ldapsearch -D cn=a -w [masked: password]",
    "redis-cli -a hunter2": "redis-cli -a [masked: password]",
    "curl -u ann:hunter2 https://a": "curl -u ann:[masked: password] https://a",
    "Driver=x;UID=sa;PWD=hunter2;": "Driver=x;UID=sa;PWD=[masked: password];",
    "MYSQL_PWD=hunter2 mysql": "MYSQL_PWD=[masked: password] mysql",
    "password=hunter2&next=1": "password=[masked: password]&next=1",
    "password=hun,ter2": "password=[masked: password]",
    "password=hunter2, user=ann": "password=[masked: password], user=ann",
    "The password: hunter2": "The password: [masked: password]",
    "client_secret=abcdef123": "client_secret=[masked: secret]",
    "api-key: abcdef123": "api-key: [masked: secret]",
    "net user ann hunter2 /add": "net user ann [masked: password] /add",
    r"C:\Windows\system32\net1  user ann hunter2": r"C:\Windows\system32\net1  user ann [masked: password]",
    r'"C:\Windows\net.exe" user "Ann B" hunter2 /add': r'"C:\Windows\net.exe" user "Ann B" [masked: password] /add',
    r"net use Z: \\srv\share hunter2 /user:ann": r"net use Z: \\srv\share [masked: password] /user:ann",
    r"net use \\srv\share /user:ann hunter2": r"net use \\srv\share /user:ann [masked: password]",
    'ConvertTo-SecureString "hunter2" -AsPlainText': 'ConvertTo-SecureString "[masked: password]" -AsPlainText',
}

LEFT_ALONE = [
    "d67fcacc-617c-4f3e-b507-d3415680bd0b",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "arn:aws:secretsmanager:us-east-1:123837392027:secret:stratus-red-team-12-mwz4gq",
    "S-1-5-21-526538150-889687948-186688817-1106",
    "RBVZE1aP5ZIWKUdG1hjRObcaPvsi1R4sMQr7GV+WPWocwL/I0cZVMkXnNBc55YA7mS056DtQDEI=",
    "AIDATFQR7NSC5U6Q3TMDR",
    "Elevated Token:\t\tYes",
    "Token Elevation Type:\t%%1936",
    "An attempt was made to reset an account's password.\r\n\r\nSubject:\r\n\tSecurity ID: S-1-5-18",
    "Password Last Set:\t\t7/3/2020 1:02:03 AM",
    "password: ******",
    "svchost.exe -k netsvcs -p -s NcbService",
    "sudo: ann : PWD=/home/ann ; USER=root ; COMMAND=/bin/ls",
    "Basic authentication failed",
    "Bearer of bad news",
    "net user ann /delete",
    "net user count was 5",
    "https://example.com:8443/a@b",
    "mail ann@example.com about http://example.com",
    "task-management-system-v2-production-eu",
    "--password-stdin",
    "Action send_email on resource reports",
]


def event(**fields: Any) -> Event:
    return Event("018f3c2e-7d5a-7cc0-9e57-3b1f6a2d4c10", datetime(2021, 1, 1, tzinfo=UTC), "r", "a", **fields)


@pytest.mark.parametrize(("text", "masked"), PLANTED.items(), ids=list(PLANTED.values()))
def test_a_planted_secret_is_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked
    assert mask_text(masked) == masked
    found = mask_event(event(details=text, data={"a": [text]}))
    assert (found.details, found.data) == (masked, {"a": [masked]})
    assert found.masked == ("details", "data.a[0]")
    assert mask_event(found) == found


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_secret_leaves_no_trace_in_a_line_of_json(text: str) -> None:
    line = json.dumps({"message": text, "n": [1]})
    masked = mask_text(line)
    for secret in ("hunter2", "hun", LETTERS[4:20], "IOSFODNN", "MIIE", "opaque", "dXNlcjpwYXNz", "c2lnbmF", "abcdef"):
        assert secret not in masked
    assert json.loads(masked)["n"] == [1]
    assert mask_text(masked) == masked


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    whole = event(details=text, data={"a": text})
    assert mask_text(text) == text
    assert mask_event(whole) is whole


@pytest.mark.parametrize("key", ["password", "newPassword", "client_secret", "api-key", "accessToken", "pwd", "token"])
def test_a_field_with_a_secret_name_is_masked_in_data_and_changes(key: str) -> None:
    found = mask_event(event(data={"x": {key: "abc"}}, changes={key: Change("a1", "b2")}))
    assert found.data == {"x": {key: "[masked: secret]"}}
    assert found.changes == {key: Change("[masked: secret]", "[masked: secret]")}
    assert found.masked == (f"changes.{key}.old", f"changes.{key}.new", f"data.x.{key}")
    assert mask_text(json.dumps({key: 'a"bc'})) == json.dumps({key: "[masked: secret]"})
    assert mask_text(json.dumps(json.dumps({key: "abc"}))) == json.dumps(json.dumps({key: "[masked: secret]"}))


@pytest.mark.parametrize(
    "data",
    [
        {"nextToken": "AAEAAclp"},
        {"tokenType": "Bearer"},
        {"secretId": "x"},
        {"password": True},
        {"password": None},
        {"password": "****"},
        {"password": ""},
        {"passwordExpiry": "NEVER"},
    ],
)
def test_a_field_that_only_sounds_secret_is_left_alone(data: Any) -> None:
    whole = event(data=data)
    assert mask_event(whole) is whole


def test_the_argument_after_a_secret_option_is_masked() -> None:
    found = mask_event(event(data={"argv": ["tool", "--api-token", "abc", "--force"]}))
    assert found.data == {"argv": ["tool", "--api-token", "[masked: secret]", "--force"]}
    assert found.masked == ("data.argv[2]",)


def test_secrets_in_keys_and_ids_are_masked_without_losing_entries() -> None:
    one, other = "AKIA" + "A" * 16, "AKIA" + "B" * 16
    found = mask_event(event(data={one: 1, other: 2}, targets=(Target("key", one),), initiator=Initiator(other)))
    assert found.data == {"[masked: aws-key]": 1, "[masked: aws-key] 2": 2}
    assert found.targets == (Target("key", "[masked: aws-key]"),)
    assert found.initiator == Initiator("[masked: aws-key]")


def test_marks_that_stand_there_already_are_listed_and_kept() -> None:
    whole = event(
        details="with --password [masked: secret]",
        changes={"password": Change("[masked: secret]", None)},
        data={"pin": "[masked: configured]", "[masked: aws-key]": 1, "AKIA" + "B" * 16: 2},
    )
    found = mask_event(whole, [mask_path("data.pin")])
    assert found.masked == (
        "details", "changes.password.old", "data.pin", "data.[masked: aws-key]", "data.[masked: aws-key] 2",
    )  # fmt: skip
    assert (found.details, found.changes) == (whole.details, whole.changes)
    assert mask_event(found, [mask_path("data.pin")]) == found
    assert may_hold_secret(encode(event(details="[masked: x]")))


def test_a_line_is_masked_as_the_event_is_even_if_it_is_no_event() -> None:
    whole = event(details="AKIA" + "A" * 16, data={"password": ["abc"], "pin": 1234})
    paths = [mask_path("data.pin")]
    masked = mask_line(encode(whole), paths)
    assert mask_event(decode(masked)) == mask_event(whole, paths)
    assert (
        mask_line(b'{"action":1,"data":{"password":"abc"}}') == b'{"action":1,"data":{"password":"[masked: secret]"}}'
    )
    plain = encode(event(details="nothing"))
    assert mask_line(plain) is plain
    assert mask_line(plain, paths) is plain


def test_the_list_of_places_has_bounds() -> None:
    data: Any = ["[masked: x]"] * 20_000
    assert mask_event(event(data=data)).masked == tuple(f"data[{index}]" for index in range(1_000))
    for _ in range(60):
        data = {"k" * 1000: data}
    (place,) = mask_event(event(data=data)).masked
    assert len(place) == 1_024


def test_a_masked_text_fits_where_it_stands() -> None:
    found = mask_event(event(request_id=("pwd=a;" * 200)[:1024]))
    assert len(found.request_id) == 1024
    assert mask_event(found).request_id == found.request_id


@pytest.mark.parametrize(
    ("path", "data", "masked"),
    [
        ("data.pin", {"pin": 1234, "b": {"pin": 5}}, {"pin": "[masked: configured]", "b": {"pin": 5}}),
        (
            "data.*.pin",
            {"a": {"pin": 1}, "b": {"pin": None}},
            {"a": {"pin": "[masked: configured]"}, "b": {"pin": None}},
        ),
        ("data.**.pin", {"a": {"b": [{"pin": 1}]}, "pin": 2}, None),
        ("data.card_?", {"card_1": {"n": 1}, "card_10": 1}, {"card_1": "[masked: configured]", "card_10": 1}),
        ("data", {"a": 1}, "[masked: configured]"),
    ],
)
def test_a_configured_path_is_masked(path: str, data: Any, masked: Any) -> None:
    if masked is None:
        masked = {"a": {"b": [{"pin": "[masked: configured]"}]}, "pin": "[masked: configured]"}
    found = mask_event(event(data=data), [mask_path(path)])
    assert found.data == masked
    assert mask_event(found, [mask_path(path)]) == found


def test_configured_paths_reach_changes_and_texts() -> None:
    whole = event(
        changes={"a": Change(1, 2), "b": Change(None, "x")}, initiator=Initiator("u1", name="Ann", ip="1.2.3.4")
    )
    found = mask_event(whole, [mask_path("changes.*.new"), mask_path("initiator.ip")])
    assert found.changes == {"a": Change(1, "[masked: configured]"), "b": Change(None, "[masked: configured]")}
    assert found.initiator == Initiator("u1", name="Ann", ip="[masked: configured]")
    assert found.masked == ("initiator.ip", "changes.a.new", "changes.b.new")
    assert mask_event(whole, [mask_path("changes")]).changes["a"] == Change(*["[masked: configured]"] * 2)


@pytest.mark.parametrize("path", ["", "id", "initiator.id", "targets", "data..x", "data.**", "occurred_at"])
def test_a_path_that_cannot_be_masked_is_refused(path: str) -> None:
    with pytest.raises(BadInput):
        mask_path(path)


PIECES = st.sampled_from(
    [*PLANTED, *LEFT_ALONE, "password", "=", ":", '"', "\\", " ", "token", "-p", "[masked: x]", "\n"]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=6).map("".join))
@example("npm_" + LETTERS[:36] + "AKIA" + "IOSFODNN7ABCDEFG")
def test_masking_twice_changes_nothing_and_the_quick_look_misses_nothing(text: str) -> None:
    masked = mask_text(text)
    assert mask_text(masked) == masked
    if masked != text:
        assert may_hold_secret(encode(event(details=text)))


KEY_WORDS = (
    "access refresh session id auth api bearer security private csrf secret account shared token key password passwd "
    "passphrase pwd authorization proxy x pass in - _ . / --"
)
NAMES = st.lists(st.sampled_from([" ", *KEY_WORDS.split()]), min_size=1, max_size=5).map("".join)


@given(NAMES, st.sampled_from(["=", ":", " ", "\t", '"', '": "', "':'", " = ", "\t: ", "\\t= "]), st.booleans())
def test_the_quick_look_misses_no_name_of_a_secret(name: str, gap: str, upper: bool) -> None:
    name = name.upper() if upper else name
    for whole in (
        event(details=f"'{name}{gap}hunter2\""),
        event(data={name: "hunter2"}),
        event(changes={name: Change("hunter2")}),
        event(data=[name, "hunter2"]),
    ):
        assert mask_event(whole) is whole or may_hold_secret(encode(whole))


HOSTILE = [
    "password=", 'password="', "eyJ", "eyJaaaaaaaaaa.", "-----BEGIN PRIVATE KEY-----a-", "://a:", "curl ", "mysql -p",
    "net user a ", "net use \\\\a ", "\\", '"', '\\"', 'secret\\"', "--a-", "pwd=\\", " ", "Authorization: Bearer a\"",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_takes_no_more_than_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        started = time.process_time()
        mask_text(text)
        return time.process_time() - started

    assert seconds(200_000) < 10 * seconds(50_000) + 0.2


LOGS = Path("../shared/data")


@pytest.mark.parametrize(
    ("name", "step", "masked"), [("cloudtrail", 29, 99), ("vendors", 3, 46), ("windows-security", 499, 0)]
)
def test_real_logs_are_masked_where_they_hold_keys_and_nowhere_else(name: str, step: int, masked: int) -> None:
    found = []
    with gzip.open(LOGS / f"{name}.jsonl.gz") as lines:
        for index, line in enumerate(lines):
            if index % step == 0:
                found.append(mask_event(event(data=msgspec.json.decode(line))))
    assert sum(bool(one.masked) for one in found) == masked
    places = {path.rpartition(".")[2].partition("[")[0].lower() for one in found for path in one.masked}
    assert places <= {"accesskeyid", "p_any_trace_ids", "principalid", "sessiontoken"}
