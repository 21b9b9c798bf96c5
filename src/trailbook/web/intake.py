"""The queue between the requests that bring events and the one thread that stores them, many requests to a commit."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from time import perf_counter

from msgspec import Struct, structs

from ..capture.loss import told_lost
from ..directory.enrich import OfTenant
from ..errors import BadEvent, Busy, DiskFull, Overloaded
from ..event.canonical import Sealed
from ..event.limits import decode_event
from ..event.model import Event
from ..ingest.accept import Context, Rejected, prepare
from ..store.ports import Appender, Receipt
from .metrics import Metrics

COMMIT_EVENTS = 1_000
COMMIT_BYTES = 4 << 20
"""A commit takes what is waiting, and stops at these: what comes meanwhile has to wait for all of it."""
GATHER_SECONDS = 0.002
"""If requests come in at the same time, a commit waits so long for more of them: a tenth less work for each."""
RETRY_SECONDS = 1.0

Result = Receipt | Rejected
MakeId = Callable[[int], str]


class Sender(Struct, frozen=True):
    """What whoever sends is bound to: the tenant whose book it is, and the applications (none named: any)."""

    tenant: str
    applications: tuple[str, ...] = ()

    def bind(self, event: Event) -> Event:
        """The event with its book. Raises BadEvent if it names another book, or an application that is not theirs."""
        if event.tenant and event.tenant != self.tenant:
            raise BadEvent(
                "This is not the tenant that the key belongs to.",
                place="tenant",
                remedy="Leave it out, or send it with a key of that tenant.",
            )
        if self.applications and event.application not in self.applications:
            if event.application or len(self.applications) > 1:
                raise BadEvent(
                    "This is not one of the applications that the key may send events of."
                    if event.application
                    else "`application` is missing, and the key may send events of several.",
                    place="application",
                    remedy="Send one that the key names, or use another key.",
                )
            return structs.replace(event, tenant=self.tenant, application=self.applications[0])
        return event if event.tenant else structs.replace(event, tenant=self.tenant)


class Room:
    """What may be held in memory of all that waits, in events and bytes. Any thread may use it.

    A tenant that holds half of it gets no more, so that there is room for the others.
    """

    def __init__(self, events: int, bytes_: int) -> None:
        self._most_events, self._most_bytes = events, bytes_
        self._lock = threading.Lock()
        self._of: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.events = 0
        self.bytes = 0

    @property
    def full(self) -> bool:
        """Whether hardly anything more may wait."""
        return 20 * self.events >= 19 * self._most_events or 20 * self.bytes >= 19 * self._most_bytes

    def admit(self, tenant: str) -> Hold:
        """A place for one more request of the tenant. Raises Overloaded."""
        with self._lock:
            events, bytes_ = self._of.get(tenant, (0, 0))
            if 2 * events >= self._most_events or 2 * bytes_ >= self._most_bytes:
                raise _overloaded("More events of this tenant are waiting to be stored than may.")
        return Hold(self, tenant)

    def take(self, tenant: str, events: int, bytes_: int) -> None:
        """Take room. Raises Overloaded if there is not as much."""
        with self._lock:
            if self.events + events > self._most_events or self.bytes + bytes_ > self._most_bytes:
                raise _overloaded("More events are waiting to be stored than may.")
            self._add(tenant, events, bytes_)

    def give_back(self, tenant: str, events: int, bytes_: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self._add(tenant, -events, -bytes_)

    def _add(self, tenant: str, events: int, bytes_: int) -> None:
        self.events += events
        self.bytes += bytes_
        of = self._of[tenant]
        of[0] += events
        of[1] += bytes_
        if of == [0, 0]:
            del self._of[tenant]


class Hold:
    """The room that one request takes, until it is answered."""

    def __init__(self, room: Room, tenant: str) -> None:
        self._room, self._tenant = room, tenant
        self._events = self._bytes = 0

    def bytes(self, count: int) -> None:
        """Take room for so many bytes more. Raises Overloaded."""
        self._room.take(self._tenant, 0, count)
        self._bytes += count

    def events(self, count: int) -> None:
        """Take room for so many events more. Raises Overloaded."""
        self._room.take(self._tenant, count, 0)
        self._events += count

    def release(self) -> None:
        """Give all of it back."""
        self._room.give_back(self._tenant, self._events, self._bytes)
        self._events = self._bytes = 0


class Parcel(Struct, frozen=True):
    """The events of one request: stored in one commit or not at all. `make_id` gives the id of an index without one."""

    items: Sequence[bytes]
    sender: Sender
    make_id: MakeId
    hold: Hold


class _Waiting(Struct, frozen=True, eq=False):
    """A parcel and whom to tell what became of it."""

    parcel: Parcel
    size: int
    future: asyncio.Future[list[Result]]
    loop: asyncio.AbstractEventLoop


_Answer = tuple[_Waiting, list[Result] | Exception]


class FairQueue:
    """Parcels by tenant; taken in turns, so that who has many waiting delays the others by one parcel at most.

    Who comes anew goes first, and need not share a commit with what others have waiting; unless somebody had no turn
    in the one before.
    """

    def __init__(self) -> None:
        self._of: OrderedDict[str, deque[_Waiting]] = OrderedDict()
        self._passed_over = False

    def __bool__(self) -> bool:
        return bool(self._of)

    def put(self, waiting: _Waiting) -> None:
        """Last of its tenant's."""
        tenant = waiting.parcel.sender.tenant
        if tenant not in self._of:
            self._of[tenant] = deque()
            self._of.move_to_end(tenant, last=self._passed_over)
        self._of[tenant].append(waiting)

    def take(self, events: int, bytes_: int) -> list[_Waiting]:
        """One of each tenant in turn, as many as fit in, and one in any case."""
        taken: list[_Waiting] = []
        tenants = len(self._of)
        while self._of:
            tenant, parcels = next(iter(self._of.items()))
            first = parcels[0]
            events -= len(first.parcel.items)
            bytes_ -= first.size
            if taken and (events < 0 or bytes_ < 0):
                break
            taken.append(parcels.popleft())
            self._of.move_to_end(tenant)
            if not parcels:
                del self._of[tenant]
        self._passed_over = len(taken) < tenants
        return taken

    def take_all(self) -> list[_Waiting]:
        """Whatever there is."""
        taken = [waiting for parcels in self._of.values() for waiting in parcels]
        self._of.clear()
        return taken


class Intake:
    """Takes in parcels and stores them, all that are waiting in one commit."""

    def __init__(
        self,
        appender: Appender,
        context: Callable[[], Context],
        *,
        events: int,
        bytes_: int,
        metrics: Metrics | None = None,
    ) -> None:
        """`context` is asked once for each commit; at most so many `events` and `bytes_` are held in memory."""
        self.room = Room(events, bytes_)
        self._metrics = metrics or Metrics()
        self._appender = appender
        self._context = context
        self._queue = FairQueue()
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def start(self) -> None:
        """Start the thread that stores, unless it runs; putting in a parcel does so too."""
        with self._condition:
            self._start()

    async def stop(self) -> None:
        """Store and answer what was put in; from now on nothing more is taken."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
            thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.join)

    def put(self, parcel: Parcel) -> asyncio.Future[list[Result]]:
        """What became of each of its events, in order, once that is durable. Raises Overloaded.

        The future fails with StoreError if nothing of the parcel was stored; sending it again is then safe. Its hold
        is given back when it is answered.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(parcel, sum(map(len, parcel.items)), loop.create_future(), loop)
        with self._condition:
            if self._stopping:
                raise _overloaded("The service is about to stop.")
            self._start()
            self._queue.put(waiting)
            self._condition.notify()
        self._metrics.waiting(self.room.events, self.room.bytes)
        return waiting.future

    def _start(self) -> None:
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        batch: list[_Waiting] = []
        while batch := self._next(gather=len(batch) > 1):
            answers = self._store(batch)
            busy = next((answer for _, answer in answers if isinstance(answer, Busy)), None)
            if busy is not None:
                # The others have waited nearly as long: if each commit did so in its turn, the last would hang.
                answers += [(waiting, busy) for waiting in self._rest()]
            for waiting, _ in answers:
                waiting.parcel.hold.release()
            _tell(answers)

    def _next(self, *, gather: bool) -> list[_Waiting]:
        with self._condition:
            self._condition.wait_for(lambda: self._queue or self._stopping)
            if gather:
                self._condition.wait_for(lambda: self._stopping, GATHER_SECONDS)
            return self._queue.take(COMMIT_EVENTS, COMMIT_BYTES)

    def _rest(self) -> list[_Waiting]:
        with self._condition:
            return self._queue.take_all()

    def _store(self, batch: list[_Waiting]) -> list[_Answer]:
        """Store all in one commit; if one of them cannot be stored, each by itself."""
        try:
            results = self._append([waiting.parcel for waiting in batch])
        except (DiskFull, Busy) as error:
            return [(waiting, error) for waiting in batch]
        except Exception as error:
            if len(batch) == 1:
                return [(batch[0], error)]
            return [answer for waiting in batch for answer in self._store([waiting])]
        return list(zip(batch, results, strict=True))

    def _append(self, parcels: list[Parcel]) -> list[list[Result]]:
        base = self._context()
        results: list[dict[int, Result]] = [{} for _ in parcels]
        sent: list[tuple[int, int, str, int]] = []

        def fitting() -> Iterator[Sealed]:
            """One at a time, so that the store takes what it needs of each before the next is made."""
            for number, parcel in enumerate(parcels):
                sender = parcel.sender
                context = structs.replace(base, tenant=sender.tenant, directory=OfTenant(base.directory, sender.tenant))
                for index, item in enumerate(parcel.items):
                    try:
                        event = decode_event(item, make_id=_id_of(parcel, index))
                        sealed = prepare(sender.bind(event), context)
                    except BadEvent as error:
                        results[number][index] = Rejected(index, error)
                    else:
                        sent.append((number, index, sealed.event.application, told_lost(sealed.event)))
                        yield sealed

        began = perf_counter()
        receipts = self._appender.append(fitting())
        self._metrics.committed(len(receipts), perf_counter() - began)
        lost = 0
        for (number, index, _, told), receipt in zip(sent, receipts, strict=True):
            results[number][index] = receipt
            lost += told if receipt.status == "stored" else 0
        outcome: Counter[str] = Counter(receipt.status for receipt in receipts)
        outcome["rejected"] = sum(map(len, results)) - len(receipts)
        self._metrics.received(outcome)
        self._metrics.not_captured(lost)
        for application in {application for _, _, application, _ in sent}:
            self._metrics.seen(application, base.recorded_at)
        return [[result[index] for index in range(len(result))] for result in results]


def _id_of(parcel: Parcel, index: int) -> Callable[[bytes], str]:
    return lambda raw: parcel.make_id(index)


def _tell(answers: list[_Answer]) -> None:
    """Settle the futures, each in its own loop, with one call for all of a loop's."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[_Answer]] = defaultdict(list)
    for answer in answers:
        by_loop[answer[0].loop].append(answer)
    for loop, told in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody is waiting any more
            loop.call_soon_threadsafe(_settle, told)


def _settle(answers: list[_Answer]) -> None:
    for waiting, answer in answers:
        if waiting.future.done():  # whoever asked has gone
            continue
        if isinstance(answer, Exception):
            waiting.future.set_exception(answer)
        else:
            waiting.future.set_result(answer)


def _overloaded(problem: str) -> Overloaded:
    return Overloaded(
        problem, retry_after=RETRY_SECONDS, place="queue", remedy="Send again after the seconds in Retry-After."
    )
