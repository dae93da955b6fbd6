"""The search finds what a plain look at every stored order finds, in the order asked for, and pages lose nothing."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from gateway.errors import DataError
from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.order import Order, Phase
from gateway.orders import search, store
from gateway.orders.query import Query, Sort
from gateway.orders.search import find
from gateway.ports import AfterSalePage, OrderBatch
from gateway.storage import schema, words
from gateway.storage.engines import Use, make_engine
from gateway.storage.vault import Vault

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)
NOW = START + timedelta(days=40)
VAULT = Vault(bytes(range(32)))
HOUR = timedelta(hours=1)
pytestmark = pytest.mark.on_both
PLATFORMS = {"sg": "shopee", "tw": "shopee", "jp": "tiktok_shop"}
NAMES = (
    "Wu Invented",
    "wu  INVENTED",
    "Ｗｕ Ｉｎｖｅｎｔｅｄ",
    "王虚构",
    "山田 架空",
    "ヤマダ カクウ",
    "Straße Xy",
    "",
)
PHONES = ("+65 5550 1999", "6555501999", "０９０-5550-1999", "5550-2000", "123", "")
TITLES = (
    "Steel cup, large",
    "STEEL  Bottle",
    "不锈钢水杯 加大号",
    "折りたたみ傘",
    "Cupboard door",
    'a "quoted" AND b',
    "",
)
WANTED = (
    "cup",
    "steel cup",
    "CUP large",
    "水杯",
    "锈钢水杯",
    "傘",
    "ed",
    '"quoted"',
    "and",
    "bottle steel",
    "none such",
)


def with_stores(connection: Connection) -> None:
    """Store three stores, which have no orders yet."""
    common = {"app": "a", "role": "seller", "region": "", "currency": "", "time_zone": "UTC", "name": "", "mode": ""}
    for name, platform in PLATFORMS.items():
        row = {**common, "id": name, "platform": platform, "external_id": name, "state": "", "state_reason": ""}
        connection.execute(insert(schema.stores), {**row, "created_at": 0})
    connection.exec_driver_sql("update stores set state = 'connected'")


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def copies(request: pytest.FixtureRequest, make_database_url: Callable[..., str]) -> Iterator[Callable[..., Any]]:
    """Return what opens a database that holds nothing but three stores, to write; nothing of it is kept."""
    engine = make_engine(make_database_url(request.param), Use.write)

    @contextmanager
    def opened(*, trigrams: bool = True) -> Iterator[Connection]:
        with engine.connect() as connection:
            with_stores(connection)
            if trigrams:
                words.prepare(connection)
            yield connection

    yield opened
    engine.dispose()


def put(connection: Connection, *orders: Order) -> None:
    store.upsert_orders(connection, VAULT, OrderBatch(orders=orders, raws=[]), NOW)


def all_pages(connection: Connection, query: Query, limit: int = 3) -> list[tuple[str, str]]:
    """Return what all pages show, one after the other."""
    seen: list[tuple[str, str]] = []
    after = None
    for _ in range(200):
        page = find(connection, VAULT, query, limit, after)
        assert len(page.rows) <= limit
        seen += [(row.store, row.order_id) for row in page.rows]
        if page.next is None:
            return seen
        assert len(page.rows) == limit
        after = page.next
    raise AssertionError("the pages do not end")


# What the words of `Query` mean, said a second time and in the plainest way.


def plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def digits(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKC", text) if each in "0123456789")


def deadline(order: Order, phase: Phase) -> datetime | None:
    named: list[datetime | None] = []
    if phase in (Phase.unpaid, Phase.on_hold, Phase.awaiting_shipment, Phase.awaiting_collection):
        named += [order.ship_by, order.auto_cancel_at]
    for request in order.requests:
        if request.state.value == "open":
            named.append(request.answer_by)
        if request.state.value in ("open", "agreed", "refused"):
            named += [request.send_back_by, request.inspect_by, request.evidence_by]
    return min((each for each in named if each is not None), default=None)


def meets(query: Query, order: Order, phase: Phase) -> bool:
    due = deadline(order, phase)
    person = order.recipient
    clear_name = person is not None and "name" not in person.masked
    clear_phone = person is not None and "phone" not in person.masked
    phone = digits(person.phone) if person is not None and clear_phone else ""
    names = []
    if person is not None:
        names = [person.name] if clear_name else []
        names += [person.name_katakana]
    wanted = plain(query.receiver).replace(" ", "")
    return all(
        (
            order.order_id.startswith(query.number),
            not query.title
            or any(all(word in plain(line.title) for word in plain(query.title).split()) for line in order.lines),
            not query.receiver or wanted in [plain(name).replace(" ", "") for name in names],
            not query.phone or digits(query.phone) == phone,
            not query.phone_tail or (len(phone) >= 4 and phone.endswith(query.phone_tail)),
            not query.stores or order.store in query.stores,
            not query.platform or PLATFORMS[order.store] == query.platform,
            not query.phases or phase in query.phases,
            query.placed_since is None or order.placed_at >= query.placed_since,
            query.placed_until is None or order.placed_at < query.placed_until,
            query.updated_since is None or order.updated_at >= query.updated_since,
            query.updated_until is None or order.updated_at < query.updated_until,
            query.deadline_before is None or (due is not None and due < query.deadline_before),
            query.open_request is None
            or query.open_request is any(request.state.value == "open" for request in order.requests),
        )
    )


def every_order(connection: Connection) -> list[tuple[Order, Phase]]:
    """Read every stored order whole."""
    found = []
    for name, order_id in connection.exec_driver_sql("select store, order_id from orders").all():
        stored = store.order(connection, VAULT, name, order_id, with_personal=True)
        assert stored is not None
        found.append((stored.order, stored.phase))
    return found


def naive(stored: list[tuple[Order, Phase]], query: Query) -> list[tuple[str, str]]:
    """Look at every stored order."""
    found = [(order, deadline(order, phase)) for order, phase in stored if meets(query, order, phase)]
    found.sort(key=lambda each: (each[0].placed_at, each[0].store, each[0].order_id), reverse=True)
    if query.sort is Sort.deadline:
        due = [(by, order.store, order.order_id) for order, by in found if by is not None]
        rest = [(order.store, order.order_id) for order, by in found if by is None]
        return [(name, order_id) for _, name, order_id in sorted(due)] + rest
    return [(order.store, order.order_id) for order, _ in found]


moments = st.integers(0, 6).map(lambda n: START + n * HOUR)
maybe = st.one_of(st.none(), moments)

STATES = (
    {"payment": "unpaid", "fulfillment": "not_due"},
    {"fulfillment": "held"},
    {"fulfillment": "to_ship"},
    {"fulfillment": "arranged"},
    {"fulfillment": "shipped"},
    {"closure": "completed", "fulfillment": "delivered"},
    {"closure": "cancelled", "fulfillment": "not_due"},
    {"fulfillment": "unknown"},
)
IDS = ("26A", "26A1", "26A2", "26a", "26B\U0001f600", "26B", "3")
MASKS: tuple[tuple[str, ...], ...] = ((), (), ("name",), ("phone",), ("name", "phone"), ("full_address",))


class Shop:
    """Invents readings and queries that have something to do with each other."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def _at(self) -> datetime:
        return START + self._chance.randint(0, 6) * HOUR

    def _maybe_at(self) -> datetime | None:
        return self._at() if self._chance.random() < 0.5 else None

    def reading(self) -> dict[str, Any]:
        pick = self._chance.choice
        person = {"name": pick(NAMES), "phone": pick(PHONES), "masked": pick(MASKS)}
        if self._chance.random() < 0.3:
            person["name_katakana"] = pick(NAMES)
        titles = [pick(TITLES) for _ in range(self._chance.randint(0, 2))]
        placed = self._at()
        # now and then a platform's clocks disagree
        updated = self._at() if self._chance.random() < 0.03 else placed + self._chance.randint(0, 3) * HOUR
        return {
            "store": pick(tuple(PLATFORMS)),
            "order_id": pick(IDS),
            "placed_at": placed,
            "updated_at": updated,
            "ship_by": self._maybe_at(),
            "auto_cancel_at": self._maybe_at(),
            "recipient": person if self._chance.random() < 0.9 else None,
            "lines": [
                {"line_id": str(n), "product_id": "1", "title": title, "quantity": 1} for n, title in enumerate(titles)
            ],
            **pick(STATES),
        }

    def request(self) -> AfterSale:
        pick = self._chance.choice
        order_id = pick(IDS)
        return AfterSale(
            store=pick(tuple(PLATFORMS)),
            order_id=order_id,
            request_id=f"{order_id}-{pick((1, 2))}",
            kind=RequestKind.refund,
            state=pick(tuple(RequestState)),
            opened_at=self._at(),
            updated_at=self._at(),
            answer_by=self._maybe_at(),
            inspect_by=self._maybe_at(),
            currency="SGD",
        )

    def erased(self) -> tuple[str, str]:
        return self._chance.choice(tuple(PLATFORMS)), self._chance.choice(IDS)

    def query(self) -> Query:
        pick = self._chance.choice
        choices: dict[str, Callable[[], object]] = {
            "number": lambda: pick(("26A", "26", "26B", "26B\U0001f600", "26A1", "x")),
            "title": lambda: pick(WANTED),
            "receiver": lambda: pick([name for name in NAMES if name]),
            "phone": lambda: pick([phone for phone in PHONES if phone]),
            "phone_tail": lambda: pick(("1999", "2000")),
            "stores": lambda: pick((("sg",), ("sg", "jp"), ("other",))),
            "platform": lambda: pick(("shopee", "tiktok_shop", "alibaba_1688")),
            "phases": lambda: pick(((Phase.awaiting_shipment,), (Phase.unpaid, Phase.completed))),
            "placed_since": self._at,
            "placed_until": self._at,
            "updated_since": self._at,
            "updated_until": self._at,
            "deadline_before": self._at,
            "open_request": lambda: pick((True, False)),
        }
        asked: dict[str, Any] = {
            name: choices[name]() for name in self._chance.sample(tuple(choices), self._chance.randint(0, 3))
        }
        return Query(**asked, sort=pick(tuple(Sort)))


@settings(max_examples=settings.default.max_examples // 6)
@given(
    seed=st.integers(0, 2**32),
    limit=st.integers(1, 7),
    narrow=st.sampled_from((-1, 2, 5000)),
    apart=st.sampled_from((0, 32)),
    trigrams=st.booleans(),
)
def test_it_finds_what_a_look_at_every_order_finds(copies, make_order, seed, limit, narrow, apart, trigrams) -> None:
    shop = Shop(seed)
    with (
        copies(trigrams=trigrams) as connection,
        mock.patch.object(search, "_NARROW", narrow),
        mock.patch.object(search, "_APART", apart),
    ):
        for _ in range(15):
            put(connection, make_order(**shop.reading()), make_order(**shop.reading()))
            page = AfterSalePage(after_sales=[shop.request()], raws=[], next_page=None)
            store.upsert_after_sales(connection, VAULT, page, NOW)
        store.erase_person(connection, *shop.erased())
        stored = every_order(connection)
        for _ in range(40):
            query = shop.query()
            assert all_pages(connection, query, limit) == naive(stored, query), query


def test_the_look_at_every_order_finds_something(copies, make_order) -> None:
    """What the test above compares is not empty most of the time."""
    found = 0
    for seed in range(5):
        shop = Shop(seed)
        with copies() as connection:
            for _ in range(30):
                put(connection, make_order(**shop.reading()))
            stored = every_order(connection)
            found += sum(bool(naive(stored, shop.query())) for _ in range(40))
    assert found > 80


@settings(max_examples=settings.default.max_examples // 5)
@given(st.data())
def test_each_order_comes_once_while_others_are_added(copies, make_order, data) -> None:
    sort = data.draw(st.sampled_from(Sort))
    stores = data.draw(st.sampled_from(((), ("sg", "tw"))))

    def draw(number: int) -> Order:
        placed, ship_by = data.draw(moments), data.draw(maybe)
        return make_order(
            order_id=f"o{number}", store=data.draw(st.sampled_from(("sg", "tw"))), placed_at=placed, ship_by=ship_by
        )

    with copies() as connection:
        first = [draw(n) for n in range(data.draw(st.integers(1, 9)))]
        put(connection, *first)
        seen: list[tuple[str, str]] = []
        added, after = len(first), None
        for _ in range(100):
            page = find(connection, VAULT, Query(sort=sort, stores=stores), 2, after)
            seen += [(row.store, row.order_id) for row in page.rows]
            if page.next is None:
                break
            after = page.next
            if added < 20:
                put(connection, draw(added))
                added += 1
        assert len(seen) == len(set(seen))
        assert {(order.store, order.order_id) for order in first} <= set(seen)


def test_what_a_list_shows(copies, make_order, make_request) -> None:
    with copies() as connection:
        request = make_request(answer_by=START + HOUR)
        put(connection, make_order(requests=(request,)), make_order(order_id="B", closure="completed"))
        rows = {row.order_id: row for row in find(connection, VAULT, Query(), 9).rows}
        one = rows["260314A"]
        assert (one.phase, one.open_requests, one.quantity, one.total_minor) == ("awaiting_shipment", 1, 2, 1990)
        assert (one.due_at, one.ship_by) == (START + HOUR, START + timedelta(days=2))
        assert rows["B"].due_at is None


def test_the_nearest_deadline_follows_the_requests(copies, make_order, make_request) -> None:
    def due() -> datetime | None:
        return find(connection, VAULT, Query(), 1).rows[0].due_at

    def ask(second: int, **fields: Any) -> None:
        page = AfterSalePage(after_sales=[make_request(second, **fields)], raws=[], next_page=None)
        store.upsert_after_sales(connection, VAULT, page, NOW)

    with copies() as connection:
        ask(0, answer_by=START + HOUR)  # before its order is known
        put(connection, make_order())
        assert due() == START + HOUR
        put(connection, make_order(5, ship_by=START + HOUR / 2))
        assert due() == START + HOUR / 2
        put(connection, make_order(6, closure="completed", fulfillment="delivered"))
        assert due() == START + HOUR
        ask(1, state="agreed", answer_by=START + HOUR, send_back_by=START + 5 * HOUR)
        assert due() == START + 5 * HOUR
        ask(2, state="done", send_back_by=START + 5 * HOUR)
        assert due() is None
        put(connection, make_order(7, requests=(make_request(7, request_id="c", in_order=True, answer_by=START),)))
        assert due() == START
        put(connection, make_order(8))  # no longer carries the request: it is settled
        assert due() == START + timedelta(days=2)


@pytest.mark.parametrize(
    "query",
    [
        Query(number=" "),
        Query(title=" \t"),
        Query(receiver="　"),
        Query(phone="none"),
        Query(phone_tail="199"),
        Query(phone_tail="01999"),
        Query(receiver="\udcff"),
    ],
)
def test_what_can_find_nothing_is_refused(copies, query) -> None:
    with copies() as connection, pytest.raises(DataError):
        find(connection, VAULT, query, 9)


def test_a_place_of_another_list_is_refused(copies, make_order) -> None:
    with copies() as connection:
        put(connection, *(make_order(order_id=f"o{n}") for n in range(3)))
        by_deadline = find(connection, VAULT, Query(sort=Sort.deadline), 1).next
        assert by_deadline is not None
        for after in (by_deadline, "nonsense", "", "WzEsMl0=", "bnVsbA==", "é"):
            with pytest.raises(DataError, match="--after"):
                find(connection, VAULT, Query(), 1, after)


def test_a_platform_whose_clocks_disagree_loses_no_order(copies, make_order) -> None:
    with copies() as connection:
        put(connection, make_order(placed_at=START + 3 * HOUR, updated_at=START + HOUR))
        assert all_pages(connection, Query(updated_until=START + 2 * HOUR)) == [("sg", "260314A")]
        assert all_pages(connection, Query(updated_until=START + HOUR)) == []
