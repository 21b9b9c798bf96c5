"""Scenes around users, groups, roles and tenants; each makes one event, as a call centre's system would send it."""

from __future__ import annotations

from msgspec.structs import replace

from ..event.model import Change, Event, Initiator, Target
from .moment import Moment, web_request
from .words import EDITS, QUEUES, WRONG
from .world import Deed, Version, pick


def log_in(m: Moment) -> Event:
    """Someone signs in."""
    who = m.desk(m.someone(m.company.people))
    second = "totp" if m.dice.random() < 0.6 else "passkey"
    return m.event(who, "users", "login", {
        "request": web_request(m, "POST", "/login", 302),
        "method": "password", "second_factor": second, "remember": m.dice.random() < 0.3,
        "device": {
            "id": f"d-{m.dice.getrandbits(64):016x}", "known": True, "screen": [1920, 1080], "zone": m.company.offset,
        },
        "policy": {
            "name": "standard", "max_session_h": 10, "ip_allowed": True, "password_age_d": m.dice.getrandbits(7),
        },
    })  # fmt: skip


def fail_to_log_in(m: Moment) -> Event:
    """Someone claims an account and does not prove it: an unverified initiator, the account as target."""
    claimed = m.someone(m.company.people)
    stranger = m.dice.random() < 0.3
    who = Initiator(
        claimed.target.id, claimed.target.name, m.company.id, verified=False,
        ip=f"192.0.2.{m.dice.getrandbits(7)}" if stranger else claimed.office.ip, user_agent=claimed.office.user_agent,
    )  # fmt: skip
    reason = pick(m.dice, WRONG)
    return m.event(
        who, "users", "login",
        {
            "request": web_request(m, "POST", "/login", 401),
            "method": "password", "attempt": 1 + m.dice.getrandbits(2), "login": claimed.target.id,
            "risk": {"score": round(m.dice.random(), 3), "new_device": stranger, "new_network": stranger},
            "policy": {"name": "standard", "lock_after": 5, "ip_allowed": not stranger},
        },
        outcome="failure", reason=reason, details=f"Sign-in refused: {reason}", targets=(claimed.target,),
    )  # fmt: skip


def log_out(m: Moment) -> Event:
    """Someone signs out, or the session ends by itself."""
    idle = m.dice.random() < 0.4
    return m.event(m.desk(m.someone(m.company.people)), "users", "logout", {
        "request": web_request(m, "POST", "/logout", 204),
        "cause": "idle" if idle else "user", "session_s": 600 + m.dice.getrandbits(15),
        "open_tabs": m.dice.getrandbits(2), "unsaved": [],
        "counters": {"calls": m.dice.getrandbits(6), "notes": m.dice.getrandbits(4), "pauses": m.dice.getrandbits(3)},
    })  # fmt: skip


def look_at_profile(m: Moment) -> Event:
    """A profile is opened; an agent who opens a colleague's is denied."""
    who, whom = m.someone(m.company.people), m.someone(m.company.people)
    allowed = who.target.id == whom.target.id or any(role.name != "agent" for role in who.roles)
    data = {
        "request": web_request(m, "GET", f"/api/v2/users/{whom.target.id}", 200 if allowed else 403),
        "permission": {"needed": "users.read", "scope": "own" if not allowed else "group"},
        "fields": ["name", "phone", "seat", "skills", "status"] if allowed else [],
        "layout": {"columns": 2, "tab": "profile", "theme": "light", "locale": "en"},
    }  # fmt: skip
    return m.event(
        m.desk(who), "users", "view", data, outcome="success" if allowed else "denied",
        reason="" if allowed else "permission users.read is missing", targets=(whom.target,),
    )  # fmt: skip


def edit_user(m: Moment) -> Event:
    """An administrator edits somebody's profile."""
    return _edit(m, m.desk(m.someone(m.company.admins)), m.someone(m.company.people))


def edit_own_profile(m: Moment) -> Event:
    """Someone edits the own profile: by and against the same user."""
    who = m.someone(m.company.people)
    return _edit(m, m.desk(who), who)


def _edit(m: Moment, who: Initiator, whom: Version, note: str = "") -> Event:
    field, old, new = pick(m.dice, EDITS)
    number = m.dice.getrandbits(6)
    change = Change(
        old.format(number) if isinstance(old, str) else old, new.format(number + 1) if isinstance(new, str) else new
    )
    data = {
        "request": web_request(m, "PATCH", f"/api/v2/users/{whom.target.id}", 200),
        "form": {
            "version": 12, "tab": "profile", "fields": [field], "confirmed": True,
            "validation": {"errors": 0, "warnings": 0},
        },
        "ticket": f"HD-{10_000 + m.dice.getrandbits(13)}",
        "note": note or pick(m.dice, ("as agreed by telephone", "new desk", "yearly check")),
        "notified": {"mail": True, "app": False, "template": "profile-changed", "locale": "en"},
    }  # fmt: skip
    return m.event(
        who, "users", "update", data, details=f"Changed {field} of {whom.target.name}", targets=(whom.target,),
        changes={field: change},
    )  # fmt: skip


def edit_group(m: Moment) -> Event:
    """An administrator edits a group: the group itself is the target."""
    group = pick(m.dice, m.company.groups)
    data = {
        "request": web_request(m, "PATCH", f"/api/v2/groups/{group.id}", 200),
        "group": {"id": group.id, "name": group.name, "members": 2 + m.dice.getrandbits(5), "parent": None},
        "form": {"version": 4, "fields": ["service_level"], "confirmed": True},
        "routing": {
            "queues": [pick(m.dice, QUEUES), pick(m.dice, QUEUES)], "strategy": "longest-idle", "overflow_s": 45,
        },
    }  # fmt: skip
    return m.event(
        m.desk(m.someone(m.company.admins)), "groups", "update", data,
        targets=(Target("group", group.id, group.name, m.company.id),),
        changes={"service_level": Change("80/20", "80/30")},
    )  # fmt: skip


def edit_role(m: Moment) -> Event:
    """An administrator edits what a role may do: the role itself is the target."""
    role = pick(m.dice, m.company.roles)
    before = ["calls.read", "calls.comment", "reports.read"]
    data = {
        "request": web_request(m, "PUT", f"/api/v2/roles/{role.id}", 200),
        "role": {"id": role.id, "name": role.name, "holders": m.dice.getrandbits(6), "inherits": []},
        "review": {
            "required": True,
            "by": m.someone(m.company.admins).target.id,
            "ticket": f"SEC-{m.dice.getrandbits(12)}",
        },
        "effective": {"permissions": [*before, "calls.export"], "sessions_ended": m.dice.getrandbits(3)},
    }
    return m.event(
        m.desk(m.someone(m.company.admins)), "roles", "update", data,
        targets=(Target("role", role.id, role.name, m.company.id),),
        changes={"permissions": Change(before, [*before, "calls.export"])},
    )  # fmt: skip


def act_for_user(m: Moment) -> Event:
    """Support staff look at the system with a user's eyes: the initiator is the supporter, the user is borrowed."""
    supporter = m.desk(m.someone(m.world.operator.agents))
    user = m.someone(m.company.people).target
    data = {
        "request": web_request(m, "GET", "/api/v2/dashboard", 200),
        "support": {
            "ticket": f"SUP-{m.dice.getrandbits(16)}",
            "consent": "by telephone",
            "read_only": True,
            "minutes": 30,
        },
        "banner": {"shown": True, "text": "Support is looking at this account with you", "dismissed": False},
        "widgets": ["queues", "my calls", "scores", "messages", "shift plan"],
    }
    return m.event(replace(supporter, acts_as=user), "dashboards", "view", data)


def operate_on_user(m: Moment) -> Event:
    """An operator of the whole system edits a user of a company: in that company's book, by someone from outside."""
    operator = m.desk(m.someone(m.world.operator.admins))
    return _edit(m, operator, m.someone(m.company.people), "on request of the company's administrator")


def operate_on_tenant(m: Moment) -> Event:
    """An operator changes a company's plan: the tenant itself is the target."""
    data = {
        "request": web_request(m, "PATCH", f"/operator/tenants/{m.company.id}", 200),
        "contract": {"number": f"K-{m.dice.getrandbits(16)}", "signed": True, "currency": "EUR", "term": "P12M"},
        "approval": {
            "needed": 2, "given": [one.id for one in m.world.operator.admins[:1]],
            "ticket": f"OPS-{m.dice.getrandbits(12)}",
        },
        "limits": {"recordings_days": 180, "exports_per_day": 500, "api_per_minute": 600},
    }  # fmt: skip
    seats = 10 * (1 + m.dice.getrandbits(5))
    return m.event(
        m.desk(m.someone(m.world.operator.admins)), "tenants", "update", data, application="operator",
        targets=(Target("tenant", m.company.id, m.company.name, m.company.id),),
        changes={"seats": Change(seats, seats + 10)},
    )  # fmt: skip


def change_person(m: Moment, deed: Deed) -> Event:
    """An administrator carries out a deed; some systems name groups and roles as targets, some just the field."""
    before, after = deed.before, deed.after
    if deed.kind == "rename":
        changes = {"name": Change(before.target.name, after.target.name)}
    else:
        field, old, new = (
            ("groups", before.groups, after.groups) if deed.kind == "move" else ("roles", before.roles, after.roles)
        )
        changes = {field: Change([one.id for one in old], [one.id for one in new])}
    targets = [before.target]
    if m.company.names_parties:
        for kind, olds, news in (("group", before.groups, after.groups), ("role", before.roles, after.roles)):
            apart = [one for one in (*olds, *news) if (one in olds) != (one in news)]
            targets += [Target(kind, one.id, one.name, m.company.id) for one in apart]
    data = {
        "request": web_request(m, "PATCH", f"/api/v2/users/{deed.person.id}", 200),
        "form": {"version": 12, "tab": "membership", "fields": list(changes), "confirmed": True},
        "ticket": f"HR-{10_000 + m.dice.getrandbits(13)}",
        "effective": {"at": m.at.isoformat(), "sessions_ended": m.dice.getrandbits(1), "by_rule": None},
    }
    admin = m.company.admins[0].as_of(m.at)
    return m.event(
        m.desk(admin), "users", "update", data, details=f"Changed {', '.join(changes)} of {before.target.name}",
        targets=tuple(targets), changes=changes,
    )  # fmt: skip
