"""A message as a mail (RFC 5322, MIME): plain text, HTML beside it, the chart within it, the files behind it."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from ..errors import BadInput
from .channel import Failed, Message, Refused, check_id
from .clean import file_name, lines, mail_address, one_line

POLICY = SMTP.clone(cte_type="7bit")
"""Lines end in CR LF, and nothing outside ASCII is sent as it is: every server takes that."""

_MEDIA_TYPE = re.compile(r"([a-z]+)/([a-z0-9.+-]+)(?:; charset=utf-8)?")


def party(text: str) -> Address:
    """A name and address, such as `Trailbook <audit@example.com>`, or an address alone. Raises BadInput."""
    name, address = parseaddr(text)
    local, domain = mail_address(address or text).rsplit("@", 1)
    return Address(one_line(name, 100), local, domain)


def recipient(message: Message) -> Address:
    """Whom a message is for. Raises Refused."""
    try:
        return Address(addr_spec=mail_address(message.to))
    except BadInput as error:
        raise Refused(error.problem, place="to", remedy=error.remedy) from error


def compose(message: Message, sender: Address, reply_to: Address | None, at: datetime, most: int) -> EmailMessage:
    """The mail that a message is; its Message-ID is made from the message's id and the sender's domain alone.

    `at` is its date; its files may have `most` bytes together. Raises Refused, and Failed if a file cannot be read.
    """
    mail = EmailMessage(POLICY)
    mail["From"] = sender
    mail["To"] = recipient(message)
    if reply_to is not None:
        mail["Reply-To"] = reply_to
    # What looks like an encoded word (RFC 2047) would be shown decoded; it stands for itself.
    mail["Subject"] = one_line(message.subject).replace("=?", "= ?") or "(no subject)"
    mail["Date"] = at
    mail["Message-ID"] = f"<{check_id(message)}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers this
    mail.set_content(lines(message.text))
    if message.html:
        mail.add_alternative(message.html.encode("utf-8", "replace").decode(), subtype="html")
        if message.chart_png is not None:
            shown = list(mail.iter_parts())[1]
            assert isinstance(shown, EmailMessage)
            shown.add_related(message.chart_png, "image", "png", cid="<chart>", disposition="inline")
    left = most
    for one in message.attachments:
        try:
            left -= one.path.stat().st_size
            if left < 0:
                raise Refused("The files are larger than a mail may carry.", place=one.name, remedy="Send a link.")
            content = one.path.read_bytes()
        except OSError as error:
            raise Failed(f"The file cannot be read: {error.strerror}.", place=one.name) from error
        kind = _MEDIA_TYPE.fullmatch(one.media_type)
        main, sub = kind.groups() if kind else ("application", "octet-stream")
        # All text of ours is UTF-8; as bytes its line ends stay as they are.
        params = {"charset": "utf-8"} if main == "text" else None
        mail.add_attachment(content, main, sub, filename=file_name(one.name), params=params)
    return mail
