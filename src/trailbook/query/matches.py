"""What a resolved condition means for one event, in plain Python: the reference that every store is tested against."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from ..errors import BadQuery
from ..event.facets import facets, ip_text, parties_against, parties_by, reference_text, texts
from ..event.model import Event
from ..event.text import fold, words
from .excerpt import quoted
from .tree import PREFIXABLE, Address, And, Condition, Field, Not, Occurred, Or, Parties, Words


def matches(condition: Condition, event: Event) -> bool:
    """Whether `event` is one of those that the resolved `condition` means."""
    match condition:
        case And(items):
            return all(matches(item, event) for item in items)
        case Or(items):
            return any(matches(item, event) for item in items)
        case Not(item):
            return not matches(item, event)
        case Parties(parties, direction):
            by = direction != "against" and not parties_by(event).isdisjoint(parties)
            return by or (direction != "by" and not parties_against(event).isdisjoint(parties))
        case Field(name, values):
            return any(_field_matches(name, value, event) for value in values)
        case Address(networks):
            address = ip_text(event.initiator.ip) if event.initiator is not None else ""
            return bool(address) and any(_in_network(address, network) for network in networks)
        case Words(text, prefix):
            wanted = words(text)
            return bool(wanted) and any(_contains(words(one), wanted, prefix) for one in texts(event))
        case Occurred(since, until):
            return (since is None or event.occurred_at >= since) and (until is None or event.occurred_at < until)
        case _:
            raise BadQuery(f"{type(condition).__name__} has no meaning for an event before it is resolved.")


def _field_matches(name: str, value: str, event: Event) -> bool:
    if name == "id":
        return event.id == value.lower()
    if name == "related":
        if value.endswith("/*"):
            return f"kind:{value[:-2]}" in facets(event)
        references = [(one.kind, one.id) for one in event.affected()]
        references += [(one.kind, one.id) for one in event.related]
        return any(value in (id, reference_text(kind, id)) for kind, id in references)
    if name == "request":
        return bool(value) and value in (event.request_id, event.trace_id)
    if name == "book":
        return event.tenant == value
    wanted = f"{name}:{fold(value)}"
    if name in PREFIXABLE and value.endswith("*"):
        return any(facet.startswith(wanted[:-1]) for facet in facets(event))
    return wanted in facets(event)


def network_range(network: str) -> tuple[str, str]:
    """The first and last address of a network, as `ip_text` writes them. Raises BadQuery."""
    try:
        parsed = _network(network)
    except ValueError as error:
        raise BadQuery(
            f"{quoted(network)} is not an IP address or network.", remedy="Write 85.223.209.22 or 85.223.0.0/16."
        ) from error
    return f"{parsed.version}{parsed[0].packed.hex()}", f"{parsed.version}{parsed[-1].packed.hex()}"


@lru_cache(maxsize=1024)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    parsed = ipaddress.ip_network(text, strict=False)
    if isinstance(parsed, ipaddress.IPv6Network) and parsed.network_address.ipv4_mapped is not None:
        # Events' addresses of this kind are searched as what they are, IPv4 (RFC 4291, section 2.5.5.2).
        return ipaddress.IPv4Network((parsed.network_address.ipv4_mapped, parsed.prefixlen - 96))
    return parsed


def _in_network(address: str, network: str) -> bool:
    first, last = network_range(network)
    return len(first) == len(address) and first <= address <= last


def _contains(there: list[str], wanted: list[str], prefix: bool) -> bool:
    length = len(wanted)
    for start in range(len(there) - length + 1):
        window = there[start : start + length]
        if window == wanted:
            return True
        if prefix and window[:-1] == wanted[:-1] and window[-1].startswith(wanted[-1]):
            return True
    return False
