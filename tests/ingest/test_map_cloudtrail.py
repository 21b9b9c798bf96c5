"""CloudTrail records as events, expected from AWS's documentation of the record contents and the userIdentity element.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
"""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

from trailbook.event.model import Belonging, Change, Event, Initiator, Reference, Target
from trailbook.ingest.coverage import coverage
from trailbook.ingest.mapping import load_map

REAL = "../shared/data/cloudtrail.jsonl.gz"
CLOUDTRAIL = load_map("cloudtrail")

CREATE_USER = {
    "eventVersion": "1.08",
    "userIdentity": {
        "type": "IAMUser",
        "principalId": "AIDA6ON6E4XEGITEXAMPLE",
        "arn": "arn:aws:iam::888888888888:user/Mary",
        "accountId": "888888888888",
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "userName": "Mary",
    },
    "eventTime": "2023-07-19T21:25:09Z",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "192.0.2.0",
    "userAgent": "aws-cli/2.13.5",
    "requestParameters": {"userName": "Richard"},
    "responseElements": {"user": {"arn": "arn:aws:iam::888888888888:user/Richard", "userName": "Richard"}},
    "requestID": "2d528c76-329e-410b-9516-EXAMPLE565dc",
    "eventID": "ba0801a1-87ec-4d26-be87-EXAMPLE75bbb",
    "readOnly": False,
    "eventType": "AwsApiCall",
    "recipientAccountId": "888888888888",
}


def changed(record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return record | fields


def test_a_user_is_created_by_another() -> None:
    event = CLOUDTRAIL.convert(CREATE_USER)
    assert event == Event(
        id=event.id,  # the example's eventID is no UUID
        occurred_at=datetime(2023, 7, 19, 21, 25, 9, tzinfo=UTC),
        resource="iam",
        action="CreateUser",
        tenant="888888888888",
        application="aws",
        initiator=Initiator(
            id="arn:aws:iam::888888888888:user/Mary",
            name="Mary",
            tenant="888888888888",
            ip="192.0.2.0",
            user_agent="aws-cli/2.13.5",
        ),
        outcome="success",
        targets=(
            Target(kind="user", id="arn:aws:iam::888888888888:user/Richard", name="Richard", tenant="888888888888"),
        ),
        related=(Reference(kind="access-key", id="AKIAIOSFODNN7EXAMPLE"),),
        request_id="2d528c76-329e-410b-9516-EXAMPLE565dc",
        data=CREATE_USER,
    )


def test_a_user_who_is_deleted_is_the_same_party_as_when_it_acts() -> None:
    event = CLOUDTRAIL.convert(
        changed(CREATE_USER, eventName="DeleteUser", requestParameters={"userName": "Mary"}, responseElements=None)
    )
    assert event.initiator is not None
    assert event.targets[0].party() == ("user", event.initiator.tenant, event.initiator.id)


def test_adding_a_user_to_a_group_has_both_as_targets() -> None:
    request = {"userName": "Bob", "groupName": "admin"}
    event = CLOUDTRAIL.convert(
        changed(CREATE_USER, eventName="AddUserToGroup", requestParameters=request, responseElements=None)
    )
    assert [(one.kind, one.id, one.name) for one in event.targets] == [
        ("user", "arn:aws:iam::888888888888:user/Bob", "Bob"),
        ("group", "arn:aws:iam::888888888888:group/admin", "admin"),
    ]


def test_an_assumed_role_acts_as_a_session_that_has_the_role() -> None:
    identity = {
        "type": "AssumedRole",
        "principalId": "AROAIDPPEZS35WEXAMPLE:AssumedRoleSessionName",
        "arn": "arn:aws:sts::123456789012:assumed-role/RoleToBeAssumed/MySessionName",
        "accountId": "123456789012",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "attributes": {"mfaAuthenticated": "false", "creationDate": "20131102T010628Z"},
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAIDPPEZS35WEXAMPLE",
                "arn": "arn:aws:iam::123456789012:role/RoleToBeAssumed",
                "accountId": "123456789012",
                "userName": "RoleToBeAssumed",
            },
        },
    }
    initiator = CLOUDTRAIL.convert(changed(CREATE_USER, userIdentity=identity)).initiator
    assert initiator is not None
    assert initiator.id == "arn:aws:sts::123456789012:assumed-role/RoleToBeAssumed/MySessionName"
    assert initiator.name == "RoleToBeAssumed/MySessionName"
    assert initiator.type == "user"
    assert initiator.roles == (
        Belonging(id="arn:aws:iam::123456789012:role/RoleToBeAssumed", name="RoleToBeAssumed", tenant="123456789012"),
    )


def test_assuming_a_role_has_the_role_as_target_in_its_own_account() -> None:
    event = CLOUDTRAIL.convert(
        changed(
            CREATE_USER,
            eventSource="sts.amazonaws.com",
            eventName="AssumeRole",
            requestParameters={"roleArn": "arn:aws:iam::111111111111:role/ops", "roleSessionName": "mary"},
            responseElements={"assumedRoleUser": {"arn": "arn:aws:sts::111111111111:assumed-role/ops/mary"}},
        )
    )
    assert event.targets == (
        Target(kind="role", id="arn:aws:iam::111111111111:role/ops", name="ops", tenant="111111111111"),
    )
    assert Reference(kind="session", id="arn:aws:sts::111111111111:assumed-role/ops/mary", name="mary") in event.related


def test_who_acts_when_it_is_no_user() -> None:
    def who(**identity: Any) -> tuple[str, str, str]:
        initiator = CLOUDTRAIL.convert(changed(CREATE_USER, userIdentity=identity)).initiator
        assert initiator is not None
        return initiator.id, initiator.name, initiator.type

    assert who(type="AWSService", invokedBy="lambda.amazonaws.com") == (
        "lambda.amazonaws.com",
        "lambda.amazonaws.com",
        "service",
    )
    assert who(accountId="1", invokedBy="ec2.amazonaws.com")[2] == "service"
    assert who(type="Root", accountId="1", arn="arn:aws:iam::1:root") == ("arn:aws:iam::1:root", "root", "user")
    instance = "arn:aws:sts::1:assumed-role/web/i-0abc12345"
    assert who(type="AssumedRole", arn=instance) == (instance, "web/i-0abc12345", "service")
    assert who(type="IdentityCenterUser", onBehalfOf={"userId": "u-1"}, accountId="1")[0] == "u-1"


def test_a_failed_console_sign_in_is_claimed_and_not_proven() -> None:
    record = changed(
        CREATE_USER,
        userIdentity={"type": "IAMUser", "principalId": "AIDA", "accountId": "1", "accessKeyId": "", "userName": "Eve"},
        eventSource="signin.amazonaws.com",
        eventName="ConsoleLogin",
        requestParameters=None,
        errorMessage="Failed authentication",
        responseElements={"ConsoleLogin": "Failure"},
    )
    event = CLOUDTRAIL.convert(record)
    assert (event.outcome, event.reason) == ("failure", "Failed authentication")
    assert event.initiator is not None
    assert not event.initiator.verified
    assert event.targets == (Target(kind="user", id="arn:aws:iam::1:user/Eve", name="Eve", tenant="1"),)
    passed = CLOUDTRAIL.convert(record | {"responseElements": {"ConsoleLogin": "Success"}, "errorMessage": None})
    assert passed.outcome == "success"
    assert passed.initiator is not None
    assert passed.initiator.verified


def test_errors_are_failures_and_refusals_are_denied() -> None:
    def outcome(code: str | None) -> str:
        return CLOUDTRAIL.convert(changed(CREATE_USER, errorCode=code)).outcome

    assert outcome(None) == "success"
    assert outcome("AccessDenied") == "denied"
    assert outcome("Client.UnauthorizedOperation") == "denied"
    assert outcome("ThrottlingException") == "failure"
    event = CLOUDTRAIL.convert(changed(CREATE_USER, errorCode="AccessDenied", errorMessage="not you"))
    assert event.reason == "AccessDenied: not you"


def test_resources_are_targets_and_what_the_call_names_is_one_where_they_are_missing() -> None:
    bucket = {"eventSource": "s3.amazonaws.com", "eventName": "PutObject", "requestParameters": {"bucketName": "logs"}}
    plain = CLOUDTRAIL.convert(changed(CREATE_USER, **bucket))
    listed = CLOUDTRAIL.convert(
        changed(
            CREATE_USER,
            **bucket,
            resources=[{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::logs", "accountId": "1"}],
        )
    )
    assert plain.targets == (Target(kind="AWS::S3::Bucket", id="arn:aws:s3:::logs", name="logs"),)
    assert listed.targets[0] == Target(kind="AWS::S3::Bucket", id="arn:aws:s3:::logs", name="logs", tenant="1")


def test_a_rename_and_a_policy_are_changes() -> None:
    def changes(name: str, request: dict[str, str]) -> dict[str, Change]:
        return CLOUDTRAIL.convert(
            changed(CREATE_USER, eventName=name, requestParameters=request, responseElements=None)
        ).changes

    assert changes("UpdateUser", {"userName": "a", "newUserName": "b"}) == {"userName": Change(old="a", new="b")}
    assert changes("DetachUserPolicy", {"userName": "a", "policyArn": "p"}) == {"policy": Change(old="p", new=None)}


def test_requests_that_are_texts_of_json_are_read_too() -> None:
    event = CLOUDTRAIL.convert(
        changed(CREATE_USER, eventName="DeleteUser", requestParameters='{"userName": "Bob"}', responseElements=None)
    )
    assert [one.name for one in event.targets] == ["Bob"]


def test_a_real_log_goes_in_whole_and_loses_nothing_that_its_records_hold() -> None:
    (found,) = coverage(REAL, CLOUDTRAIL).values()
    assert (found.events, found.refused) == (2900, 0)
    assert found.initiator == found.outcome == 2900
    with gzip.open(REAL, "rt") as file:
        records = [json.loads(line) for line in file]
    with_ip = sum(record["sourceIPAddress"][0].isdigit() for record in records)
    assert found.ip == with_ip
    with_resources = sum(bool(record.get("resources")) for record in records)
    assert found.target >= with_resources
    assert len({CLOUDTRAIL.convert(record).id for record in records}) == 2900
    assert all(CLOUDTRAIL.convert(record).id == record["eventID"] for record in records)
