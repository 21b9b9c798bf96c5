"""To whom a schedule sends: accounts, addresses in domains that the tenant allows, folders and webhooks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Literal
from urllib.parse import quote

from msgspec import Struct

from ..access import decide
from ..access.kept import Shelf
from ..access.model import Caller, Right
from ..errors import BadInput, NotAllowed
from ..store.ports import Records
from .clean import mail_address, one_line
from .webhook import check_url, host_of

Kind = Literal["account", "mail", "folder", "webhook"]
MOST_DOMAINS = 100


class Recipient(Struct, frozen=True):
    """An account (by id), a mail address, a folder below the tenant's own, or a webhook's URL."""

    kind: Kind
    to: str

    @property
    def key(self) -> str:
        """16 characters that tell it from any other."""
        return hashlib.sha256(f"{self.kind}\0{self.to}".encode()).hexdigest()[:16]

    @property
    def told(self) -> str:
        """It in an event, which is kept for ever. Of a webhook, whose path is often a secret, the host and a mark."""
        if self.kind != "webhook":
            return f"{self.kind}:{self.to}"
        host = re.split(r"[/\\?#]", self.to.partition("://")[2])[0].rpartition("@")[2]
        return f"webhook:{host} ({self.key[:8]})"

    @property
    def outside(self) -> bool:
        """Whether nobody has to sign in there."""
        return self.kind != "account"


def require_to_send(owner: Caller, recipients: Iterable[Recipient], now: datetime) -> None:
    """Let pass who may have something sent to these, by itself, now. Raises NotSignedIn or NotAllowed."""
    rights: list[Right] = ["schedule", "view"]
    if any(one.outside for one in recipients):
        rights.append("export")
    for right in rights:
        decide.require(owner, right, now, decide.ABSENT)


class Domains(Struct, frozen=True):
    """The domains that a tenant (its `id`) lets mail and webhooks leave to, in small letters."""

    id: str
    domains: tuple[str, ...] = ()


DOMAINS = Shelf("domains", Domains, owner=attrgetter("id"))


def domains_of(given: Iterable[str]) -> tuple[str, ...]:
    """The domains as they are kept. Raises BadInput."""
    return tuple(sorted(set(map(_domain, given))))


def _domain(given: str) -> str:
    try:
        return mail_address(f"x@{given.removesuffix('.')}").partition("@")[2]
    except BadInput as error:
        raise BadInput(
            f"'{one_line(given, 100)}' is no domain that mail can be sent to.",
            place="domains",
            remedy="Write it as example.com.",
        ) from error


def allowed(records: Records, tenant: str, now: datetime) -> tuple[str, ...]:
    """The domains that a tenant allows; none if it has not said any."""
    found = DOMAINS.find(records, tenant, now)
    return found.value.domains if found else ()


def address(records: Records, tenant: str, recipient: Recipient, now: datetime) -> str:
    """Where an outside recipient's messages go to: an address, a folder below the root, or a URL.

    Raises NotAllowed for a domain that the tenant does not allow now, BadInput or Refused for what is no address.
    """
    if recipient.kind == "folder":
        return f"{quote(tenant, safe='')}/{recipient.to}"
    if recipient.kind == "mail":
        to = mail_address(recipient.to)
        domain = to.rpartition("@")[2]
    else:
        to = recipient.to
        domain = host_of(check_url(to))
    if domain not in allowed(records, tenant, now):
        raise NotAllowed(
            f"Nothing may be sent to {domain}.",
            place="recipients",
            remedy="Ask whoever manages the tenant's access to allow the domain.",
        )
    return to
