"""Words of titles, with and without trigrams; every filter goes by an index; what the migration fills in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from gateway.model.order import Phase
from gateway.orders import search, store
from gateway.orders.query import Query, Sort
from gateway.orders.search import find
from gateway.ports import AfterSalePage, OrderBatch
from gateway.storage import migrate, words
from gateway.storage.engines import Use, make_engine

pytestmark = pytest.mark.on_both
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)
TITLES = ("Steel cup", "不锈钢水杯 加大号", "ＳＴＥＥＬ　BOTTLE", 'half 5" pipe')


def titled(make_order, *titles, **fields):
    lines = [{"line_id": str(n), "product_id": "1", "title": title, "quantity": 1} for n, title in enumerate(titles)]
    return make_order(**fields, lines=lines)


@pytest.fixture
def writing(url):
    engine = make_engine(url, Use.write)
    yield engine
    engine.dispose()


@pytest.fixture
def put(vault, now):
    def write(connection, *orders):
        store.upsert_orders(connection, vault, OrderBatch(orders=orders, raws=[]), now)

    return write


def titles_found(connection, vault, title):
    return {row.order_id for row in find(connection, vault, Query(title=title), 99).rows}


@only_sqlite
def test_the_same_titles_are_found_with_and_without_trigrams(writing, vault, put, make_order, monkeypatch) -> None:
    wanted = {
        "steel": {"o0", "o2"},
        "STEEL bottle": {"o2"},
        "cup bottle": set(),  # one title must hold them all
        "eel": {"o0", "o2"},
        "水杯": {"o1"},
        "不锈钢水杯": {"o1"},
        "杯": {"o1"},
        '5"': {"o3"},
        'half 5" pipe': {"o3"},
        "half OR steel": set(),
        "steel*": set(),
    }

    def check(connection):
        for title, found in wanted.items():
            assert titles_found(connection, vault, title) == found, title

    with writing.begin() as connection:
        assert words.prepare(connection)
        put(connection, *(titled(make_order, title, order_id=f"o{n}") for n, title in enumerate(TITLES[:2])))
    with writing.begin() as connection:
        put(connection, *(titled(make_order, title, order_id=f"o{n + 2}") for n, title in enumerate(TITLES[2:])))
        assert words.has_trigrams(connection)
        check(connection)
    # the database moves to a machine whose SQLite has no trigrams, and titles are stored there
    monkeypatch.setattr(words, "_sqlite_able", lambda: False)
    with writing.begin() as connection:
        assert not words.prepare(connection)
        put(connection, titled(make_order, "Steel spoon", order_id="o4"))
        wanted["steel"].add("o4")
        wanted["eel"].add("o4")
        check(connection)
    monkeypatch.undo()
    with writing.begin() as connection:
        assert not words.has_trigrams(connection)
        check(connection)
        assert words.prepare(connection)
        check(connection)
        assert words.prepare(connection, anew=True)
        check(connection)


@only_sqlite
def test_trigrams_are_used_where_they_are(writing, vault, put, make_order) -> None:
    with writing.begin() as connection:
        words.prepare(connection)
        put(connection, titled(make_order, *TITLES))
        connection.execute(text("delete from titles_trigrams where titles_trigrams match 'steel'"))
        assert titles_found(connection, vault, "steel") == set()
        assert titles_found(connection, vault, "ee") == {"260314A"}


def test_a_title_that_no_line_bears_any_more_finds_nothing(writing, vault, put, make_order) -> None:
    with writing.begin() as connection:
        put(connection, titled(make_order, "Steel cup"))
        put(connection, titled(make_order, "Glass", second=60))
        assert titles_found(connection, vault, "cup") == set()
        assert titles_found(connection, vault, "glass") == {"260314A"}


SINCE, UNTIL = START, START + timedelta(days=1)
FILTERS = {
    "number": Query(number="26"),
    "title": Query(title="steel"),
    "receiver": Query(receiver="Canary"),
    "phone": Query(phone="5550"),
    "tail": Query(phone_tail="1999"),
    "store": Query(stores=("sg",)),
    "platform": Query(platform="shopee"),
    "phase": Query(phases=(Phase.unpaid,)),
    "placed": Query(placed_since=SINCE, placed_until=UNTIL),
    "updated": Query(updated_since=SINCE, updated_until=UNTIL),
    "updated until": Query(updated_until=UNTIL),
    "deadline": Query(deadline_before=UNTIL),
    "open": Query(open_request=True),
    "all": Query(),
    "by deadline": Query(sort=Sort.deadline),
}


@only_sqlite
@pytest.mark.parametrize("narrow", [-1, 5000])
@pytest.mark.parametrize("name", FILTERS)
def test_no_filter_reads_a_whole_table_or_sorts_all_of_it(
    writing, vault, put, make_order, make_request, monkeypatch, name, narrow
) -> None:
    monkeypatch.setattr(search, "_NARROW", narrow)
    asked: list[tuple[str, object]] = []
    with writing.begin() as connection:
        words.prepare(connection)
        put(connection, *(titled(make_order, "steel", order_id=f"26{n}") for n in range(3)))
        page = AfterSalePage(after_sales=[make_request(order_id="261")], raws=[], next_page=None)
        store.upsert_after_sales(connection, vault, page, START)

        @event.listens_for(writing, "before_cursor_execute")
        def _note(_connection, _cursor, statement, parameters, _context, _many):
            asked.append((statement, parameters))

        first = find(connection, vault, FILTERS[name], 2)
        find(connection, vault, FILTERS[name], 2, first.next)
        event.remove(writing, "before_cursor_execute", _note)
        plans = []
        for statement, parameters in asked:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                raw = connection.connection.dbapi_connection
                plan = [row[3] for row in raw.execute(f"explain query plan {statement}", parameters)]
                plans.append((plan, statement))
    assert plans
    for plan, statement in plans:
        for step in plan:
            for table in ("orders", "order_lines", "order_personal", "after_sales"):
                assert step != f"SCAN {table}", statement
            assert not (step.startswith("SCAN orders") and "USING" not in step), statement
        walked = narrow == -1 and "ORDER BY" in statement
        assert not (walked and any("TEMP B-TREE" in step for step in plan)), statement


def test_the_migration_fills_in_what_needs_no_key(url, vault, now, make_order, make_request) -> None:
    def kept(connection):
        return {
            table: connection.exec_driver_sql(f"select {columns} from {table} order by 1, 2, 3").all()
            for table, columns in (
                ("orders", "store, order_id, own_due_at, due_at"),
                ("order_lines", "order_id, line_id, title_key"),
                ("titles", "key, folded, ''"),
                ("after_sales", "store, request_id, due_at"),
            )
        }

    hour = timedelta(hours=1)
    orders = [
        titled(make_order, "Steel cup", "", order_id="ship"),
        titled(make_order, "不锈钢  水杯", order_id="auto", ship_by=None, auto_cancel_at=START + hour),
        titled(make_order, "Ｓteel cup", order_id="done", closure="completed", fulfillment="delivered"),
        make_order(order_id="asked", requests=(make_request(order_id="asked", answer_by=START + hour),)),
        make_order(
            order_id="agreed",
            ship_by=None,
            requests=(
                make_request(
                    request_id="R2", order_id="agreed", state="agreed", answer_by=START, send_back_by=START + 2 * hour
                ),
            ),
        ),
    ]
    engine = make_engine(url, Use.write)
    with engine.begin() as connection:
        words.prepare(connection)
        store.upsert_orders(connection, vault, OrderBatch(orders=orders, raws=[]), now)
        before = kept(connection)
        personal = connection.exec_driver_sql("select store, order_id, sealed from order_personal").all()
    engine.dispose()
    assert [row[2] is None for row in before["orders"]] == [True, False, False, True, False]
    migrate.downgrade(url, "0002")
    migrate.upgrade(url)
    engine = make_engine(url, Use.write)
    with engine.begin() as connection:
        assert kept(connection) == before
        assert connection.exec_driver_sql("select store, order_id, sealed from order_personal").all() == personal
        assert connection.exec_driver_sql("select distinct hidden, name_trace from order_personal").all() == [
            (None, None)
        ]
        assert not words.has_trigrams(connection)
        assert titles_found(connection, vault, "steel cup") == {"ship", "done"}
    engine.dispose()
