"""After the end: what is left to see to once an order has ended, before its case settles.

* its purchases: a case of each that nobody needs now (`gateway.cases.upstream`)
* its stock: read from the platform again, or counted by a person; never the old figure and so many more (XHS-48)
* its money: seen to have gone back, else a person looks after three working days (XHS-46)
* its buyer: told in the platform's own chat, by the gateway or by a person (TTJ-04, XHS-63), and put on the list when
  the order was a malicious one (XHS-74)

Each is a line in the case's history, so that it is done once whatever happens meanwhile. What is handed to a person is
a task; the case settles with it open. Everything here runs inside one act of the database and calls no platform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.cases.articles import units_of
from gateway.cases.buyers import BuyerMark, mark_buyer
from gateway.cases.case import HANDED_OVER, Case, Outcome, WaitsFor, history_of, note
from gateway.cases.contact import messages_of
from gateway.cases.drafting import PLAIN, draft
from gateway.cases.effects import Effect, EffectState
from gateway.cases.ending import Standing
from gateway.cases.found import Found
from gateway.cases.notices import Level, tell
from gateway.cases.supply import OVER, is_over
from gateway.cases.tasks import TaskKind, TaskState, cancel_tasks, open_task, seal_text, tasks_like
from gateway.cases.upstream import VIA_SALE, Judge, cascade, kept_now
from gateway.config import ContactSettings
from gateway.errors import DataError, NoRuleKnown, NotAllowed
from gateway.ledger.working_days import WorkingDaysEnd, end_of_working_days
from gateway.model.after_sale import RefundState
from gateway.model.order import EndedBy, Order, PaymentState
from gateway.model.store import Platform, Role, Store
from gateway.policy.message_guard_templates import Writing
from gateway.policy.rule_set import RuleSet
from gateway.policy.terms import Reason
from gateway.ports import Offered, Operation
from gateway.work.queue import submit

FOLLOW_UP = "after"
"""The word in a case's history for something that was seen to after the end."""

CHECK_KIND = "stock_check"
"""The kind of due work that reads the stock of one order's articles again; `check_key` makes its key."""

LOOK_EVERY = timedelta(hours=6)
"""How often a case that awaits a refund looks again when no news come."""

_REFUND_RULE, _REFUND_NUMBER = "XHS-46", "working_days"
_APOLOGY_RULE = "XHS-63"
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterStep:
    """What a case does next after its order's end.

    ``settled``: nothing is left, or all of it is in a person's hands. ``write``: the gateway itself tells the buyer
    now, by the platform's chat. Otherwise it waits for ``waits_for`` and looks again at ``due_at``.
    """

    settled: bool = False
    write: Writing | None = None
    waits_for: WaitsFor = WaitsFor.nothing
    due_at: datetime | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Sees to what is left, with these rules and settings. ``contact`` is by store."""

    judge: Judge
    contact: Mapping[str, ContactSettings] = field(default_factory=dict)

    def step(
        self,
        c: Connection,
        found: Found,
        standing: Standing,
        store: Store,
        *,
        outcome: Outcome,
        chat: Offered,
        tells_stock: bool,
    ) -> AfterStep:
        """Do what can be done now for a case whose order has ended, and return what it does next.

        ``outcome`` is how the case settles; ``chat`` says who can write to the buyer there, ``tells_stock`` whether
        the platform's API tells stock.
        """
        turn = _Turn(c, self, found, standing, store, outcome, _done(c, standing.case))
        if outcome is Outcome.fulfilled:
            if store.role is Role.buyer and not turn.gone:
                turn.once("kept", turn.kept)
            return AfterStep(settled=True, because="the order goes its way")
        if turn.gone:
            turn.once("upstream", turn.upstream)
            if outcome is not Outcome.nothing_to_do and store.role is Role.seller:
                turn.once("stock", lambda: turn.stock(tells_stock=tells_stock))
                turn.once("buyer", turn.buyer)
        if outcome is Outcome.nothing_to_do:
            return AfterStep(settled=True, because="the order had ended before")
        if (writing := turn.message(chat)) is not None:
            return AfterStep(write=writing, because=f"the buyer is told ({writing.value})")
        return turn.refund()

    def stays(self, case: Case, found: Found) -> str | None:
        """Return why the goods of a purchase stay, instead of its case's next step; None when they do not.

        Only of a purchase whose case the end of its sale opened: what a person wants ended, is ended.
        """
        if case.via != VIA_SALE or case.step == HANDED_OVER:
            return None
        return kept_now(found.order, Reason(case.reason), found.decision, self.judge.worth)


def check_key(store: str, order_id: str) -> str:
    """Return the key of the work that reads the stock of an order's articles again."""
    return f"{store}\n{order_id}"


def read_check_key(key: str) -> tuple[str, str]:
    """Return store and order of a `check_key`."""
    store, _, order_id = key.partition("\n")
    return store, order_id


def is_refunded(order: Order) -> bool:
    """Tell whether the platform shows that the buyer's money has gone back. Pure."""
    whole = order.total_minor or 0
    if order.refunded_minor is not None and 0 < whole <= order.refunded_minor:
        return True
    return any(each.refund is RefundState.refunded for each in order.requests)


def refund_by(order: Order, store: Store, rules: RuleSet, seen_at: datetime) -> WorkingDaysEnd:
    """Return by when the money of an order should have gone back that has ended, at the latest ``seen_at`` (XHS-46)."""
    advice = rules.advice.get(_REFUND_RULE)
    days = 3 if advice is None else advice.numbers[_REFUND_NUMBER]
    ended = order.ended_at if order.ended_at is not None and order.ended_at <= seen_at else seen_at
    return end_of_working_days(ended, days, ZoneInfo(store.time_zone), store.region)


def _done(c: Connection, case: Case) -> set[str]:
    return {str(line.details["done"]) for line in history_of(c, case.id) if line.what == FOLLOW_UP}


@dataclass(slots=True)
class _Turn:
    """One look at what is left."""

    c: Connection
    aftermath: Aftermath
    found: Found
    standing: Standing
    store: Store
    outcome: Outcome
    done: set[str]

    @property
    def case(self) -> Case:
        return self.standing.case

    @property
    def order(self) -> Order:
        return self.found.order.order

    @property
    def gone(self) -> bool:
        """Whether the goods are not wanted any more."""
        return self.found.order.phase in OVER or is_over(self.order)

    @property
    def since(self) -> datetime:
        """When this case found its order over; a platform need not tell when it ended."""
        found = (line.at for line in history_of(self.c, self.case.id) if "outcome" in line.details)
        return min(found, default=self.standing.now)

    def once(self, what: str, act: Callable[[], Mapping[str, object]]) -> None:
        if what not in self.done:
            self.note(what, act())

    def note(self, what: str, details: Mapping[str, object]) -> None:
        self.done.add(what)
        note(self.c, self.case.id, FOLLOW_UP, "gateway", self.standing.now, {"done": what, **details})

    def upstream(self) -> Mapping[str, object]:
        if self.store.role is not Role.seller:
            return {}
        ends = cascade(self.c, self.aftermath.judge, self.case, self.standing.now)
        return {"purchases": len(ends)}

    def stock(self, *, tells_stock: bool) -> Mapping[str, object]:
        units = units_of(self.order)
        if tells_stock:
            submit(self.c, CHECK_KIND, check_key(self.store.id, self.order.order_id), self.standing.now, b"")
            return {"how": "read"}
        self.task(TaskKind.verify_stock, self.order.order_id, {"sku": ", ".join(units), "order": self.order.order_id})
        return {"how": "task"}

    def kept(self) -> Mapping[str, object]:
        """The goods of a purchase come to us: whoever takes them in counts them."""
        details = {"sku": ", ".join(units_of(self.order)), "order": self.order.order_id}
        self.task(TaskKind.verify_stock, self.order.order_id, details)
        return {"how": "task"}

    def buyer(self) -> Mapping[str, object]:
        if self.case.reason != Reason.malicious_order or self.outcome is not Outcome.ended:
            return {}
        vault, key = self.aftermath.judge.vault, (self.store.id, self.order.order_id)
        marked = mark_buyer(self.c, vault, key, BuyerMark.malicious, by="gateway", now=self.standing.now)
        return {"marked": BuyerMark.malicious.value if marked else "the buyer is not known"}

    def message(self, chat: Offered) -> Writing | None:
        """Return what the gateway itself writes now; what a person sends becomes a task once."""
        writing = self._owed()
        if writing is None or writing.value in self.done:
            return None
        sendings = self._sendings(writing)
        sent = messages_of(self.c, self.store.id, self.order.order_id)
        told = any(each.purpose == writing.value and each.at >= self.case.opened_at for each in sent)
        if told or any(each.state is EffectState.confirmed for each in sendings):
            self.note(writing.value, {"how": "sent"})
            return None
        if chat is Offered.api and len(sendings) < _TRIES and self._text(writing) is not None:
            return writing
        self._hand_over(writing)
        return None

    def _owed(self) -> Writing | None:
        """Return what the buyer is to be told: only of an end that the shop itself made of a paid order."""
        if self.outcome is not Outcome.ended or self.store.role is not Role.seller or not self._by_us():
            return None
        if not _was_paid(self.order):
            return None
        platform = Platform.of(self.store.platform)
        if platform is Platform.xiaohongshu:
            rules = self.aftermath.judge.rules
            return Writing.apology if _APOLOGY_RULE in rules.advice and not self._in_bad_faith() else None
        if platform is Platform.tiktok_shop:
            return Writing.closed
        return Writing.closed if platform is Platform.shopee and not self._in_bad_faith() else None

    def _in_bad_faith(self) -> bool:
        return self.case.reason == Reason.malicious_order

    def _by_us(self) -> bool:
        if self.order.ended_by is EndedBy.seller:
            return True
        ours = any(
            each.act.operation is Operation.seller_close and each.state is EffectState.confirmed
            for each in self.standing.effects
        )
        closed = any(each.kind is TaskKind.close and each.state is TaskState.done for each in self.standing.tasks)
        return ours or (closed and self.order.ended_by in {EndedBy.unknown, None})

    def _sendings(self, writing: Writing) -> list[Effect]:
        return [
            each
            for each in self.standing.effects
            if each.act.operation is Operation.send_message and each.act.parameters.get("purpose") == writing.value
        ]

    def _text(self, writing: Writing) -> tuple[str, str] | None:
        scenario = self.found.question.scenario
        settings = self.aftermath.contact.get(self.store.id, PLAIN)
        try:
            made = draft(
                self.order, scenario, writing, rules=self.aftermath.judge.rules.of_store(self.store.id),
                settings=settings,
            )  # fmt: skip
        except (NoRuleKnown, NotAllowed, DataError):
            return None
        return made.text, made.language

    def _hand_over(self, writing: Writing) -> None:
        order_id = self.order.order_id
        subject, text = f"{order_id}:{writing.value}", self._text(writing)
        details: dict[str, object] = {"purpose": writing.value, "order": order_id, "reason": self.case.reason}
        sealed = None
        if text is not None:
            details["language"] = text[1]
            vault, kind = self.aftermath.judge.vault, TaskKind.send_message
            sealed = seal_text(
                self.c, vault, store=self.store.id, order_id=order_id, kind=kind, subject=subject, text=text[0]
            )
        self.task(TaskKind.send_message, subject, details, sealed=sealed)
        self.note(writing.value, {"how": "task"})

    def refund(self) -> AfterStep:
        """Watch the money until it is there; settle when it is, or when there was none to watch."""
        if "refund" in self.done or not self._is_watched():
            return AfterStep(settled=True, because="nothing is left to do")
        now = self.standing.now
        asked = tasks_like(self.c, case_id=self.case.id, kind=TaskKind.watch_refund)
        attested = next((each for each in asked if each.state is TaskState.done), None)
        if is_refunded(self.order) or attested is not None:
            cancel_tasks(self.c, self.case.id, now, "the money is there", kinds={TaskKind.watch_refund})
            by = "platform" if attested is None else str(attested.done_by)
            self.note("refund", {"seen_by": by})
            return AfterStep(settled=True, because="the money has gone back")
        until = refund_by(self.order, self.store, self.aftermath.judge.rules, self.since)
        if now < until.by:
            return AfterStep(
                waits_for=WaitsFor.platform,
                due_at=min(until.by, now + LOOK_EVERY),
                because=" ".join((f"The refund should show by {until.by.isoformat()}.", until.words)).strip(),
            )
        if not asked:
            self._overdue(until.by)
        return AfterStep(
            waits_for=WaitsFor.person,
            due_at=now + LOOK_EVERY,
            because="The refund is overdue: a person looks where it is.",
        )

    def _is_watched(self) -> bool:
        if not _was_paid(self.order):
            return False
        bought = self.store.role is Role.buyer
        pending = any(each.refund is RefundState.pending for each in self.order.requests)
        return bought or pending or (self.gone and Platform.of(self.store.platform) is Platform.xiaohongshu)

    def _overdue(self, since: datetime) -> None:
        order = self.order
        amount = "" if order.total_minor is None else f"{order.total_minor} {order.currency} in minor units"
        ended = order.ended_at or since
        self.task(
            TaskKind.watch_refund,
            order.order_id,
            {"order": order.order_id, "since": ended.isoformat(), "amount": amount},
        )
        tell(
            self.c,
            key=f"refund_overdue:{self.case.id}",
            kind="refund_overdue",
            store=self.store.id,
            order_id=order.order_id,
            level=Level.warning,
            details={"case": self.case.id, "due": since.isoformat(), "rule": _REFUND_RULE},
            now=self.standing.now,
        )

    def task(self, kind: TaskKind, subject: str, details: Mapping[str, object], *, sealed: bytes | None = None) -> None:
        open_task(
            self.c,
            case_id=self.case.id,
            store=self.store.id,
            order_id=self.order.order_id,
            kind=kind,
            subject=subject,
            details=details,
            due_by=None,
            now=self.standing.now,
            sealed=sealed,
        )


def _was_paid(order: Order) -> bool:
    return order.paid_at is not None or order.payment in {PaymentState.paid, PaymentState.partly_paid}
