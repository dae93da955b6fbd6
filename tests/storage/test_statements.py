"""Statements for many rows say for each row what the statement for one says."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import bindparam, insert, literal_column, select

from gateway.storage.engines import Use, make_engine
from gateway.storage.schema import audit, cursors, gaps, quota_entries, rule_files, titles
from gateway.storage.statements import (
    each_of,
    insert_many,
    insert_new,
    one_of,
    run_many,
    upsert,
    whole_rows,
    write_back,
)


@pytest.fixture
def connection(url):
    engine = make_engine(url, Use.write)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def cursor(stream: str, position: int, page: str | None = None) -> dict[str, object]:
    return {
        "store": "s",
        "stream": stream,
        "position": position,
        "window_end": None,
        "next_page": page,
        "until": None,
        "moved_at": 0,
    }


def positions(connection) -> dict[str, tuple[int, str | None]]:
    rows = connection.execute(select(cursors.c.stream, cursors.c.position, cursors.c.next_page))
    return {row.stream: (row.position, row.next_page) for row in rows}


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 200])
def test_every_row_is_inserted_once(connection, count):
    run_many(connection, insert(titles), [{"key": i, "folded": f"title {i}"} for i in range(count)])
    found = connection.execute(select(titles.c.key, titles.c.folded).order_by(titles.c.key)).all()
    assert found == [(i, f"title {i}") for i in range(count)]


def test_names_in_another_order_reach_their_columns(connection):
    run_many(connection, insert(titles), [{"folded": "a", "key": 1}, {"folded": "b", "key": 2}])
    assert connection.execute(select(titles.c.folded).order_by(titles.c.key)).scalars().all() == ["a", "b"]


def test_the_guard_holds_for_each_row_of_an_upsert(connection):
    statement = upsert(connection, cursors, guard="position", keep=("next_page",))
    run_many(connection, statement, [cursor("a", 5, "first"), cursor("b", 5, "first")])
    run_many(connection, statement, [cursor("a", 4), cursor("b", 6), cursor("c", 1), cursor("c", 2), cursor("c", 1)])
    assert positions(connection) == {"a": (5, "first"), "b": (6, "first"), "c": (2, None)}


def test_rows_that_are_there_are_left(connection):
    run_many(connection, insert(titles), [{"key": 1, "folded": "old"}])
    run_many(connection, insert_new(connection, titles), [{"key": 1, "folded": "new"}, {"key": 2, "folded": "new"}])
    assert connection.execute(select(titles.c.folded).order_by(titles.c.key)).scalars().all() == ["old", "new"]


def test_an_insert_that_brings_values_of_its_own_is_refused(connection):
    statement = insert(titles).values(folded=literal_column("'all the same'"))
    with pytest.raises(TypeError, match="takes every value from them"):
        run_many(connection, statement, [{"key": 1}, {"key": 2}])


def test_bytes_flags_and_what_is_missing_come_back_as_they_were(connection):
    every = bytes(range(256))
    rows = [
        {"store": "s", "seq": n, "at": 2**53 + n, "month": "2026-03", "order_id": f"o{n}", "state": "spent"}
        | {"units": n, "points": 0, "holder": None, "reason": None, "contacted": contacted, "by": "b", "because": ""}
        for n, contacted in enumerate((True, False, None))
    ]
    run_many(connection, insert(quota_entries), rows)
    found = connection.execute(select(quota_entries).order_by(quota_entries.c.seq)).mappings().all()
    assert [dict(row) for row in found] == rows
    files = [{"digest": f"{n:064}", "version": "v", "files": every * n, "at": n} for n in range(3)]
    insert_many(connection, insert(rule_files), [tuple(row.values()) for row in files])
    found = connection.execute(select(rule_files).order_by(rule_files.c.digest)).mappings().all()
    assert [dict(row) for row in found] == files


def test_rows_are_numbered_in_their_order(connection):
    row = {"at": 1, "who": "w", "store": None, "order_id": None, "details": b"{}", "previous": "", "hash": ""}
    run_many(connection, insert(audit), [{**row, "what": str(n)} for n in range(200)])
    told = connection.execute(select(audit.c.what).order_by(audit.c.seq)).scalars().all()
    assert told == [str(n) for n in range(200)]


def test_whole_rows_are_written_back_as_they_were_changed(connection):
    run_many(connection, insert(cursors), [cursor("a", 1, "p"), cursor("b", 2), cursor("c", 3)])
    rows = whole_rows(connection, select(cursors).where(cursors.c.position > bindparam("least")), {"least": 1})
    write_back(connection, cursors, [row | {"position": row["position"] * 10, "next_page": "q"} for row in rows])
    assert positions(connection) == {"a": (1, "p"), "b": (20, "q"), "c": (30, "q")}


@pytest.mark.parametrize("word", ["n" * 300, "a\0b", "100% 'quoted' \\u0000", "水杯 🥤"])
def test_any_text_a_platform_sends_can_be_stored(connection, word):
    told = {"store": "s", "order_id": word, "stream": word, "updated_at": 1, "found_at": 1}
    connection.execute(insert(gaps), told)
    run_many(connection, insert(gaps), [told])
    run_many(connection, insert(gaps), [told, told])
    found = connection.execute(select(gaps.c.order_id, gaps.c.stream)).all()
    assert [tuple(row) for row in found] in ([(word, word)] * 4, [(word.replace("\0", "\ufffd"),) * 2] * 4)
    assert connection.execute(select(gaps.c.id).where(gaps.c.order_id == word)).all()


@pytest.mark.parametrize("words", [[], ["b"], ["a", "a"], ["a", "c", 'quo"te', "水杯"]])
def test_one_of_many_and_each_of_many(connection, words):
    run_many(connection, insert(titles), [{"key": n, "folded": each} for n, each in enumerate(["a", "b", "水杯"])])
    told = {"words": orjson.dumps(words).decode()}
    found = connection.execute(select(titles.c.folded).where(one_of(titles.c.folded, "words")), told)
    assert set(found.scalars()) == {"a", "b", "水杯"} & set(words)
    each = each_of("words")
    assert list(connection.execute(select(each.c.value), told).scalars()) == words
