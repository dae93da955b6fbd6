"""Checks 6 and 7: words, errors, money, instants and names."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gateway.errors as tree
from gateway.errors import GatewayError, PlatformError
from gateway.model.money import decimals, to_major
from gateway.model.order import Order, Recipient
from gateway.ports import Answer, Call, SealedRecipientSource, Unmapped
from gateway.transport.json import decode
from tests.kit.contract_bench import PaperChannel, Shop
from tests.kit.contract_case import Axis, Case, OrderFacts

NEVER_DOCUMENTED = "NEVER_DOCUMENTED_WORD"

INSTANTS = [
    "2024-02-29T23:59:59+00:00",  # leap day
    "2026-12-31T15:59:59+00:00",  # the last second of the year in UTC+8
    "2026-12-31T16:00:00+00:00",
    "2026-12-31T23:59:59+00:00",
    "2027-01-01T00:00:00+00:00",
    "2018-11-04T02:59:59+00:00",  # around Brazil's last change to summer time
    "2018-11-04T03:00:00+00:00",
    "2026-03-08T10:00:00+00:00",  # the hour New York skips
    "2038-01-19T03:14:08+00:00",  # beyond 31 bits
]

NAMES = [
    "张伟",
    "山田 花子",
    "Nguyễn Thị Ánh",
    "김철수",
    "عبد الله",
    "👩‍👩‍👧‍👦 family",  # joined by zero-width joiners
    "🇸🇬 flag and 𠮷 beyond the basic plane",
    "e\u0301 decomposed, é composed",
    "quotes \" ' and <b>&amp;</b> %41 \\n",
    "two\nlines\tand a tab",
    "name, with: separators; =&?#",
    "x" * 300,
]

WRITE = Call(operation="any.write", method="POST", path="/x", effect=True, idempotent="no")
READ = Call(operation="any.read", method="GET", path="/x")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Check06Words:
    """Every documented word has its meaning; what nobody documented is unknown, reported, and sinks nothing."""

    case: Case

    async def _meaning(self, axis: Axis, word: str) -> tuple[Any, list[Unmapped]]:
        adapter, channel = self.case.adapter, PaperChannel(self.case, axis.compose(word))
        if axis.kind == "order":
            batch = await adapter.fetch_orders(channel, [self.case.order_id])
            assert not batch.bad, batch.bad
            return batch.orders[0], list(batch.unmapped)
        page = await adapter.fetch_after_sale(channel, self.case.request_id)
        assert not page.bad, page.bad
        return page.after_sales[0], list(page.unmapped)

    async def test_check_06_documented_word(self, word: tuple[str, str, Any]) -> None:
        name, spelled, expected = word
        axis = self.case.wire.axes[name]
        found, unmapped = await self._meaning(axis, spelled)
        assert axis.read(found) == _frozen(expected)
        assert axis.kept is None or axis.kept(found) == spelled
        assert unmapped == []

    async def test_check_06_unknown_word_is_unknown_kept_and_reported(self, axis_name: str) -> None:
        axis = self.case.wire.axes[axis_name]
        found, unmapped = await self._meaning(axis, NEVER_DOCUMENTED)
        assert axis.read(found) == axis.unknown
        assert axis.kept is None or axis.kept(found) == NEVER_DOCUMENTED
        external_id = self.case.order_id if axis.kind == "order" else self.case.request_id
        assert unmapped == [Unmapped(external_id, axis.where, NEVER_DOCUMENTED)]

    def test_check_06_every_vocabulary_has_its_words(self) -> None:
        words = json.loads((self.case.folder / "words.json").read_text("utf-8"))
        assert set(words) == set(self.case.wire.axes)
        assert all(words.values())

    @pytest.mark.parametrize("call", [READ, WRITE], ids=["read", "write"])
    def test_check_06_documented_error(self, error_row: tuple[str, str, str], call: Call) -> None:
        code, message, kind = error_row
        error = self.case.adapter.classify(call, self.case.wire.error(code, message))
        assert type(error) is getattr(tree, kind)
        assert call.operation in str(error)

    @pytest.mark.parametrize("call", [READ, WRITE], ids=["read", "write"])
    def test_check_06_unknown_error_is_a_refusal_that_names_itself(self, call: Call) -> None:
        error = self.case.adapter.classify(call, self.case.wire.error(NEVER_DOCUMENTED, "no such luck"))
        assert isinstance(error, PlatformError)
        assert error.code == NEVER_DOCUMENTED

    # two stores of one platform run the same test: each is a class of its own, and both must pass
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(body=st.binary(max_size=200), status=st.integers(100, 599))
    def test_check_06_any_bytes_are_judged_without_raising(self, body: bytes, status: int) -> None:
        error = self.case.adapter.classify(WRITE, Answer(status, {}, body))
        assert error is None or isinstance(error, GatewayError)
        if status >= 300 or not body.lstrip().startswith(b"{"):
            assert error is not None, "what is not the platform's own answer is no success"


class Check07Values:
    """Money is exact, instants are instants, names arrive as they were written."""

    case: Case

    async def _batch(self, facts: OrderFacts) -> Any:
        channel = PaperChannel(self.case, self.case.wire.order(facts))
        return await self.case.adapter.fetch_orders(channel, [self.case.order_id])

    async def _order(self, facts: OrderFacts) -> tuple[Order, Any]:
        batch = await self._batch(facts)
        assert not batch.bad, batch.bad
        return batch.orders[0], decode(batch.raws[0].body)

    async def test_check_07_money_goes_round(self, money: tuple[str, str, int]) -> None:
        amount, currency, minor = money
        order, raw = await self._order(OrderFacts(total=amount, currency=currency))
        assert (order.total_minor, order.currency) == (minor, currency)
        assert type(order.total_minor) is int
        assert Decimal(to_major(minor, currency)) == Decimal(amount)
        assert Decimal(self.case.wire.total_of(raw)) == Decimal(amount), "the raw amount keeps its digits"

    def test_check_07_money_without_decimals_is_tried(self) -> None:
        currencies = self.case.currencies
        if currencies is not None:
            assert {currency for _, currency, _ in self.case.money} == currencies
            return
        assert any(decimals(currency) == 0 for _, currency, _ in self.case.money)
        assert any(decimals(currency) == 2 for _, currency, _ in self.case.money)

    async def test_check_07_money_is_never_rounded(self, too_exact: tuple[str, str]) -> None:
        amount, currency = too_exact
        batch = await self._batch(OrderFacts(total=amount, currency=currency))
        (bad,) = batch.bad
        assert not batch.orders
        assert bad.external_id == self.case.order_id
        assert amount not in bad.reason, "a reason names fields, never values"
        assert decode(bad.raw)

    @pytest.mark.parametrize("instant", INSTANTS)
    async def test_check_07_instants_are_utc_to_the_second(self, instant: str) -> None:
        placed = datetime.fromisoformat(instant)
        order, _ = await self._order(OrderFacts(placed_at=placed))
        assert order.placed_at == placed
        assert order.placed_at.utcoffset() == timedelta(0)
        assert order.updated_at.utcoffset() == timedelta(0)

    async def test_check_07_instants_do_not_hang_on_the_stores_zone(self) -> None:
        store = self.case.connected.store
        placed = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
        for zone in ("Pacific/Kiritimati", "America/Sao_Paulo"):
            channel = PaperChannel(self.case, self.case.wire.order(OrderFacts(placed_at=placed)))
            moved = _Elsewhere(channel, store.model_copy(update={"time_zone": zone}))
            batch = await self.case.adapter.fetch_orders(moved, [self.case.order_id])
            assert batch.orders[0].placed_at == placed

    @pytest.mark.parametrize("name", NAMES)
    async def test_check_07_names_arrive_as_written(self, name: str) -> None:
        order, _ = await self._order(OrderFacts(person=name, title=name, note=name, message=name))
        channel = PaperChannel(self.case, self.case.wire.order(OrderFacts(person=name)))
        recipient = await self._recipient(channel, order)
        assert recipient.name == name
        assert "name" not in recipient.masked
        assert [line.title for line in order.lines] == [name]
        assert (order.note, order.buyer_message) == (name, name)
        assert Order.model_validate_json(order.model_dump_json()) == order

    async def _recipient(self, channel: Any, order: Order) -> Recipient:
        """Return the recipient as a person may see him: where he comes sealed, his name is opened."""
        assert order.recipient is not None
        if not self.case.seals_recipients:
            return order.recipient
        assert "name" in order.recipient.masked
        assert order.recipient.encrypted["name"]
        assert isinstance(self.case.adapter, SealedRecipientSource)
        return await self.case.adapter.open_recipient(channel, order, ["name"])

    async def test_check_07_masked_names_are_marked(self) -> None:
        order, _ = await self._order(OrderFacts(person="张**"))
        assert order.recipient is not None
        assert "name" in order.recipient.masked

    async def test_check_07_names_survive_the_wire(self, simulated: Shop) -> None:
        name = "张伟 👩‍👩‍👧‍👦 𠮷 é"
        order_id = await simulated.make(
            buyer={"name": name, "city": name}, lines=[{"sku": "A", "title": name, "quantity": 1}]
        )
        order = await simulated.order(order_id)
        recipient = await self._recipient(simulated.channel, order)
        assert (recipient.name, order.lines[0].title) == (name, name)

    async def test_check_07_money_survives_the_wire(self, region: str) -> None:
        from tests.kit.contract_bench import simulated  # noqa: PLC0415 - the name is also a fixture's

        async with simulated(self.case, region) as shop:
            currency = shop.store.currency
            price = "123456" if decimals(currency) == 0 else "1234.56"
            order_id = await shop.make(lines=[{"sku": "A", "title": "A", "quantity": 3, "price": price}])
            truth, order = (await shop.truths())[order_id], await shop.order(order_id)
            assert order.currency == currency
            assert order.lines[0].unit_price_minor == int(price.replace(".", ""))
            assert order.total_minor is not None
            assert Decimal(to_major(order.total_minor, currency)) == Decimal(truth["money"]["total"])


class _Elsewhere:
    """A paper channel of a store in another time zone."""

    def __init__(self, inner: PaperChannel, store: Any) -> None:
        self._inner = inner
        self.store = store

    async def send(self, call: Call) -> Answer:
        return await self._inner.send(call)
