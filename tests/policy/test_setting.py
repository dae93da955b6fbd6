"""Facts of a scenario changed by their path, as ``--set`` does."""

from __future__ import annotations

import pytest

from gateway.errors import DataError
from gateway.policy.scenario import scenario_object
from gateway.policy.setting import read_setting, with_settings

REQUEST = '{"kind": "refund", "opened_at": "2026-03-10T11:00:00+08:00"}'


def changed(scenario, *texts):
    return scenario_object(with_settings(scenario, [read_setting(text) for text in texts]))


def test_facts_change_and_the_others_stay(scenario):
    before = scenario_object(scenario())
    after = changed(
        scenario(),
        "order.phase=delivered",
        "order.stock_available=true",
        "order.paid=12.50",
        "order.goods_cost=3 MYR",
        "evidence=problem, chat",
        "store.health.penalty_points=3",
        "store.valuation.quota_unit=30",
        "contact.replied_at=2026-03-10T10:00:00+08:00",
    )
    assert after["order"]["phase"] == "delivered"
    assert after["order"]["stock_available"] is True
    assert after["order"]["paid"] == {"amount": "12.50", "currency": "MYR"}
    assert after["order"]["goods_cost"] == {"amount": "3.00", "currency": "MYR"}
    assert after["evidence"] == ["chat", "problem"]
    assert after["store"]["health"]["penalty_points"] == 3
    assert after["store"]["valuation"] == {"quota_unit": "30"}
    assert after["contact"]["replied_at"] == "2026-03-10T10:00:00+08:00"
    assert after["intent"] == before["intent"]
    assert after["store"]["health"]["orders_in_window"] == 60
    assert changed(scenario()) == before


def test_a_request_is_set_whole_or_by_its_fields_and_taken_away(scenario):
    whole = changed(scenario(), f"order.request={REQUEST}")
    by_field = changed(scenario(), "order.request.kind=refund", "order.request.opened_at=2026-03-10T11:00:00+08:00")
    assert whole == by_field
    assert whole["order"]["request"]["kind"] == "refund"
    asked = with_settings(scenario(), [read_setting(f"order.request={REQUEST}")])
    assert changed(asked, "order.request=null")["order"]["request"] is None


def test_a_message_is_added_by_its_place(scenario):
    first = ("contact.messages.0.at=2026-03-10T11:00:00+08:00", "contact.messages.0.language=ms")
    after = changed(scenario(), *first, "contact.messages.0.purpose=explain")
    assert [each["purpose"] for each in after["contact"]["messages"]] == ["explain"]


def test_what_is_known_follows_the_instant_asked_about(scenario):
    later = changed(scenario(), "as_of=2026-03-12T12:00:00+08:00")
    assert later["known_by"] == later["as_of"] == "2026-03-12T12:00:00+08:00"
    replayed = scenario(known_by="2026-01-01T00:00:00+08:00")
    assert changed(replayed, "as_of=2026-03-12T12:00:00+08:00")["known_by"] == "2026-01-01T00:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("order.phase", "PATH=VALUE"),
        ("=1", "PATH=VALUE"),
        ("order..phase=unpaid", "PATH=VALUE"),
        ("order.phase=gone", "order.phase=gone: 'gone' is unknown; use one of 'unpaid', 'on_hold'"),
        ("order.fase=unpaid", "order.fase=unpaid: unknown field"),
        ("shop.phase=unpaid", "shop.phase=unpaid: shop: unknown field"),
        ("order.phase.more=1", "order.phase holds no further fields"),
        ("order.phase.a.b=1", "order.phase holds no further fields"),
        ("order.stock_available=perhaps", "order.stock_available=perhaps: "),
        ("intent.batch_size=0", "intent.batch_size=0: "),
        ("store.health.penalty_points=-1", "store.health.penalty_points=-1: "),
        ("order.paid=1.234", "too many decimals"),
        ("order.paid=1 JPY", "is not the store's currency"),
        ("order.paid=cheap", "order.paid=cheap: "),
        ("order.paid_at=2026-03-10T12:00:00", "has no offset"),
        ("order.paid_at=2027-03-10T12:00:00+08:00", "order.paid_at=2027-03-10T12:00:00+08:00: lies after as_of"),
        ("order.request.kind=refund", "order.request.opened_at: is required"),
        ("order.request={kind: refund}", "not readable as JSON"),
        ("contact.messages.1.purpose=explain", "1 is no place in this list; use 0"),
        ("contact.messages.x=1", "x is no place in this list"),
        ("evidence=chat,gossip", "'gossip' is unknown; use one of 'chat'"),
    ],
)
def test_a_wrong_setting_is_told_with_its_path_and_what_is_allowed(text, told, scenario):
    with pytest.raises(DataError) as caught:
        changed(scenario(), text)
    assert told in str(caught.value)
    assert str(caught.value).startswith("--set ")
