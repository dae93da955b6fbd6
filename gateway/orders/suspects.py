"""Signs that an order is a malicious one: it is held back from shipment, and never closed for that (XHS-02..04, 92).

They are looked for after orders were stored, among those that have not left. Who ordered what is compared by keyed
hashes, so neither buyer nor phone stands in clear. A sign that no longer holds is lifted; rows are only appended.
What a person cleared is not raised again by the gateway, and what a person's look at a sealed recipient showed is not
lifted by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select

from gateway.model.order import Order, Phase, Recipient
from gateway.model.store import Platform, Role, Store
from gateway.orders.buyer_marks import buyer_trace, standing_marks
from gateway.orders.documents import read_order
from gateway.orders.keys import OrderKeys, label, same_order
from gateway.orders.traces import plain_phone
from gateway.policy.rule_set import RuleSet
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import buyer_marks, order_keys, order_personal, order_signs, orders, repeat_traces
from gateway.storage.statements import insert_many, insert_new, one_of
from gateway.storage.vault import Vault


class Sign(StrEnum):
    """What makes an order suspicious."""

    incomplete_address = "incomplete_address"
    phone_digits = "phone_digits"
    repeated = "repeated"
    listed_buyer = "listed_buyer"


RULE_OF = {
    Sign.incomplete_address: "XHS-02",
    Sign.phone_digits: "XHS-03",
    Sign.repeated: "XHS-04",
    Sign.listed_buyer: "XHS-74",
}
"""The rule each sign rests on."""
GATEWAY = "gateway"
"""Who raises and lifts what orders show by themselves; anybody else is a person."""
HOLD_RULE = "XHS-92"
"""The rule that holds a suspicious order back."""

_WORDS = {
    Sign.incomplete_address: "its address is not complete",
    Sign.phone_digits: "its phone has a wrong number of digits",
    Sign.repeated: "its buyer ordered the same article again and again within a short time",
    Sign.listed_buyer: "its buyer is on the list of those who ordered or gave back in bad faith",
}
_PLATFORMS = frozenset({Platform.xiaohongshu})
_NOT_SHIPPED = [Phase.unpaid, Phase.on_hold, Phase.awaiting_shipment]
_COUNTRY_CODE = "86"
_OF_A_MOBILE = 11  # only to see whether the country code was written; what a phone must have is a rule
_PLAIN_PHONE = frozenset("0123456789*+- ()")  # anything else: a virtual number with an extension, not judged
_CANDIDATES = (
    select(
        orders.c.order_id,
        orders.c.phase,
        orders.c.document,
        order_personal.c.sealed,
        order_keys.c.wrapped,
    )
    .select_from(
        orders.join(order_personal, same_order(orders, order_personal)).join(order_keys, same_order(orders, order_keys))
    )
    .where(
        orders.c.store == bindparam("the_store"),
        one_of(orders.c.order_id, "ids"),
        or_(orders.c.phase.in_(_NOT_SHIPPED), orders.c.placed_at >= bindparam("since")),
    )
)
_MINE = repeat_traces.alias("mine")
_ALIKE = (
    select(repeat_traces.c.trace, repeat_traces.c.placed_at, repeat_traces.c.order_id)
    .select_from(
        _MINE.join(
            repeat_traces,
            (repeat_traces.c.store == _MINE.c.store)
            & (repeat_traces.c.trace == _MINE.c.trace)
            & repeat_traces.c.placed_at.between(
                _MINE.c.placed_at - bindparam("within"), _MINE.c.placed_at + bindparam("within")
            ),
        )
    )
    .where(_MINE.c.store == bindparam("the_store"), one_of(_MINE.c.order_id, "ids"))
)
_WAITING = select(orders.c.order_id).where(
    orders.c.store == bindparam("the_store"), one_of(orders.c.order_id, "ids"), orders.c.phase.in_(_NOT_SHIPPED)
)


@dataclass(frozen=True, slots=True)
class Measures:
    """The figures of the rules in force; None where no rule is."""

    digits: int | None
    repeats: tuple[int, timedelta] | None  # so many orders within that time
    address: bool
    listed: bool = False  # whether the list of buyers counts


@dataclass(frozen=True, slots=True)
class RaisedSign:
    """One sign that stands, with its rule, and since when."""

    store: str
    order_id: str
    sign: Sign
    rule: str
    at: datetime

    @property
    def words(self) -> str:
        """Say it for a person."""
        return f"{_WORDS[self.sign]} ({self.rule})"


def measures_of(store: Store, rules: RuleSet, now: datetime) -> Measures | None:
    """Return the rules on suspicious orders in force for a store, None where none speak of them."""
    if store.platform not in _PLATFORMS or store.role is not Role.seller:
        return None
    today = now.astimezone(ZoneInfo(store.time_zone)).date()
    numbers = {
        rule: rules.advice[rule].numbers
        for rule in (*RULE_OF.values(), HOLD_RULE)
        if rule in rules.advice and rules.advice[rule].in_force <= today
    }
    if HOLD_RULE not in numbers:
        return None
    phone, again = numbers.get(RULE_OF[Sign.phone_digits]), numbers.get(RULE_OF[Sign.repeated])
    return Measures(
        None if phone is None else phone["digits"],
        None if again is None else (again["orders"], timedelta(hours=again["within_hours"])),
        RULE_OF[Sign.incomplete_address] in numbers,
        RULE_OF[Sign.listed_buyer] in numbers,
    )


def mark(
    connection: Connection, vault: Vault, store: Store, rules: RuleSet, order_ids: Sequence[str], now: datetime
) -> None:
    """Raise and lift signs on orders that were just stored, in the caller's transaction."""
    measures = measures_of(store, rules, now)
    if measures is None or not order_ids:
        return
    found = _read(connection, vault, store.id, order_ids, measures, now)
    signs: dict[str, set[Sign]] = {
        order.order_id: signs_of(order, measures) for order, phase in found if phase in _NOT_SHIPPED
    }
    if measures.listed:
        for order_id in _of_listed_buyers(connection, vault, store.id, found):
            signs[order_id].add(Sign.listed_buyer)
    if measures.repeats is not None:
        _trace(connection, vault, store.id, [order for order, _ in found])
        for order_id in _repeated(connection, store.id, [order for order, _ in found], *measures.repeats):
            signs.setdefault(order_id, set()).add(Sign.repeated)
    _record(connection, store.id, signs, {order.order_id for order, _ in found}, now)


def signs_of(order: Order, measures: Measures) -> set[Sign]:
    """Return the signs that one order carries by itself. What is hidden or was not told is no sign. Pure."""
    if order.recipient is None:
        return set()
    found = set()
    digits = phone_digits(order.recipient)
    if measures.digits is not None and digits is not None and digits != measures.digits:
        found.add(Sign.phone_digits)
    if measures.address and is_incomplete(order.recipient, order.absent):
        found.add(Sign.incomplete_address)
    return found


def phone_digits(recipient: Recipient) -> int | None:
    """Return how many digits a phone has, its country code left out; None when it cannot be told.

    A masked one shows an asterisk for each digit it hides. Virtual numbers with an extension are not judged.
    """
    phone = recipient.phone.strip()
    if not phone or not _PLAIN_PHONE.issuperset(phone):
        return None
    digits = plain_phone(phone.replace("*", "0"))
    if phone.startswith("+") and not digits.startswith(_COUNTRY_CODE):
        return None  # a phone of another country
    shown = phone.lstrip("+ ").startswith(_COUNTRY_CODE) and (phone.startswith("+") or len(digits) == 2 + _OF_A_MOBILE)
    if not shown and "-" in phone and len(digits) != _OF_A_MOBILE:
        return None  # what stands before the dash may be the code of another country
    return len(digits) - len(_COUNTRY_CODE) if shown else len(digits)


def is_incomplete(recipient: Recipient, absent: Iterable[str]) -> bool:
    """Tell whether a part without which nothing can be delivered was told, and is empty."""
    hidden = {*recipient.masked, *recipient.encrypted, *(each.removeprefix("recipient.") for each in absent)}
    return any(
        not getattr(recipient, part).strip() and part not in hidden for part in ("state", "city", "full_address")
    )


def repeats(placed: Iterable[tuple[datetime, str]], orders_: int, within: timedelta) -> set[str]:
    """Return the orders that lie in a span of time ``within``, ends included, holding so many orders. Pure."""
    line = sorted(placed)
    found: set[str] = set()
    for first in range(len(line) - orders_ + 1):
        if line[first + orders_ - 1][0] - line[first][0] <= within:
            found.update(order_id for _, order_id in line[first : first + orders_])
    return found


def standing_signs(connection: Connection, stores: Sequence[str], order_id: str | None = None) -> list[RaisedSign]:
    """Return the signs that stand, of one order or of all, by order and sign."""
    last = select(func.max(order_signs.c.id)).group_by(order_signs.c.store, order_signs.c.order_id, order_signs.c.sign)
    if order_id is not None:
        last = last.where(order_signs.c.order_id == order_id)
    query = select(order_signs).where(
        order_signs.c.id.in_(last), order_signs.c.raised, order_signs.c.store.in_(list(stores))
    )
    rows = connection.execute(query.order_by(order_signs.c.store, order_signs.c.order_id, order_signs.c.sign))
    return [RaisedSign(row.store, row.order_id, Sign(row.sign), row.rule, from_micros(row.at)) for row in rows]


def clear(
    connection: Connection, store: str, order_id: str, only: Sequence[Sign], by: str, now: datetime
) -> list[RaisedSign]:
    """Lift the signs that stand on an order, all or ``only`` these, by a person's word; return them.

    The gateway does not raise them on this order again.
    """
    standing = standing_signs(connection, [store], order_id)
    lifted = [sign for sign in standing if not only or sign.sign in only]
    for each in lifted:
        _append(connection, store, order_id, each.sign, raised=False, by=by, now=now)
    return lifted


def judge_opened_phone(
    connection: Connection, store: Store, rules: RuleSet, order_id: str, recipient: Recipient, by: str, now: datetime
) -> list[RaisedSign]:
    """Raise or lift the sign of the phone, now that ``by`` has had a sealed one opened; return the signs that stand.

    Nothing changes on an order that has left, and where the digits cannot be told (a virtual number).
    """
    measures, digits = measures_of(store, rules, now), phone_digits(recipient)
    waits = select(orders.c.order_id).where(
        orders.c.store == store.id, orders.c.order_id == order_id, orders.c.phase.in_(_NOT_SHIPPED)
    )
    judged = measures is not None and measures.digits is not None and digits is not None
    if judged and connection.execute(waits).first() is not None:
        is_wrong = digits != (measures.digits if measures else None)
        last = _last_of(connection, store.id, [order_id]).get((order_id, Sign.phone_digits))
        is_raised, is_cleared = last is not None and last.raised, last is not None and _is_cleared(last)
        if is_wrong != is_raised and not is_cleared:
            _append(connection, store.id, order_id, Sign.phone_digits, raised=is_wrong, by=by, now=now)
    return standing_signs(connection, [store.id], order_id)


def _append(
    connection: Connection, store: str, order_id: str, sign: Sign, *, raised: bool, by: str, now: datetime
) -> None:
    row = {"store": store, "order_id": order_id, "sign": sign, "rule": RULE_OF[sign], "raised": raised, "by": by}
    connection.execute(insert(order_signs), row | {"at": to_micros(now)})


def _last_of(connection: Connection, store: str, order_ids: Sequence[str]) -> dict[tuple[str, Sign], Row[Any]]:
    """Return what was last said of each sign of these orders."""
    last = (
        select(func.max(order_signs.c.id))
        .where(order_signs.c.store == store, one_of(order_signs.c.order_id, "ids"))
        .group_by(order_signs.c.order_id, order_signs.c.sign)
    )
    ids = {"ids": orjson.dumps(sorted(order_ids)).decode()}
    rows = connection.execute(select(order_signs).where(order_signs.c.id.in_(last)), ids)
    return {(row.order_id, Sign(row.sign)): row for row in rows}


def _is_cleared(last: Row[Any]) -> bool:
    return not last.raised and last.by != GATEWAY


def _read(
    connection: Connection, vault: Vault, store: str, order_ids: Sequence[str], measures: Measures, now: datetime
) -> list[tuple[Order, Phase]]:
    reach = 2 * measures.repeats[1] if measures.repeats is not None else timedelta()
    named = {"the_store": store, "ids": orjson.dumps(list(order_ids)).decode(), "since": to_micros(now - reach)}
    rows = connection.execute(_CANDIDATES, named).all()
    keys = OrderKeys(vault, store, (row.order_id for row in rows), {row.order_id: row.wrapped for row in rows})
    found = []
    for row in rows:
        key = keys.of(row.order_id)
        if key is not None:
            personal = vault.open(key, row.sealed, label("order_personal", store, row.order_id))
            found.append((read_order(row.document, personal, ()).order, Phase(row.phase)))
    return found


def _of_listed_buyers(
    connection: Connection, vault: Vault, store: str, found: Sequence[tuple[Order, Phase]]
) -> list[str]:
    """Return the orders, not shipped yet, whose buyer is on the list (XHS-74)."""
    if connection.execute(select(buyer_marks.c.id).where(buyer_marks.c.store == store).limit(1)).first() is None:
        return []
    traces = {order.order_id: buyer_trace(vault, order) for order, phase in found if phase in _NOT_SHIPPED}
    listed = standing_marks(connection, store, [trace for trace in traces.values() if trace is not None])
    return [order_id for order_id, trace in traces.items() if trace in listed]


def _traces(vault: Vault, store: str, order: Order) -> set[bytes]:
    if order.buyer is None or not order.buyer.buyer_id or "buyer_id" in order.buyer.masked:
        return set()
    about = f"buyer and article\n{store}"
    articles = {line.variant_id or line.product_id for line in order.lines if not line.gift}
    return {vault.trace(f"{order.buyer.buyer_id}\n{article}", about) for article in articles}


def _trace(connection: Connection, vault: Vault, store: str, found: Sequence[Order]) -> None:
    rows = [
        (store, order.order_id, trace, to_micros(order.placed_at))
        for order in found
        for trace in sorted(_traces(vault, store, order))
    ]
    insert_many(connection, insert_new(connection, repeat_traces), rows)


def _repeated(connection: Connection, store: str, found: Sequence[Order], least: int, within: timedelta) -> list[str]:
    """Return the orders, of ``found`` and of those stored before, that repeat each other and have not left."""
    named = {
        "the_store": store,
        "ids": orjson.dumps([order.order_id for order in found]).decode(),
        "within": within // timedelta(microseconds=1),
    }
    placed: dict[bytes, set[tuple[datetime, str]]] = defaultdict(set)
    for trace, at, order_id in connection.execute(_ALIKE, named):
        placed[trace].add((from_micros(at), order_id))
    again = {order_id for each in placed.values() if len(each) >= least for order_id in repeats(each, least, within)}
    if not again:
        return []
    waiting = {"the_store": store, "ids": orjson.dumps(sorted(again)).decode()}
    return list(connection.execute(_WAITING, waiting).scalars())


def _record(
    connection: Connection, store: str, signs: Mapping[str, set[Sign]], looked_at: set[str], now: datetime
) -> None:
    """Append what differs from the signs that stand. One that rests on several orders is never lifted here."""
    standing: dict[str, set[Sign]] = defaultdict(set)
    persons: dict[str, set[Sign]] = defaultdict(set)  # signs that stand, or were cleared, by a person's word
    for (order_id, sign), row in _last_of(connection, store, [*{*signs, *looked_at}]).items():
        if row.raised:
            standing[order_id].add(sign)
        if row.by != GATEWAY:
            persons[order_id].add(sign)
    rows = []
    for order_id, now_there in signs.items():
        before = standing[order_id]
        lifted = before - now_there - {Sign.repeated} if order_id in looked_at else set()
        changes = [(sign, True) for sign in now_there - before - persons[order_id]]
        changes += [(sign, False) for sign in lifted - persons[order_id]]
        rows += [
            {
                "store": store,
                "order_id": order_id,
                "sign": sign,
                "rule": RULE_OF[sign],
                "raised": raised,
                "by": GATEWAY,
                "at": to_micros(now),
            }
            for sign, raised in sorted(changes)
        ]
    if rows:
        connection.execute(insert(order_signs), rows)
