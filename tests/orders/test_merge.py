from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.after_sale import AfterSale
from gateway.model.order import Buyer, Order, Recipient
from gateway.orders.known import Known
from gateway.orders.merge import converge, merge, merge_request, tells_all

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)
WORDS = st.sampled_from(["", "a", "b", "c"])
MASKS = st.frozensets(st.sampled_from(["name", "phone", "city"]))


@st.composite
def readings(draw: st.DrawFn, second: int) -> Order:
    """One reading of an order at its ``second``-th update: any field may be absent, any name hidden."""
    buyer = draw(st.none() | st.builds(Buyer, name=WORDS, masked=st.sampled_from([frozenset(), frozenset({"name"})])))
    recipient = draw(st.none() | st.builds(Recipient, name=WORDS, phone=WORDS, city=WORDS, masked=MASKS))
    names = ["note", "ship_by", "lines", "buyer", "recipient", "raw_status", "packages", "packages.tracking_number"]
    absent = draw(st.frozensets(st.sampled_from(names)))
    requests = ()
    if draw(st.booleans()):
        # opened by the third update at the latest, settled from the fourth on
        at = START + timedelta(seconds=second)
        state = "open" if second < 4 else "done"
        requests = (
            AfterSale(
                store="sg",
                order_id="A",
                request_id="R",
                kind="cancellation",
                state=state,
                opened_at=at,
                updated_at=at,
                currency="SGD",
            ),
        )
    return Order(
        store="sg",
        order_id="A",
        raw_status=draw(WORDS),
        payment="paid",
        fulfillment=draw(st.sampled_from(["to_ship", "shipped"])),
        closure="open",
        region="SG",
        currency="SGD",
        placed_at=START,
        updated_at=START + timedelta(seconds=second),
        ship_by=draw(st.none() | st.just(START + timedelta(days=2))),
        note=draw(WORDS),
        lines=({"line_id": "1", "product_id": "1", "quantity": draw(st.integers(1, 2))},),
        packages=()
        if "packages" in absent
        else tuple({"package_id": n, "state": "arranged", "tracking_number": draw(WORDS)} for n in "12"),
        buyer=None if "buyer" in absent else buyer,
        recipient=None if "recipient" in absent else recipient,
        requests=requests,
        absent=absent,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Order]:
    seconds = draw(st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True))
    return [draw(readings(second)) for second in seconds]


def after(orders: list[Order]) -> Known:
    def step(known: Known | None, order: Order) -> Known | None:
        merged = converge(known, order)
        return known if merged is None else merged

    known = reduce(step, orders, None)
    assert known is not None
    return known


@given(histories())
def test_the_order_of_arrival_does_not_matter(history):
    final = after(history)
    for arrival in itertools.permutations(history):
        assert after(list(arrival)) == final


@given(histories(), st.data())
def test_reading_again_changes_nothing(history, data):
    final = after(history)
    again = data.draw(st.sampled_from(history))
    assert converge(final, again) is None


@given(histories())
def test_the_newest_reading_wins_where_it_speaks(history):
    final = after(history).order
    newest = max(history, key=lambda order: order.updated_at)
    for name in ("raw_status", "note", "ship_by", "lines", "fulfillment"):
        if name not in newest.absent:
            assert getattr(final, name) == getattr(newest, name)
    assert final.updated_at == newest.updated_at


@given(histories())
def test_absent_never_erases(history):
    final = after(history).order
    for name in ("note", "ship_by", "lines", "raw_status"):
        told = [order for order in history if name not in order.absent]
        if told:
            assert name not in final.absent
            assert getattr(final, name) == getattr(max(told, key=lambda order: order.updated_at), name)
        else:
            assert name in final.absent


@given(histories())
def test_clear_is_never_replaced_by_masked(history):
    final = after(history).order
    for person, leaf in (("buyer", "name"), ("recipient", "name"), ("recipient", "phone"), ("recipient", "city")):
        seen = [(order.updated_at, getattr(order, person)) for order in history if getattr(order, person) is not None]
        clear = [(at, getattr(who, leaf)) for at, who in seen if leaf not in who.masked]
        known = getattr(final, person)
        if clear:
            assert leaf not in known.masked
            assert getattr(known, leaf) == max(clear)[1]
        elif seen:
            assert leaf in known.masked


@given(histories())
def test_a_silent_tracking_number_never_erases(history):
    final = after(history).order
    with_parcels = [order for order in sorted(history, key=lambda order: order.updated_at) if order.packages]
    for position, package in enumerate(final.packages):
        told = [
            order.packages[position].tracking_number
            for order in with_parcels
            if order.packages[position].tracking_number or "packages.tracking_number" not in order.absent
        ]
        assert package.tracking_number == (told[-1] if told else "")


def test_nothing_stored_takes_what_comes(make_order):
    order = make_order()
    assert merge(None, order) == order


def test_equal_is_nothing_to_write(make_order):
    assert merge(make_order(), make_order()) is None


def test_an_older_reading_is_dropped(make_order):
    assert merge(make_order(5), make_order(4, raw_status="UNPAID")) is None


def test_of_two_readings_of_one_second_the_later_one_wins(make_order):
    assert merge(make_order(5), make_order(5, raw_status="PROCESSED")).raw_status == "PROCESSED"


def test_none_means_no_value_and_erases(make_order):
    assert merge(make_order(1), make_order(2, ship_by=None)).ship_by is None


def test_absent_keeps_the_stored_value_and_dates_it(make_order):
    stored = Known(make_order(1))
    known = converge(stored, make_order(2, ship_by=None, absent={"ship_by"}))
    assert known.order.ship_by == stored.order.ship_by
    assert known.order.absent == frozenset()
    assert known.as_of == {"ship_by": stored.order.updated_at}


def test_a_masked_person_keeps_clear_values(make_order):
    hidden = {"name": "C***", "phone": "****99", "full_address": "****", "masked": {"name", "phone", "full_address"}}
    merged = merge(make_order(1), make_order(2, recipient={**hidden, "city": "Ninth City"}))
    assert merged.recipient.name == "Canary Quillfeather"
    assert merged.recipient.phone == "55501999"
    assert merged.recipient.city == "Ninth City"
    assert merged.recipient.masked == frozenset()


def test_a_clear_person_replaces_a_masked_one(make_order):
    masked = make_order(1, buyer={"buyer_id": "b1", "name": "****", "masked": {"name"}})
    merged = merge(masked, make_order(2))
    assert merged.buyer.name == "Canary Quillfeather"
    assert merged.buyer.masked == frozenset()


def test_a_clear_person_is_changed_by_a_newer_clear_one(make_order):
    merged = merge(make_order(1), make_order(2, recipient={"name": "Another Quillfeather"}))
    assert merged.recipient.name == "Another Quillfeather"
    assert merged.recipient.phone == ""


def test_an_open_request_keeps_its_first_moment(make_request):
    assert merge_request(make_request(1), make_request(9)).opened_at == START + timedelta(seconds=1)
    assert merge_request(make_request(9), make_request(1)).opened_at == START + timedelta(seconds=1)
    assert merge_request(make_request(1), make_request(9, state="done")).opened_at == START + timedelta(seconds=1)


def test_a_request_opened_again_counts_from_then(make_request):
    settled = make_request(5, state="refused", opened_at=START)
    again = merge_request(settled, make_request(9))
    assert again.opened_at == START + timedelta(seconds=9)


def test_a_request_no_longer_named_stays_as_it_was(make_order, make_request):
    merged = merge(make_order(1, requests=(make_request(1),)), make_order(2))
    assert [(request.request_id, request.state) for request in merged.requests] == [("R1", "open")]


@pytest.mark.parametrize("first", [True, False])
def test_requests_of_both_readings_are_known(make_order, make_request, first):
    one = make_order(1, requests=(make_request(1),))
    other = make_order(2, requests=(make_request(2, request_id="R2"),))
    merged = merge(one, other) if first else merge(other, one)
    assert [request.request_id for request in merged.requests] == ["R1", "R2"]


@given(histories(), readings(8), WORDS, st.integers(0, 1))
def test_a_reading_that_tells_all_is_the_result(history, drawn, word, later):
    told = {"buyer": Buyer(name=word), "recipient": Recipient(name=word), "absent": frozenset(), "requests": ()}
    last = max(order.updated_at for order in history) + timedelta(seconds=later)
    newest = drawn.model_copy(update={**told, "updated_at": last})
    assert tells_all(newest, frozenset())
    known = after(history)
    merged = converge(known, newest) or known
    assert merged.order.model_copy(update={"requests": ()}) == newest
    assert merged.as_of == {}


@pytest.mark.parametrize(
    "missing",
    [
        {"absent": {"note"}},
        {"buyer": None},
        {"recipient": None},
        {"buyer": {"name": "**", "masked": {"name"}}},
        {"recipient": {"phone": "**", "masked": {"phone"}}},
    ],
)
def test_a_reading_that_leaves_something_open(make_order, missing):
    assert tells_all(make_order(), frozenset())
    assert not tells_all(make_order(**missing), frozenset())


def test_silence_about_what_is_unknown_anyway_leaves_nothing_open(make_order):
    order = make_order(absent={"ended_at"})
    assert tells_all(order, ["ended_at", "note"])
    assert not tells_all(order, ["note"])


def parcels(*numbers):
    return tuple(
        {"package_id": f"P{n}", "state": "arranged", "tracking_number": number} for n, number in enumerate(numbers)
    )


def tracking(order):
    return [package.tracking_number for package in order.packages]


def test_a_tracking_number_not_asked_for_stays(make_order):
    stored = Known(make_order(1, packages=parcels("T0", "T1")))
    silent = make_order(2, packages=parcels("", "T1b", ""), absent={"packages.tracking_number"})
    known = converge(stored, silent)
    assert tracking(known.order) == ["T0", "T1b", ""]
    assert known.as_of == {"packages.P0.tracking_number": stored.order.updated_at}
    assert known.order.absent == {"packages.tracking_number"}  # the third one's is still untold
    assert converge(known, silent) is None
    told = converge(known, make_order(3, packages=parcels("T0c", "", "T2c")))
    assert tracking(told.order) == ["T0c", "", "T2c"]
    assert (told.as_of, told.order.absent) == ({}, frozenset())


def test_a_late_reading_fills_a_tracking_number(make_order):
    silent = make_order(2, packages=parcels(""), absent={"packages.tracking_number"})
    merged = merge(silent, make_order(1, packages=parcels("T0"), raw_status="OLD"))
    assert tracking(merged) == ["T0"]
    assert merged.absent == frozenset()
    assert merged.raw_status == "READY_TO_SHIP"


@pytest.mark.parametrize("order_of_arrival", list(itertools.permutations(range(3))))
def test_what_a_later_reading_is_not_told_of_the_recipient_stays(make_order, order_of_arrival):
    hidden = frozenset({"name", "phone"})
    silent = frozenset({"recipient.name", "recipient.phone", "recipient.encrypted"})
    sealed = Recipient(name="A*", phone="1**", city="a", encrypted={"name": "c1"}, masked=hidden)
    readings = [
        make_order(second=1, recipient=Recipient(city="a", masked=hidden), absent=silent),
        make_order(second=2, recipient=sealed),
        make_order(second=3, recipient=Recipient(city="b", masked=hidden), absent=silent),
    ]
    known = reduce(lambda stored, at: converge(stored, readings[at]) or stored, order_of_arrival, None)
    assert known.order.recipient == sealed.model_copy(update={"city": "b"})
    assert not known.order.absent & silent
