"""What Zoom's reports of operations and of sign-ins mean.

Fields: https://developers.zoom.us/docs/api/meetings/#tag/reports/get/report/operationlogs (Get operation logs report)
and https://developers.zoom.us/docs/api/meetings/#tag/reports/get/report/activities (sign in and sign out).
"""

import pytest
from mapped import event, mapped

from trailbook.errors import BadEvent
from trailbook.event.model import Change, Initiator, Target
from trailbook.ingest.mapping import load_map

AT = "2019-08-20T19:09:01+00:00"
ANN = Initiator(id="ann@acme.com", name="ann@acme.com")


def operation(action: str, category: str, detail: str) -> dict[str, str]:
    return {
        "time": "2019-08-20T19:09:01Z",
        "operator": "ann@acme.com",
        "category_type": category,
        "action": action,
        "operation_detail": detail,
    }


@pytest.mark.parametrize("verb", ["Activate", "Deactivate", "Update", "Delete"])
def test_the_user_named_in_the_detail_is_the_target(verb: str) -> None:
    record = operation("Update", "User", f"{verb} User bob@acme.com ")
    assert mapped("zoom", record) == event(
        AT,
        "User",
        "Update",
        application="zoom",
        initiator=ANN,
        outcome="success",
        details=f"{verb} User bob@acme.com ",
        targets=(Target(kind="user", id="bob@acme.com", name="bob@acme.com"),),
    )


def test_every_setting_changed_has_its_old_and_new_value() -> None:
    detail = (
        "Sign-In Password Requirement  - Have at least specified length of characters: from 8 to 14"
        " - Include at least 1 letter: from On to Off"
    )
    record = operation("Update", "Account", detail)
    assert mapped("zoom", record) == event(
        AT,
        "Account",
        "Update",
        application="zoom",
        initiator=ANN,
        outcome="success",
        details=detail,
        changes={
            "Have at least specified length of characters": Change(old="8", new="14"),
            "Include at least 1 letter": Change(old="On", new="Off"),
        },
    )


def test_a_changed_role_has_the_user_and_both_roles_as_targets() -> None:
    detail = "Change Role  - bob@acme.com: from Co-Owner to Billing Admin"
    record = operation("Batch Update", "User", detail)
    assert mapped("zoom", record) == event(
        AT,
        "User",
        "Batch Update",
        application="zoom",
        initiator=ANN,
        outcome="success",
        details=detail,
        targets=(
            Target(kind="user", id="bob@acme.com", name="bob@acme.com"),
            Target(kind="role", id="Co-Owner", name="Co-Owner"),
            Target(kind="role", id="Billing Admin", name="Billing Admin"),
        ),
        changes={"role": Change(old="Co-Owner", new="Billing Admin")},
    )


def test_a_new_user_has_its_first_values() -> None:
    detail = "Add User bob@acme.com  - User Type: Basic - Department: Foo"
    record = operation("Add", "User", detail)
    assert mapped("zoom", record) == event(
        AT,
        "User",
        "Add",
        application="zoom",
        initiator=ANN,
        outcome="success",
        details=detail,
        targets=(Target(kind="user", id="bob@acme.com", name="bob@acme.com"),),
        changes={"User Type": Change(new="Basic"), "Department": Change(new="Foo")},
    )


def test_a_group_is_the_target_of_its_own_settings() -> None:
    detail = "Edit Group Call Center  - Personal Meeting ID (PMI) Passcode: from On to Off"
    record = operation("Update", "User Group", detail)
    assert mapped("zoom", record) == event(
        AT,
        "User Group",
        "Update",
        application="zoom",
        initiator=ANN,
        outcome="success",
        details=detail,
        targets=(Target(kind="group", id="Call Center", name="Call Center"),),
        changes={"Personal Meeting ID (PMI) Passcode": Change(old="On", new="Off")},
    )


def test_a_value_that_is_set_has_no_old_one() -> None:
    record = operation("Update", "User", "Update User bob@acme.com  - Job Title: set to Contractor")
    assert mapped("zoom", record).changes == {"Job Title": Change(new="Contractor")}


def test_a_sign_in_comes_from_the_activity_report() -> None:
    record = {
        "email": "ann@acme.com",
        "time": "2019-09-14T17:25:27Z",
        "type": "Sign in",
        "ip_address": "192.0.2.1",
        "client_type": "Browser",
        "version": "5.9.1.2581",
    }
    assert mapped("zoom", record) == event(
        "2019-09-14T17:25:27+00:00",
        "Sign in / sign out",
        "Sign in",
        application="zoom",
        initiator=Initiator(id="ann@acme.com", name="ann@acme.com", ip="192.0.2.1", user_agent="Browser 5.9.1.2581"),
        outcome="success",
    )


def test_a_page_of_the_report_holds_several() -> None:
    page = {"from": "2019-08-14", "operation_logs": [operation("Update", "User", "Activate User a@b.co")] * 2}
    made = load_map("zoom").events(page)
    assert [one.details for one in made] == ["Activate User a@b.co"] * 2
    assert len({one.id for one in made}) == 2


def test_the_same_record_has_the_same_id_and_another_has_another() -> None:
    zoom = load_map("zoom")
    one, other = (
        operation("Update", "User", "Activate User a@b.co"),
        operation("Update", "User", "Activate User b@b.co"),
    )
    assert zoom.convert(one).id == zoom.convert(dict(one)).id != zoom.convert(other).id


def test_a_record_without_a_time_is_refused() -> None:
    with pytest.raises(BadEvent, match="no time"):
        load_map("zoom").convert({"operator": "ann@acme.com", "category_type": "User", "action": "Update"})
