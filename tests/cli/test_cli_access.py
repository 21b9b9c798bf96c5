"""`trailbook key` and `trailbook account`: access for whoever runs the machine, each use of it an event."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cli.small import Cli
from entered import add
from served import service

from trailbook.access.links import find_link
from trailbook.wiring import open_store

KEY = re.compile(r"tb_([a-z2-7]{8})_[A-Za-z0-9_-]{43}_[0-9a-f]{6}\n")


def own_events(cli: Cli) -> list[dict[str, Any]]:
    """Trailbook's own events, oldest first."""
    told = cli("report", "application:trailbook", "--format", "jsonl", "--order", "oldest")
    assert told.code == 0, told
    return [row for line in told.out.splitlines() if "report" not in (row := json.loads(line))]


def test_a_key_is_shown_once_and_making_it_is_an_event(cli: Cli) -> None:
    made = cli("key", "create", "--tenant", "acme", "--use", "ingest", "--application", "web", "--expires", "90d")
    shape = KEY.fullmatch(made.out)
    assert shape is not None
    listed = cli("key", "list").out
    assert re.fullmatch(rf"{shape[1]}  acme  ingest  ingest  never used  until \d{{4}}-\d\d-\d\d\n", listed)
    told = json.dumps(own_events(cli))
    assert shape[1] in told
    assert "operator" in told
    assert made.out.strip().split("_", 2)[2][:43] not in told


def test_a_key_is_revoked_once(cli: Cli) -> None:
    shape = KEY.fullmatch(cli("key", "create", "--tenant", "acme", "--use", "read", "--name", "Dashboards").out)
    assert shape is not None
    for _ in range(2):
        assert cli("key", "revoke", shape[1]).out == f"{shape[1]} is revoked.\n"
    assert cli("key", "list").out == f"{shape[1]}  acme  read  Dashboards  never used  revoked\n"
    assert len(own_events(cli)) == 2


def test_keys_are_listed_by_tenant(cli: Cli) -> None:
    for tenant in ("acme", "globex"):
        cli("key", "create", "--tenant", tenant, "--use", "read")
    assert cli("key", "list").out.count("\n") == 2
    assert "globex" not in cli("key", "list", "--tenant", "acme").out


@pytest.mark.parametrize("expires", ["90", "d", "0d", "-1d", "99999d", "1w"])
def test_a_time_that_a_key_cannot_last(cli: Cli, expires: str) -> None:
    told = cli("key", "create", "--tenant", "acme", "--use", "ingest", "--expires", expires)
    assert told == (
        2,
        "",
        f"Error: --expires: '{expires}' is no time that a key may last. Write 90d or 12h.\n",
    )


def test_what_is_not_there(cli: Cli) -> None:
    cli("key", "create", "--tenant", "acme", "--use", "ingest")
    assert cli("key", "revoke", "aaaaaaaa").err == "Error: ID: There is no key 'aaaaaaaa'. See `trailbook key list`.\n"
    assert cli("account", "link", "bob").err == "Error: NAME: There is no account 'bob'. Give its name to sign in.\n"


@pytest.mark.parametrize(("options", "otp"), [((), "JBSWY3DPEHPK3PXP"), (("--reset-otp",), "")])
def test_who_lost_the_second_factor_as_well_gets_in_again(
    cli: Cli, store: Path, options: tuple[str, ...], otp: str
) -> None:
    with closing(open_store(str(store))) as opened:
        add(service(opened), "ann", otp="JBSWY3DPEHPK3PXP", otp_used=9)
    told = cli("account", "link", "ann", *options)
    token = re.search(r"#(\S{43})\n", told.out)
    assert token is not None
    with closing(open_store(str(store))) as opened:
        link, account = find_link(opened, token[1], datetime.now(UTC))
        assert (link.value.account, account.value.otp) == ("id-ann", otp)
    changes = [one["changes"] for one in own_events(cli)[1:]]
    assert ["otp" in (one or {}) for one in changes] == [True, False] if options else [False]
    assert "JBSWY3DPEHPK3PXP" not in json.dumps(own_events(cli)[1:])
