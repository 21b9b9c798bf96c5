"""Scenes around calls and reports; each makes one event, as a call centre's system would send it."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from ..event.model import Change, Event, Initiator, Reference, Target
from .moment import Moment, recorded_call, web_request
from .words import QUEUES, REMARKS, REPORTS, SEARCHES, TAGS
from .world import pick

MAILER = "report-mailer"
CRM = "crm-sync"


def play_call(m: Moment) -> Event:
    """A recorded call is listened to."""
    call = m.uuid()
    who = m.someone(m.company.supervisors if m.dice.random() < 0.5 else m.company.agents)
    data = {
        "request": web_request(m, "GET", f"/api/v2/calls/{call}/audio", 206),
        "call": recorded_call(m, call),
        "player": {"version": "4.12.1", "speed": 1.5 if m.dice.random() < 0.2 else 1.0, "from_s": 0},
    }
    return m.event(m.desk(who), "calls", "play", data, targets=(Target("calls", call),))


def play_call_offline(m: Moment) -> Event:
    """A call is listened to on a telephone without network; the event arrives days later."""
    earlier = replace(m, at=m.at - timedelta(hours=30 + 90 * m.dice.random()))
    call = m.uuid()
    who = earlier.someone(m.company.supervisors)
    data = {
        "call": recorded_call(earlier, call), "offline": True, "queued_events": 1 + m.dice.getrandbits(4),
        "device": {"model": "Pixel 7a", "os": "Android 14", "battery": m.dice.getrandbits(6), "app": "7.4.1"},
    }  # fmt: skip
    return earlier.event(who.phone, "calls", "play", data, application="mobile", targets=(Target("calls", call),))


def search_calls(m: Moment) -> Event:
    """Someone looks for calls."""
    words = pick(m.dice, SEARCHES)
    return m.event(m.desk(m.someone(m.company.people)), "calls", "search", {
        "request": web_request(m, "GET", "/api/v2/calls", 200),
        "search": {
            "words": words, "queues": [pick(m.dice, QUEUES)], "tags": [pick(m.dice, TAGS)],
            "from": (m.at - timedelta(days=7)).date().isoformat(), "until": m.at.date().isoformat(),
            "sort": "newest", "page": m.dice.getrandbits(2), "page_size": 50,
        },
        "found": m.dice.getrandbits(12), "took_ms": m.dice.getrandbits(9), "index": "calls-2024-v7",
    }, details=f"Searched calls for {words}")  # fmt: skip


def export_calls(m: Moment) -> Event:
    """Recordings leave the house; who lacks the right to export is denied."""
    who = m.someone(m.company.people)
    allowed = any(role.name != "agent" for role in who.roles)
    calls = tuple(Target("calls", m.uuid()) for _ in range(1 + m.dice.getrandbits(2)))
    data = {
        "request": web_request(m, "POST", "/api/v2/exports", 202 if allowed else 403),
        "export": {
            "format": "wav" if m.dice.random() < 0.5 else "mp3", "calls": len(calls), "with_transcript": True,
            "purpose": "complaint", "expires": "P7D", "encrypted": True,
            "recipient": f"{who.target.id}@{m.company.id}.example",
        },
        "permission": {"needed": "calls.export", "granted_by": "r-supervisor" if allowed else None},
    }  # fmt: skip
    return m.event(
        m.desk(who), "calls", "export", data, outcome="success" if allowed else "denied",
        reason="" if allowed else "permission calls.export is missing", targets=calls,
    )  # fmt: skip


def evaluate_agent(m: Moment) -> Event:
    """A supervisor scores an agent's call: done to the agent."""
    agent, call = m.someone(m.company.agents), m.uuid()
    scores = {part: 1 + m.dice.getrandbits(2) for part in ("greeting", "listening", "solution", "closing", "consent")}
    data = {
        "request": web_request(m, "POST", f"/api/v2/calls/{call}/evaluation", 201),
        "evaluation": {
            "form": "standard-2024",
            "scores": scores,
            "total": sum(scores.values()),
            "remark": pick(m.dice, REMARKS),
        },
        "call": {"id": call, "queue": pick(m.dice, QUEUES), "duration_s": 30 + m.dice.getrandbits(10)},
    }
    return m.event(
        m.desk(m.someone(m.company.supervisors)), "evaluations", "create", data,
        details=f"Evaluated a call of {agent.target.name}", targets=(agent.target,),
        related=(Reference("calls", call),),
    )  # fmt: skip


def comment_call(m: Moment) -> Event:
    """A remark is left on a call."""
    call = m.uuid()
    data = {
        "request": web_request(m, "POST", f"/api/v2/calls/{call}/comments", 201),
        "call": recorded_call(m, call),
        "comment": {"text": pick(m.dice, REMARKS), "at_s": m.dice.getrandbits(8), "visible_to": "group"},
    }
    return m.event(m.desk(m.someone(m.company.people)), "calls", "comment", data, targets=(Target("calls", call),))


def view_report(m: Moment) -> Event:
    """A report is opened."""
    report, title = m.uuid(), pick(m.dice, REPORTS)
    data = {
        "request": web_request(m, "GET", f"/api/v2/reports/{report}", 200),
        "report": {
            "id": report, "title": title, "rows": m.dice.getrandbits(12), "cached": m.dice.random() < 0.5,
            "filters": {
                "queue": [pick(m.dice, QUEUES)], "weekdays": [1, 2, 3, 4, 5], "hours": [8, 20], "direction": "any",
            },
            "columns": ["agent", "calls", "talk_s", "hold_s", "score"], "group_by": "agent",
        },
    }  # fmt: skip
    return m.event(
        m.desk(m.someone(m.company.supervisors)),
        "reports",
        "view",
        data,
        related=(Reference("reports", report, title),),
    )


def mail_report(m: Moment) -> Event:
    """The background worker mails a scheduled report."""
    report, title = m.uuid(), pick(m.dice, REPORTS)
    failed = m.dice.random() < 0.03
    receivers = [m.someone(m.company.supervisors).target.id for _ in range(1 + m.dice.getrandbits(2))]
    data = {
        "task": {
            "id": m.uuid(), "name": "reports.tasks.send_email", "queue": "mail", "retries": m.dice.getrandbits(1),
            "worker": f"celery@worker-{m.dice.getrandbits(2)}", "runtime_ms": 200 + m.dice.getrandbits(11),
            "eta": m.at.replace(minute=0, second=0, microsecond=0).isoformat(),
        },
        "mail": {
            "to": [f"{one}@{m.company.id}.example" for one in receivers], "subject": title, "attachments": 1,
            "size": 9_000 + m.dice.getrandbits(16), "message_id": f"<{m.dice.getrandbits(64):016x}@mail.desk.example>",
        },
        "schedule": {"every": "weekday", "at": "06:00", "format": "xlsx", "owner": receivers[0]},
    }  # fmt: skip
    mailer = Initiator(MAILER, "Report mailer", m.company.id, type="service", groups=(), roles=())
    return m.event(
        mailer, "reports", "send_email", data, application="celery", outcome="failure" if failed else "success",
        reason="mail server refused the message: 451 try again later" if failed else "",
        related=(Reference("reports", report, title),),
    )  # fmt: skip


def run_night_job(m: Moment) -> Event:
    """The system cleans up by itself."""
    action, resource = pick(
        m.dice, (("purge", "recordings"), ("backup", "database"), ("reindex", "calls"), ("rotate", "keys"))
    )
    data = {
        "job": {
            "id": m.uuid(), "cron": f"{m.dice.getrandbits(4)} 2 * * *", "host": f"batch-{m.dice.getrandbits(1)}",
            "runtime_s": m.dice.getrandbits(11), "exit": 0, "max_rss_mb": 120 + m.dice.getrandbits(9),
        },
        "done": {
            "examined": m.dice.getrandbits(18), "changed": m.dice.getrandbits(12), "skipped": m.dice.getrandbits(5),
            "oldest": (m.at - timedelta(days=180)).isoformat(), "bytes": m.dice.getrandbits(33),
        },
        "log": [f"step {step}: {m.dice.getrandbits(10)} in {m.dice.getrandbits(8)} s, done" for step in range(1, 6)],
        "policy": {"retention": "P180D", "legal_hold": False, "window": ["02:00", "05:00"]},
    }  # fmt: skip
    system = Initiator("scheduler", "Scheduler", m.company.id, type="system", groups=(), roles=())
    return m.event(system, resource, action, data, application="cron")


def receive_call(m: Moment) -> Event:
    """The carrier delivers a recording: nobody in the system did it."""
    call = m.uuid()
    data = {
        "carrier": {
            "trunk": f"sip-{m.dice.getrandbits(3)}", "pop": "fra1", "signature": f"{m.dice.getrandbits(128):032x}",
            "attempt": 1, "received_ms": m.dice.getrandbits(9), "content_type": "audio/ogg; codecs=opus",
        },
        "call": recorded_call(m, call),
        "storage": {"bucket": f"recordings-{m.company.id}", "key": f"{m.at:%Y/%m/%d}/{call}.opus", "class": "standard"},
        "quality": {"mos": round(3 + m.dice.random() * 1.4, 2), "jitter_ms": m.dice.getrandbits(4), "lost": 0},
    }  # fmt: skip
    return m.event(
        None, "calls", "receive", data, application="telephony", details="Recording delivered by the carrier",
        targets=(Target("calls", call),),
    )  # fmt: skip


def sync_customer(m: Moment) -> Event:
    """The customer database updates a contact through the API, with a key."""
    contact = f"C{m.dice.getrandbits(20):07d}"
    data = {
        "request": web_request(m, "PATCH", f"/api/v2/contacts/{contact}", 200),
        "key": {
            "id": f"key-{m.company.id}-1", "scopes": ["contacts.write", "calls.read"],
            "last4": f"{m.dice.getrandbits(16):04x}",
        },
        "batch": {
            "number": m.dice.getrandbits(14), "size": 200, "source": "crm", "cursor": f"{m.dice.getrandbits(64):016x}",
        },
        "rate": {"limit": 600, "left": m.dice.getrandbits(9), "reset_s": m.dice.getrandbits(6)},
    }  # fmt: skip
    service = Initiator(
        CRM, "Customer database", m.company.id, type="service", ip="198.18.255.7",
        user_agent="crm-sync/3.2 python-httpx/0.27",
        groups=(), roles=(),
    )  # fmt: skip
    changes = {
        "segment": Change(pick(m.dice, ("new", "regular")), pick(m.dice, ("regular", "vip"))),
        "last_contact": Change((m.at - timedelta(days=m.dice.getrandbits(6))).isoformat(), m.at.isoformat()),
    }
    return m.event(
        service,
        "contacts",
        "update",
        data,
        application="api",
        related=(Reference("contacts", contact),),
        changes=changes,
    )
