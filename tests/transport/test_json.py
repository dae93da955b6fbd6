from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import DataError
from gateway.transport.json import decode, encode


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"amount": 0.1}', {"amount": Decimal("0.1")}),
        (b"123456789.123456789123456789", Decimal("123456789.123456789123456789")),
        (b"1.10", Decimal("1.10")),
        (b"12", 12),
        (b"576461413038785752", 576461413038785752),
        (b'[true, null, "x"]', [True, None, "x"]),
        ('"小红书 🎁"'.encode(), "小红书 🎁"),
    ],
)
def test_numbers_arrive_exact(body: bytes, value: object) -> None:
    decoded = decode(body)

    assert decoded == value
    assert type(decoded) is type(value)
    assert str(decoded) == str(value)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'{"error":"","response":{"order_li', "ends too early, at line 1 column 33"),
        (b"<html><body>502 Bad Gateway</body></html>", "HTML or XML"),
        (b'{"a":1,\n"a":2}', "twice in one object, at line 2"),
        (b'{"name":"\xff\xfe"}', "not good UTF-8"),
        (b"\xff\xfe{", "not good UTF-8"),
        (b'{"a": NaN}', "malformed, at line 1 column 7"),
        (b'{"a": 1} trailing', "malformed"),
        (b"[" * 100_000, "malformed"),
    ],
)
def test_what_is_no_json_says_where_and_never_what(body: bytes, says: str) -> None:
    with pytest.raises(DataError) as error:
        decode(body)

    assert says in str(error.value)


def test_an_error_holds_nothing_of_the_body() -> None:
    canary = "Zhang-Wei-canary"
    for body in (f'{{"name": "{canary}', f"<p>{canary}</p>", f'{{"{canary}":1,"{canary}":2}}', f'{{"a": {canary}}}'):
        with pytest.raises(DataError) as error:
            decode(body.encode())
        assert canary not in str(error.value)
        assert error.value.__suppress_context__


def test_decimals_leave_as_numbers_with_all_their_digits() -> None:
    assert encode({"amount": Decimal("1.10"), "tiny": Decimal("0.000000000000000000001")}) == (
        b'{"amount":1.10,"tiny":1E-21}'
    )
    assert encode(["小", 7, None]) == '["小",7,null]'.encode()


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), object(), datetime.now(UTC), {1: 2}, 2**70])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(DataError, match="cannot be written as JSON"):
        encode({"value": value})


exact = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(exact)
def test_what_is_written_reads_back_equal(value: object) -> None:
    body = encode(value)

    assert decode(body) == value
    json.loads(body)  # also for another reader it is JSON
