"""A page is cut only where that is sure, and reads the same on both roads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.shopee.orders import orders_told
from adapters.shopee.pages import cut, read_page, told_by, without_orders
from gateway.errors import DataError
from gateway.ports import Answer
from gateway.transport.json import decode, exact_as_doubles

CALL = "order.get_order_detail"


def page(*orders: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    return b'{"error":"","response":{' + before + b'"order_list":[' + b",".join(orders) + b"]" + after + b"}}"


def read(body: bytes) -> Any:
    return read_page(Answer(200, {}, body), CALL)


def test_the_pieces_are_the_bytes_of_the_orders() -> None:
    orders = [b'{"order_sn":"A", "x":[{"a":1},{"a":2}]}', b'{"order_sn":"B","note":"},{\\"order_sn\\":"}']
    rest, pieces = cut(page(*orders, before=b'"more":true,')) or (b"", [])
    assert pieces == orders
    assert orjson.loads(rest)["response"] == {"more": True, "order_list": ["cut"]}
    content, told = read(page(*orders, before=b'"more":true,'))
    assert content["more"] is True
    assert list(told.raws) == orders
    assert [row["order_sn"] for row in told.rows] == ["A", "B"]


@pytest.mark.parametrize(
    "body",
    [
        page(b'{"order_sn":"A","item_list":[{"order_sn":"x"},{"order_sn":"y"}]}', b'{"order_sn":"B"}'),
        page(b'{"order_sn":"A"}', b'{"region":"SG","order_sn":"B"}'),
        page(b'{ "order_sn":"A"}', b' {"order_sn":"B"}'),
        page(b'{"order_sn":"A"}', b'{"order_sn":"B"}', after=b',"warning":[{"code":1}]'),
        b'{"response": {"order_list": [{"order_sn": "A"}, {"order_sn": "B"}]}}',
        b'{"warning":{"order_list":[{"order_sn":"X"}]},"response":{"order_list":[{"order_sn":"A"},{"order_sn":"B"}]}}',
    ],
    ids=["nested_key", "other_first_key", "blanks", "list_behind", "spaced", "list_before"],
)
def test_where_the_cut_would_be_wrong_the_page_is_decoded(body: bytes) -> None:
    _, told = read(body)
    assert [row["order_sn"] for row in told.rows] == ["A", "B"]
    assert [orjson.loads(raw)["order_sn"] for raw in told.raws] == ["A", "B"]


@pytest.mark.parametrize("body", [page(b'{"order_sn":"A"}')[:-1], page(b'{"order_sn":"A"},'), page(b'{"order_sn":"A"')])
def test_a_broken_page_is_refused(body: bytes) -> None:
    with pytest.raises(DataError):
        read(body)


def test_a_page_without_orders_is_read() -> None:
    assert list(read(page())[1].rows) == []
    assert list(read(b'{"response":{"order_list":null}}')[1].rows) == []


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.sampled_from(["", "0", "00"]))
def test_every_amount_of_two_decimals_survives_as_a_double(cents: int, zeros: str) -> None:
    """Below 10**13, all of them: the text the validator makes of the double is the amount again."""
    sign, cents = "-" if cents < 0 else "", abs(cents)
    amount = f"{sign}{cents // 100}.{cents % 100:02d}"
    _, told = read(page(b'{"order_sn":"A","total_amount":%s}' % f"{amount}{zeros}".encode()))
    assert Decimal(told.rows[0]["total_amount"]) == Decimal(amount)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amount=st.from_regex(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,19})?(e-?[0-9]{1,2})?", fullmatch=True))
def test_both_roads_read_the_same_amount_or_refuse_the_order(amount: str, rows: Any) -> None:
    if abs(Decimal(amount)) >= 10**15 and "e" in amount:
        return  # not promised
    row = rows.order(total_amount="@", estimated_shipping_fee=2, package_list=[])
    body = orjson.dumps(rows.wrapped({"order_list": [row]})).replace(b'"@"', amount.encode())
    exact: Any = decode(body)
    slow = orders_told(told_by(exact["response"]["order_list"]), rows.shop(), (), {})
    fast = orders_told(read(body)[1], rows.shop(), (), {})
    assert [order.total_minor for order in fast.orders] == [order.total_minor for order in slow.orders]
    assert [bad.reason for bad in fast.bad] == [bad.reason for bad in slow.bad]


@pytest.mark.parametrize(
    ("number", "exact"),
    [
        (b"9999999999999.99", True),
        (b"999999999.999999", True),
        (b"1.296642612345", True),
        (b"12345678901234567890", True),
        (b"99999999999999.9", False),
        (b"1234567890.123", False),
        (b"0.1234567890123456", False),
        (b"1e-3", False),
    ],
)
def test_numbers_that_doubles_hold(number: bytes, exact: bool) -> None:
    assert exact_as_doubles(b'{"a":' + number + b"}") is exact


def test_an_answer_without_its_orders() -> None:
    body = page(b'{"order_sn":"A","note":"\\"order_list\\":[{}]"}', b'{"x":[{"a":1}]}', before=b'"more":true,')
    assert orjson.loads(without_orders(body) or b"") == {
        "error": "",
        "response": {"more": True, "order_list": ["cut"]},
    }
    assert without_orders(b'{"error":"","response":{"order_list":[]}}') is None
    assert without_orders(b"") is None
