"""Directory files: what they say, and a sentence with a place for everything that is wrong with them."""

from datetime import UTC, datetime

import pytest

import trailbook.directory.load as loading
from trailbook.directory.load import load, read_csv, read_json
from trailbook.directory.model import Incoming, Membership, Profile
from trailbook.errors import BadFile

Y2021, Y2022 = datetime(2021, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)

JSON = """{
 "users": [
  {"tenant": "acme", "id": "u1", "name": "Ann", "groups": ["g1", "g2"], "roles": ["r1"],
   "valid_from": "2021-01-01T01:00:00+01:00", "valid_to": "2022-01-01T00:00:00Z"},
  {"tenant": "acme", "id": "u2", "groups": []}
 ],
 "groups": [{"tenant": "acme", "id": "g1", "name": "Call center"}],
 "roles": [{"tenant": "acme", "id": "r1", "name": "Supervisor"}],
 "tenants": [{"id": "acme", "name": "Acme Inc."}],
 "memberships": [
  {"tenant": "acme", "user": "u2", "group": "g1", "group_tenant": "globex", "valid_from": "2021-01-01T00:00:00Z"},
  {"user": "u3", "role": "r1"}
 ]
}"""

CSV = '''kind,tenant,id,name,groups,roles,valid_from,valid_to
user,acme,u1,Ann,g1; g2,r1,2021-01-01T01:00:00+01:00,2022-01-01T00:00:00Z
user,acme,u2,"Bob, the ""builder""",,,,

group,acme,g1,Call center,,,,
role,acme,r1,Supervisor,,,,
tenant,acme,acme,Acme Inc.,,,,
membership,acme,u2,,g1,r1,2021-01-01T00:00:00Z,
membership,,u3,,,r1,,
'''


def test_json_says_who_there_is_and_what_they_belong_to():
    assert read_json(JSON.encode(), "f") == Incoming(
        profiles=(
            Profile("user", "acme", "u1", "Ann", Y2021, Y2022),
            Profile("user", "acme", "u2"),
            Profile("group", "acme", "g1", "Call center"),
            Profile("role", "acme", "r1", "Supervisor"),
            Profile("tenant", "acme", "acme", "Acme Inc."),
        ),
        memberships=(
            Membership("acme", "u1", "group", "g1", "", Y2021, Y2022),
            Membership("acme", "u1", "group", "g2", "", Y2021, Y2022),
            Membership("acme", "u1", "role", "r1", "", Y2021, Y2022),
            Membership("acme", "u2", "group", "g1", "globex", Y2021),
            Membership("default", "u3", "role", "r1"),
        ),
        complete=frozenset({("acme", "u2", "group", None)}),
    )


def test_csv_says_the_same():
    assert read_csv(CSV.encode(), "f") == Incoming(
        profiles=(
            Profile("user", "acme", "u1", "Ann", Y2021, Y2022),
            Profile("user", "acme", "u2", 'Bob, the "builder"'),
            Profile("group", "acme", "g1", "Call center"),
            Profile("role", "acme", "r1", "Supervisor"),
            Profile("tenant", "acme", "acme", "Acme Inc."),
        ),
        memberships=(
            Membership("acme", "u1", "group", "g1", "", Y2021, Y2022),
            Membership("acme", "u1", "group", "g2", "", Y2021, Y2022),
            Membership("acme", "u1", "role", "r1", "", Y2021, Y2022),
            Membership("acme", "u2", "group", "g1", "", Y2021),
            Membership("acme", "u2", "role", "r1", "", Y2021),
            Membership("default", "u3", "role", "r1"),
        ),
        complete=frozenset({("acme", "u2", "group", None), ("acme", "u2", "role", None)}),
    )


def test_a_csv_file_without_the_column_says_nothing_about_groups():
    incoming = read_csv(b"id,kind,roles\nu1,user,r1\n", "f")
    assert incoming.profiles == (Profile("user", "default", "u1"),)
    assert incoming.complete == {("default", "u1", "role", None)}


def test_a_byte_order_mark_is_welcome():
    assert read_csv(b"\xef\xbb\xbfkind,id\r\nuser,u1\r\n", "f").profiles == (Profile("user", "default", "u1"),)
    assert read_json(b'\xef\xbb\xbf{"users":[{"id":"u1"}]}', "f").profiles == (Profile("user", "default", "u1"),)


def test_several_entries_of_one_party_need_dates():
    rows = b"kind,id,name,valid_from\nuser,u1,Ann,2021-01-01T00:00:00Z\nuser,u1,Anna,2022-01-01T00:00:00Z\n"
    assert [one.name for one in read_csv(rows, "f").profiles] == ["Ann", "Anna"]
    twice = '{"users":[{"id":"u1","name":"Ann"},{"id":"u2"},{"id":"u1","name":"Anna"}]}'
    with pytest.raises(BadFile, match=r"f, users\[2\]: This is there already, at users\[0\]\. Give each entry"):
        read_json(twice.encode(), "f")
    with pytest.raises(BadFile, match="f, line 4: This is there already, at line 2"):
        read_csv(rows + b"user,u1,Annie,2021-01-01T00:00:00Z\n", "f")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f: The file is empty"),
        ("[]", "f: Expected 'object', got 'array'"),
        ('{"users": [\n{"id": "u1"},\n{"id": u2}]}', "f, line 3: This is not JSON: .*invalid character"),
        ('{"users": [\n{"id": "u1"}', "f, line 2: This is not JSON: Input data was truncated"),
        ('{"people": []}', "f: Object contains unknown field 'people'"),
        ('{"users": [{"id": "u1", "group": "g1"}]}', r"f, users\[0\]: Object contains unknown field 'group'"),
        ('{"users": [{"name": "Ann"}]}', r"f, users\[0\]: Object missing required field 'id'"),
        ('{"users": [{"id": ""}]}', r"f, users\[0\].id: Expected 'str' of length >= 1"),
        ('{"users": [{"id": 17}]}', r"f, users\[0\].id: Expected 'str', got 'int'"),
        ('{"users": [{"id": "a\\u0000"}]}', r"f, users\[0\].id: Expected text without NUL"),
        ('{"users": [{"id": "u", "name": "' + "x" * 1025 + '"}]}', r"0\].name: Expected 'str' of length <= 1024"),
        (
            '{"users": [{"id": "u1", "valid_from": "2021-01-01T00:00:00"}]}',
            r"f, users\[0\].valid_from: .*timezone component\. Write times with their zone, as 2021-11-17T14:07:00Z",
        ),
        ('{"users": [{"id": "u1", "valid_to": "0001-01-01T00:00:00+14:00"}]}', r"users\[0\]: The time is outside"),
        (
            '{"groups": [{"id": "g", "valid_from": "2021-01-01T00:00:00Z", "valid_to": "2021-01-01T00:00:00Z"}]}',
            r"f, groups\[0\]: valid_to is not after valid_from",
        ),
        ('{"memberships": [{"user": "u1"}]}', r"f, memberships\[0\]: A membership names either a group or a role"),
        ('{"memberships": [{"user": "u", "group": "g", "role": "r"}]}', "A membership names either a group or a role"),
    ],
)
def test_what_is_wrong_with_json_is_said_with_its_place(text, message):
    with pytest.raises(BadFile, match=message):
        read_json(text.encode(), "f")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n", "f: The file is empty"),
        ("kind;id\n", "f, line 1: The column 'kind;id' is unknown; there are kind, tenant, id"),
        ("kind,id,id\n", "f, line 1: The column 'id' comes twice"),
        ("kind,name\n", "f, line 1: The column 'id' is missing"),
        ("kind,id\nuser,u1\nuser,u2,x\n", "f, line 3: The row has 3 cells, and the header 2"),
        ("kind,id\nperson,u1\n", "f, line 2, kind: 'person' is no kind; there are user, group"),
        ("kind,id,name\nuser,,Ann\n", "f, line 2: Object missing required field 'id'"),
        ('kind,id\nuser,"u1\n', "f, line 2: This is not CSV: unexpected end of data"),
        ("kind,id,groups\ngroup,g1,g2\n", "f, line 2: A group has no groups or roles"),
        ("kind,id,groups\nmembership,u1,\n", "f, line 2: The membership names no group and no role"),
        ("kind,id,tenant\ntenant,acme,globex\n", "f, line 2: Object contains unknown field 'tenant'"),
        ("kind,id,valid_from\nuser,u1,2021-01-01\n", "f, line 2, valid_from: Invalid RFC3339.*Write times with"),
        ("kind,id\nuser,a\x00\n", "f, line 2"),
    ],
)
def test_what_is_wrong_with_csv_is_said_with_its_line(text, message):
    with pytest.raises(BadFile, match=message):
        read_csv(text.encode(), "f")


def test_other_encodings_are_refused_with_the_line():
    with pytest.raises(BadFile, match=r"f, line 2: This is not UTF-8\. Save the file as UTF-8"):
        read_csv("kind,id,name\nuser,u1,Jürgen\n".encode("latin-1"), "f")


def test_size_and_number_are_bounded(monkeypatch):
    monkeypatch.setattr(loading, "LARGEST_FILE", 30)
    with pytest.raises(BadFile, match="larger than"):
        read_csv(b"kind,id\n" + b"user,u1\n" * 3, "f")
    monkeypatch.setattr(loading, "MOST_ENTRIES", 2)
    with pytest.raises(BadFile, match="f, line 4: The file has more than 2 entries"):
        read_csv(b"kind,id\nuser,a\nuser,b\nuser,c", "f")


def test_files_are_read_by_their_suffix(tmp_path):
    (tmp_path / "d.JSON").write_text(JSON)
    (tmp_path / "d.csv").write_text(CSV)
    assert len(load(tmp_path / "d.JSON").profiles) == len(load(tmp_path / "d.csv").profiles) == 5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("d.xml", r"d\.xml: A directory is not read from a '\.xml' file\. Give a \.json or \.csv file"),
        ("d", "The file has no suffix"),
        ("none.csv", "The file cannot be read: No such file"),
        ("folder.csv", "The file cannot be read: Is a directory"),
    ],
)
def test_what_cannot_be_opened_is_said(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BadFile, match=message):
        load(tmp_path / name)
