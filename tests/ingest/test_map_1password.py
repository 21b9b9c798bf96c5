"""What the 1Password Events API's sign-in attempts, item usages and audit events mean.

Fields: https://developer.1password.com/docs/events-api/reference (1Password Events API reference),
objects and actions: https://developer.1password.com/docs/events-api/audit-events (audit events).
"""

from typing import Any

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Initiator, Reference, Target
from trailbook.ingest.mapping import load_map

CLIENT = {
    "app_name": "1Password Browser Extension",
    "app_version": "1109",
    "platform_name": "Chrome",
    "platform_version": "93.0.4577.62",
    "os_name": "MacOSX",
    "os_version": "10.15.7",
    "ip_address": "192.0.2.254",
}
AGENT = "1Password Browser Extension 1109 (Chrome 93.0.4577.62; MacOSX 10.15.7)"
SIGN_IN: dict[str, Any] = {
    "uuid": "56YE2TYN2VFYRLNSHKPW5NVT5E",
    "session_uuid": "A5K6COGVRVEJXJW3XQZGS7VAMM",
    "timestamp": "2023-03-15T16:32:50-03:00",
    "country": "CA",
    "category": "success",
    "type": "mfa_ok",
    "details": None,
    "target_user": {"uuid": "4HCG", "name": "Jeff Shiner", "email": "jeff@acme.com", "type": "user"},
    "client": CLIENT,
    "location": {"country": "Canada", "region": "Ontario", "city": "Toronto"},
    "account_uuid": "M4E2SWNZAZFTRGQGDNS2E5A4MU",
}
AT = "2023-03-15T19:32:50+00:00"
SESSION = Reference(kind="session", id="A5K6COGVRVEJXJW3XQZGS7VAMM")
JEFF: dict[str, Any] = {"id": "4HCG", "name": "Jeff Shiner", "ip": "192.0.2.254"}
AUDIT: dict[str, Any] = {
    "uuid": "56YE2TYN2VFYRLNSHKPW5NVT5E",
    "timestamp": "2023-03-15T16:33:50-03:00",
    "actor_uuid": "4HCG",
    "actor_type": "user",
    "actor_details": {"uuid": "4HCG", "name": "Jeff Shiner", "email": "jeff@acme.com"},
    "actor_account_uuid": "M4E2SWNZAZFTRGQGDNS2E5A4MU",
    "account_uuid": "M4E2SWNZAZFTRGQGDNS2E5A4MU",
    "session": {
        "uuid": "A5K6COGVRVEJXJW3XQZGS7VAMM",
        "login_time": "2023-03-15T16:33:50-03:00",
        "device_uuid": "lc5fqgbrcm4plajd8mwncv2b3u",
        "ip": "192.0.2.254",
    },
    "location": {"country": "Canada"},
}
WENDY = {"uuid": "K6VF", "name": "Wendy Appleseed", "email": "wendy@acme.com"}
AUDIT_COMMON: dict[str, Any] = {
    "application": "1password",
    "tenant": "M4E2SWNZAZFTRGQGDNS2E5A4MU",
    "initiator": Initiator(**JEFF),
    "outcome": "success",
    "related": (SESSION, Reference(kind="device", id="lc5fqgbrcm4plajd8mwncv2b3u")),
}


def test_a_sign_in() -> None:
    assert mapped("1password", SIGN_IN) == event(
        AT,
        "signinattempts",
        "sign-in",
        application="1password",
        tenant="M4E2SWNZAZFTRGQGDNS2E5A4MU",
        initiator=Initiator(**JEFF, user_agent=AGENT),
        outcome="success",
        reason="mfa_ok",
        related=(SESSION,),
    )


@pytest.mark.parametrize(
    ("category", "type", "outcome"),
    [
        ("credentials_failed", "password_secret_bad", "failure"),
        ("mfa_failed", "totp_bad", "failure"),
        ("modern_version_failed", "modern_version_old", "failure"),
        ("firewall_failed", "ip_blocked", "denied"),
    ],
)
def test_a_sign_in_that_failed_proves_no_identity(category: str, type: str, outcome: str) -> None:
    record = SIGN_IN | {"category": category, "type": type}
    assert mapped("1password", record) == event(
        AT,
        "signinattempts",
        "sign-in",
        application="1password",
        tenant="M4E2SWNZAZFTRGQGDNS2E5A4MU",
        initiator=Initiator(**JEFF, user_agent=AGENT, verified=False),
        outcome=outcome,
        reason=type,
        targets=(Target(kind="user", id="4HCG", name="Jeff Shiner"),),
        related=(SESSION,),
    )


def test_a_sign_in_that_the_firewall_only_reported_succeeded() -> None:
    record = SIGN_IN | {"category": "firewall_reported_success", "type": "continent_blocked"}
    made = mapped("1password", record)
    assert (made.outcome, made.initiator) == ("success", Initiator(**JEFF, user_agent=AGENT))


def test_a_page_holds_several() -> None:
    made = load_map("1password").events({"cursor": "x", "has_more": False, "items": [SIGN_IN, SIGN_IN | {"uuid": "2"}]})
    assert [one.action for one in made] == ["sign-in", "sign-in"]
    assert made[0] == load_map("1password").convert(SIGN_IN)


def test_an_item_that_was_used() -> None:
    record = {
        "uuid": "56YE2TYN2VFYRLNSHKPW5NVT5E",
        "timestamp": "2023-03-15T16:33:50-03:00",
        "used_version": 0,
        "vault_uuid": "VZSYVT2LGHTBWBQGUJAIZVRABM",
        "item_uuid": "SDGD3I4AJYO6RMHRK8DYVNFIDZ",
        "user": {"uuid": "4HCG", "name": "Jeff Shiner", "email": "jeff@acme.com"},
        "client": CLIENT,
        "location": {"country": "Canada"},
        "action": "secure-copy",
    }
    assert mapped("1password", record) == event(
        "2023-03-15T19:33:50+00:00",
        "itemusages",
        "secure-copy",
        application="1password",
        initiator=Initiator(**JEFF, user_agent=AGENT),
        outcome="success",
        targets=(Target(kind="item", id="SDGD3I4AJYO6RMHRK8DYVNFIDZ"),),
        related=(Reference(kind="vault", id="VZSYVT2LGHTBWBQGUJAIZVRABM"),),
    )


def test_a_user_who_joins_a_group_and_the_group_are_targets() -> None:
    record = AUDIT | {
        "action": "join",
        "object_type": "gm",
        "object_uuid": "pf8soyakgngrphytsyjed4ae3u",
        "aux_id": 9277034,
        "aux_uuid": "K6VF",
        "aux_details": WENDY,
        "aux_info": "A",
    }
    assert mapped("1password", record) == event(
        "2023-03-15T19:33:50+00:00",
        "gm",
        "join",
        targets=(
            Target(kind="user", id="K6VF", name="Wendy Appleseed"),
            Target(kind="group", id="pf8soyakgngrphytsyjed4ae3u"),
        ),
        **AUDIT_COMMON,
    )


def test_a_group_given_access_to_a_vault() -> None:
    record = AUDIT | {
        "action": "grant",
        "object_type": "gva",
        "object_uuid": "v1",
        "aux_id": 1,
        "aux_uuid": "g1",
        "aux_info": "1010",
    }
    assert mapped("1password", record) == event(
        "2023-03-15T19:33:50+00:00",
        "gva",
        "grant",
        targets=(Target(kind="group", id="g1"), Target(kind="vault", id="v1")),
        **AUDIT_COMMON,
    )


def test_a_suspended_user_is_the_target() -> None:
    record = AUDIT | {"action": "suspend", "object_type": "user", "object_uuid": "K6VF", "object_details": WENDY}
    assert mapped("1password", record) == event(
        "2023-03-15T19:33:50+00:00",
        "user",
        "suspend",
        targets=(Target(kind="user", id="K6VF", name="Wendy Appleseed"),),
        **AUDIT_COMMON,
    )


def test_a_deleted_vault_is_the_target() -> None:
    record = AUDIT | {"action": "delete", "object_type": "vault", "object_uuid": "v1"}
    made = mapped("1password", record)
    assert (made.resource, made.action, made.targets) == ("vault", "delete", (Target(kind="vault", id="v1"),))


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent, match="no time"):
        load_map("1password").convert({"uuid": "1", "category": "success", "type": "credentials_ok"})
