"""Search over very many orders: how long each filter takes to give its first page, by the wall clock.

The orders are invented and written straight into the tables, with real traces and titles but without sealing and
without the canonical JSON: ``document`` holds bytes of a usual length, personal data one byte. So nothing here says
how fast orders are stored; the pull measures that. What a search reads is as the gateway writes it.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from gateway.model.order import Phase, Recipient
from gateway.orders.rows import title_rows
from gateway.orders.search import Query, Sort, find
from gateway.orders.traces import findable, traces_of
from gateway.storage.engines import Use, make_engine
from gateway.storage.migrate import upgrade
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.titles import title_row
from gateway.storage.vault import Vault
from gateway.storage.words import prepare

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAGE = 50
_YEARS = timedelta(days=730)
_DOCUMENT = bytes(900)  # as long as the canonical JSON of an order with two lines
_CHUNK = 20_000
_STORES = (  # store, platform, share of the orders
    ("sg-home", "shopee", 40),
    ("tw-home", "shopee", 25),
    ("jp-tools", "tiktok_shop", 20),
    ("xhs-living", "xiaohongshu", 12),
    ("vn-home", "shopee", 2.99),
    ("my-new", "tiktok_shop", 0.01),
)
_GOODS = (
    "Linen pouch",
    "Steel bottle",
    "Desk lamp",
    "亚麻收纳袋",
    "不锈钢水杯",
    "折りたたみ傘",
    "Rain coat",
    "木质书架",
)
_LOOKS = ("moss green", "sand", "large", "set of two", "加大号", "礼盒装", "防水", "限定色")


@dataclass(frozen=True, slots=True)
class Timed:
    """What one search took: the median over several, in seconds, and how many orders its pages showed."""

    name: str
    seconds: float
    found: int


def name_of(i: int) -> str:
    """Return the receiver of order ``i``: some have ordered often."""
    return f"Invented Receiver {i % 300_007}"


def phone_of(i: int) -> str:
    """Return the phone of order ``i``."""
    return f"+65 9{(i % 300_007) * 7919 % 10_000_019:07d}"


def order_id_of(i: int) -> str:
    """Return the number of order ``i``."""
    return f"26{i * 48_271 % 2_147_483_647:010d}{i:07d}"


def title_of(i: int) -> str:
    """Return one of some 20,000 titles."""
    n = i * 31 % 20_011
    return f"{_GOODS[n % 8]} {_LOOKS[n // 8 % 8]}, series {n}"


def fill(file: Path, count: int, vault: Vault) -> None:
    """Make a database with ``count`` orders in six stores over two years."""
    upgrade(f"sqlite:///{file}")
    engine = make_engine(f"sqlite:///{file}", Use.write)
    with engine.begin() as connection:
        prepare(connection)
    engine.dispose()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-400000")
        _insert_many(connection, "stores", _store_rows())
        _insert_many(connection, "titles", _titles(20_011))
        orders = _order_rows(count)
        number = 0
        while chunk := list(islice(orders, _CHUNK)):
            _insert_many(connection, "orders", iter(chunk))
            numbered = list(enumerate(chunk, number))
            _insert_many(connection, "order_lines", (row for i, order in numbered for row in _line_rows(i, order)))
            _insert_many(connection, "order_personal", (_personal_row(vault, i, order) for i, order in numbered))
            _insert_many(connection, "after_sales", (_request_row(i, order) for i, order in numbered if i % 50 == 0))
            number += len(chunk)
        connection.commit()


def _insert_many(connection: sqlite3.Connection, table: str, rows: Iterator[dict[str, object]]) -> None:
    first = next(rows, None)
    if first is not None:
        statement = f"insert into {table} ({', '.join(first)}) values ({', '.join('?' * len(first))})"
        connection.execute(statement, tuple(first.values()))
        connection.executemany(statement, (tuple(row.values()) for row in rows))


def _store_rows() -> Iterator[dict[str, object]]:
    for store, platform, _ in _STORES:
        words = {"app": "bench", "platform": platform, "external_id": store, "role": "seller", "region": "SG"}
        more = {"currency": "SGD", "time_zone": "UTC", "name": store, "mode": "observe", "state": "connected"}
        yield {"id": store, **words, **more, "state_reason": "", "created_at": 0}


def _titles(count: int) -> Iterator[dict[str, object]]:
    for key, folded in title_rows(title_of(i) for i in range(count)):
        yield {"key": key, "folded": folded}


def _order_rows(count: int) -> Iterator[dict[str, object]]:
    """Yield rows of `orders`, the oldest first; the newer, the more of them are not at their end."""
    chance = random.Random(20_260_601)
    names = [store for store, _, _ in _STORES]
    shares = [share for _, _, share in _STORES]
    for i in range(count):
        placed = NOW - _YEARS + _YEARS * i / count
        age = NOW - placed
        phase = _phase(chance, age)
        due = placed + timedelta(days=chance.randint(1, 6))
        waits = phase in (Phase.unpaid, Phase.awaiting_shipment, Phase.awaiting_collection)
        at = to_micros(placed)
        yield {
            "store": chance.choices(names, shares)[0],
            "order_id": order_id_of(i),
            "raw_status": phase.value,
            "phase": phase.value,
            "payment": "paid",
            "fulfillment": "to_ship",
            "closure": "open",
            "region": "SG",
            "currency": "SGD",
            "total_minor": chance.randint(500, 90_000),
            "placed_at": at,
            "updated_at": to_micros(placed + min(age, timedelta(hours=chance.randint(0, 400)))),
            "paid_at": at,
            "ship_by": to_micros(due),
            "document": _DOCUMENT,
            "version": 1,
            "seen_at": at,
            "changed_at": at,
            "own_due_at": to_micros(due) if waits else None,
            "due_at": to_micros(due) if waits else None,
        }


def _phase(chance: random.Random, age: timedelta) -> Phase:
    if age < timedelta(days=4):
        return chance.choice((Phase.awaiting_shipment, Phase.awaiting_collection, Phase.unpaid, Phase.in_transit))
    if age < timedelta(days=20):
        return chance.choice((Phase.in_transit, Phase.delivered, Phase.completed))
    if chance.random() < 0.0002:
        return Phase.unknown
    return Phase.cancelled if chance.random() < 0.08 else Phase.completed


def _line_rows(i: int, order: dict[str, object]) -> Iterator[dict[str, object]]:
    for place in range(1 + i % 2):
        title = title_of(i + place)
        row = title_row(title)
        counts = {"quantity": 1, "cancel_requested": 0, "cancelled": 0, "return_requested": 0, "returned": 0}
        key = {"store": order["store"], "order_id": order["order_id"], "line_id": f"{i}-{place}"}
        yield {**key, "title": title, **counts, "title_key": None if row is None else row[0]}


def _personal_row(vault: Vault, i: int, order: dict[str, object]) -> dict[str, object]:
    store = str(order["store"])
    masked = frozenset(("name", "phone")) if store == "xhs-living" else frozenset[str]()
    traces = traces_of(vault, store, findable(Recipient(name=name_of(i), phone=phone_of(i), masked=masked)))
    return {"store": store, "order_id": order["order_id"], "sealed": b"-", **traces}


def _request_row(i: int, order: dict[str, object]) -> dict[str, object]:
    placed = order["placed_at"]
    assert isinstance(placed, int)
    is_open = from_micros(placed) > NOW - timedelta(days=30)
    named = {"store": order["store"], "request_id": f"R{i}", "order_id": order["order_id"], "kind": "refund"}
    state = "open" if is_open else "done"
    times = {"opened_at": placed, "updated_at": placed}
    return {**named, "state": state, "raw_status": state, **times, "currency": "SGD", "document": b"{}"}


def searches(count: int, turn: int) -> dict[str, Query]:
    """Return what is searched for, by name; each ``turn`` looks for other values."""
    i = (turn * 104_729 + count // 3) % count
    told = next(each for each in range(i, i + 100) if each % 2 == 0)
    day = NOW - _YEARS * (turn % 7 + 1) / 9
    return {
        "nothing asked": Query(),
        "number, whole": Query(number=order_id_of(i)),
        "number, how it begins": Query(number=order_id_of(i)[:5]),
        "title, a word in many": Query(title="linen"),
        "title, words in few": Query(title=f"series {told * 31 % 20_011} "),
        "title, Chinese, two characters": Query(title="水杯"),
        "title, Chinese, five characters": Query(title="不锈钢水杯"),
        "title, in none": Query(title="parasol"),
        "receiver": Query(receiver=name_of(i)),
        "phone, last four digits": Query(phone_tail=phone_of(i)[-4:]),
        "store, large": Query(stores=("sg-home",)),
        "store, tiny": Query(stores=("my-new",)),
        "platform": Query(platform="tiktok_shop"),
        "phase, common": Query(phases=(Phase.completed,)),
        "phase, rare": Query(phases=(Phase.unknown,)),
        "placed, a day": Query(placed_since=day, placed_until=day + timedelta(days=1)),
        "placed, long ago": Query(placed_until=NOW - _YEARS * 0.9),
        "updated, a day": Query(updated_since=day, updated_until=day + timedelta(days=1)),
        "updated, long ago": Query(updated_until=NOW - _YEARS * 0.9),
        "deadline before": Query(deadline_before=NOW + timedelta(days=1)),
        "open request": Query(open_request=True),
        "no open request": Query(open_request=False),
        "by nearest deadline": Query(sort=Sort.deadline),
        "store and phase, by nearest deadline": Query(
            stores=("jp-tools",), phases=(Phase.awaiting_shipment,), sort=Sort.deadline
        ),
        "title, store, month and phase": Query(
            title="bottle",
            stores=("tw-home",),
            phases=(Phase.completed,),
            placed_since=day,
            placed_until=day + timedelta(days=30),
        ),
    }


def measure(file: Path, vault: Vault, count: int, turns: int) -> list[Timed]:
    """Return how long each search took, the median over ``turns`` that look for different values."""
    taken: dict[str, list[float]] = {}
    found: dict[str, int] = {}
    engine = make_engine(f"sqlite:///{file}", Use.read)
    for turn in range(-1, turns):  # the first turn makes the statements
        for name, query in searches(count, turn % 97).items():
            with engine.connect() as connection:
                began = time.perf_counter()
                page = find(connection, vault, query, PAGE)
                took = time.perf_counter() - began
            if turn >= 0:
                taken.setdefault(name, []).append(took)
                found[name] = max(found.get(name, 0), len(page.rows))
    engine.dispose()
    return [Timed(name, statistics.median(several), found[name]) for name, several in taken.items()]


def deep(file: Path, vault: Vault, pages: int) -> Timed:
    """Return what one page takes far behind the first: the median over ``pages`` that follow each other."""
    taken: list[float] = []
    engine = make_engine(f"sqlite:///{file}", Use.read)
    query = replace(Query(), placed_until=NOW - _YEARS / 2)
    after = None
    with engine.connect() as connection:
        for _ in range(pages):
            began = time.perf_counter()
            page = find(connection, vault, query, PAGE, after)
            taken.append(time.perf_counter() - began)
            after = page.next
    engine.dispose()
    return Timed("further pages, from the middle on", statistics.median(taken), PAGE)


def all_of(file: Path, count: int, turns: int) -> Sequence[Timed]:
    """Fill a new database at ``file`` and return what every search takes."""
    vault = Vault(bytes(range(32)))
    fill(file, count, vault)
    return [*measure(file, vault, count, turns), deep(file, vault, 20)]
