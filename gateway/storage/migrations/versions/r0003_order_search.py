"""What orders are searched by: titles once each, deadlines, traces of receivers.

Titles and deadlines are filled in here. Traces need the keys, which no migration has: ``hidden`` stays null until
`gateway db reindex` or a running gateway has traced the row.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TRACES = ("name_trace", "kana_trace", "phone_trace", "tail_trace")
_WALK = ["order_id", "updated_at", "phase", "due_at"]
_TO_TRACE = "hidden is null or hidden <> ''"


def upgrade() -> None:
    op.create_table(
        "titles",
        sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_titles")),
    )
    added: dict[str, list[sa.Column[Any]]] = {
        "orders": [sa.Column("own_due_at", sa.BigInteger()), sa.Column("due_at", sa.BigInteger())],
        "after_sales": [sa.Column("due_at", sa.BigInteger())],
        "order_lines": [sa.Column("title_key", sa.BigInteger())],
        "order_personal": [
            *(sa.Column(name, sa.LargeBinary()) for name in _TRACES),
            sa.Column("hidden", sa.String(length=60)),
        ],
    }
    for table, columns in added.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.add_column(column)
    _fill()
    op.drop_index("ix_orders_placed_at", "orders")
    op.drop_index("ix_orders_store_updated_at", "orders")
    op.create_index("ix_orders_updated", "orders", ["store", "updated_at", "placed_at", "order_id"])
    op.create_index("ix_orders_walk_placed", "orders", ["placed_at", "store", *_WALK])
    op.create_index("ix_orders_walk_store", "orders", ["store", "placed_at", *_WALK])
    _partial("ix_orders_walk_due", "orders", ["due_at", "store", "order_id"], "due_at is not null")
    _partial("ix_orders_updated_before_placed", "orders", ["store"], "updated_at < placed_at")
    op.create_index("ix_order_lines_title_key", "order_lines", ["title_key"])
    for name in _TRACES:
        _partial(f"ix_order_personal_{name}", "order_personal", [name], f"{name} is not null")
    _partial("ix_order_personal_hidden", "order_personal", ["store", "hidden"], _TO_TRACE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # made at a start, not by a migration
        op.execute("drop trigger if exists titles_trigrams_follow")
        op.execute("drop table if exists titles_trigrams")
    for name in ("updated", "walk_placed", "walk_store", "walk_due", "updated_before_placed"):
        op.drop_index(f"ix_orders_{name}", "orders")
    op.create_index("ix_orders_placed_at", "orders", ["placed_at"])
    op.create_index("ix_orders_store_updated_at", "orders", ["store", "updated_at"])
    op.drop_index("ix_order_lines_title_key", "order_lines")
    for name in (*_TRACES, "hidden"):
        op.drop_index(f"ix_order_personal_{name}", "order_personal")
    for table, columns in (
        ("orders", ("own_due_at", "due_at")),
        ("after_sales", ("due_at",)),
        ("order_lines", ("title_key",)),
        ("order_personal", (*_TRACES, "hidden")),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
    op.drop_table("titles")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


_NEAREST = (
    "update orders set due_at = own_due_at",
    "update orders set due_at = r.due_at from (select store, order_id, min(due_at) as due_at from after_sales "
    "where due_at is not null group by store, order_id) r where r.store = orders.store "
    "and r.order_id = orders.order_id and (orders.due_at is null or r.due_at < orders.due_at)",
)


def _fill() -> None:
    """Work out titles and deadlines of the rows that are there."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _fill_within(connection)
    else:
        _fill_from_here(connection)
    for statement in _NEAREST:
        connection.exec_driver_sql(statement)


def _fill_within(connection: sa.Connection) -> None:
    """Fill in with functions that SQLite calls for each row."""
    driver = connection.connection.dbapi_connection
    if driver is None:
        raise RuntimeError("the connection was closed while the migration ran")
    for name, arguments, function in (
        ("fold_title", 1, _folded),
        ("title_key", 1, _key),
        ("order_due", 3, _order_due),
        ("request_due", 2, _request_due),
    ):
        driver.create_function(name, arguments, function, deterministic=True)
    for statement in (
        "insert or ignore into titles (key, folded) select title_key(title), fold_title(title) "
        "from (select distinct title from order_lines) where title_key(title) is not null",
        "update order_lines set title_key = title_key(title)",
        "update after_sales set due_at = request_due(state, document)",
        "update orders set own_due_at = order_due(phase, ship_by, document)",
    ):
        connection.exec_driver_sql(statement)


def _fill_from_here(connection: sa.Connection) -> None:
    """Fill in by reading the rows and writing what follows, where the database calls no function of ours."""

    def each(statement: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            connection.execute(sa.text(statement), rows)

    found = connection.exec_driver_sql("select distinct title from order_lines").scalars().all()
    titles = [{"title": title, "key": key} for title in found if (key := _key(title)) is not None]
    folded = {row["key"]: _folded(row["title"]) for row in titles}
    each(
        "insert into titles (key, folded) values (:key, :folded)",
        [{"key": key, "folded": text} for key, text in folded.items()],
    )
    each("update order_lines set title_key = :key where title = :title", titles)
    requests = connection.exec_driver_sql("select store, request_id, state, document from after_sales").all()
    each(
        "update after_sales set due_at = :due where store = :store and request_id = :id",
        [{"store": store, "id": id_, "due": _request_due(*rest)} for store, id_, *rest in requests],
    )
    orders = connection.exec_driver_sql("select store, order_id, phase, ship_by, document from orders").all()
    each(
        "update orders set own_due_at = :due where store = :store and order_id = :id",
        [{"store": store, "id": id_, "due": _order_due(*rest)} for store, id_, *rest in orders],
    )


# The rules as they were when this revision was made: a migration does the same for ever.


def _folded(title: str) -> str:
    plain = title if title.isascii() else unicodedata.normalize("NFKC", title)
    return " ".join(plain.replace("\0", " ").casefold().split())


def _key(title: str) -> int | None:
    folded = _folded(title)
    return int.from_bytes(blake2b(folded.encode(), digest_size=8).digest()) >> 1 if folded else None


def _order_due(phase: str, ship_by: int | None, document: bytes) -> int | None:
    if phase not in {"unpaid", "on_hold", "awaiting_shipment", "awaiting_collection"}:
        return None
    return _nearest(ship_by, _micros(json.loads(document).get("auto_cancel_at")))


def _request_due(state: str, document: bytes) -> int | None:
    if state not in {"open", "agreed", "refused"}:
        return None
    told = json.loads(document)
    names = ("send_back_by", "inspect_by", "evidence_by", *(("answer_by",) if state == "open" else ()))
    return _nearest(*(_micros(told.get(name)) for name in names))


def _nearest(*instants: int | None) -> int | None:
    return min((each for each in instants if each is not None), default=None)


def _micros(text: str | None) -> int | None:
    if text is None:
        return None
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
