"""VALUATION.md: defaults, conversion, a store's own figures, exact arithmetic."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from gateway.errors import NoRuleKnown
from gateway.model.money import Money
from gateway.policy.amount import Amount
from gateway.policy.notation import decimal_text, money_object, quantity_text
from gateway.policy.terms import CostKind
from gateway.policy.valuation import Valuation, prices
from gateway.policy.verdict import Charge, cost_of


def test_the_defaults_are_the_tables():
    table = prices("CNY", Valuation())
    assert {kind.value: price / 100 for kind, price in table.by_kind.items()} == {
        "quota_unit": 20,
        "credit_point": 100,
        "penalty_point": 300,
        "counted_cancellation": 5,
        "coupon": 5,
        "gift": 10,
        "fallback_none": 200,
        "person_task": 10,
        "late_shipment": 100,
    }
    assert table.credit_bands == {80: 1000_00, 70: 5000_00}
    assert table.rate_lines == {2: 100_00, 5: 5000_00, 10: 3000_00}
    assert table.chances == (7, 2, 1, 10)


@pytest.mark.parametrize(
    ("currency", "five_cny"),
    [("CNY", "500"), ("JPY", "105"), ("MYR", "310"), ("SGD", "90"), ("USD", "70"), ("VND", "17500"), ("THB", "2300"),
     ("IDR", "11500"), ("PHP", "4000"), ("TWD", "22.5")],
)  # fmt: skip
def test_defaults_convert_at_the_tables_rate_to_minor_units(currency, five_cny):
    assert prices(currency, Valuation()).by_kind[CostKind.counted_cancellation] == Fraction(five_cny)


def test_own_figures_are_in_the_stores_currency_and_the_rest_converts_at_its_rate():
    own = Valuation.model_validate(
        {
            "quota_unit": "30",
            "p_silent": "0.25",
            "credit_band": {"80": "900"},
            "rate_threshold": {"2": "80", "5": "4000"},
            "rate": "0.5",
        }
    )
    table = prices("MYR", own)
    assert table.by_kind[CostKind.quota_unit] == 30_00
    assert table.by_kind[CostKind.credit_point] == 50_00
    assert table.credit_bands == {80: 900_00, 70: 2500_00}
    assert table.rate_lines == {2: 80_00, 5: 4000_00, 10: 1500_00}
    assert table.chances == (14, 5, 2, 20)
    assert table.from_cny(Decimal(100)) == 50_00


def test_a_line_without_a_price_is_not_guessed():
    with pytest.raises(NoRuleKnown, match="12 %"):
        prices("CNY", Valuation()).line(12)


def test_one_item_a_kind_summed_before_rounding_in_the_tables_order():
    third = Fraction(1, 3)
    cost = cost_of(
        [
            Charge(CostKind.person_task, 1, 10_00),
            Charge(CostKind.counted_cancellation, third, 1, "SHP-16"),
            Charge(CostKind.counted_cancellation, third, 1, "XHS-64"),
            Charge(CostKind.gift, 0, 10_00),
        ],
        "MYR",
    )
    assert [(each.kind, quantity_text(each.quantity), str(each.amount.amount), each.rule) for each in cost.items] == [
        ("counted_cancellation", "0.6667", "0.01", "SHP-16"),  # 0.00666 rounds up only because it was summed first
        ("person_task", "1", "10.00", None),
    ]
    assert str(cost.total.amount) == "10.01"


@pytest.mark.parametrize(
    ("exact", "currency", "text"),
    [
        ("0.5", "CNY", "0.00"),
        ("1.5", "CNY", "0.02"),
        ("1.50001", "CNY", "0.02"),
        ("0.5", "JPY", "0"),
        ("1.5", "JPY", "2"),
        ("2.5", "TWD", "2"),
        ("7", "USD", "0.07"),
        ("12345678901234567890123456789012.5", "CNY", "123456789012345678901234567890.12"),
    ],
)
def test_rounding_is_half_even_to_the_minor_unit(exact, currency, text):
    amount = Amount.rounded(Fraction(exact), currency)
    assert money_object(amount.amount, currency) == {"amount": text, "currency": currency}


@pytest.mark.parametrize(("quantity", "text"), [
    (Fraction(1), "1"), (Fraction(7, 10), "0.7"), (Fraction(100), "100"), (Fraction(1, 3), "0.3333"),
    (Fraction(0), "0"), (Fraction(1, 20000), "0"), (Fraction(3, 20000), "0.0002"), (Fraction(10**12), "1" + "0" * 12),
])  # fmt: skip
def test_quantities_have_no_trailing_zeros(quantity, text):
    assert quantity_text(quantity) == text


@pytest.mark.parametrize(("value", "text"), [("1E+3", "1000"), ("0.620", "0.62"), ("10.00", "10"), ("0", "0")])
def test_decimals_are_written_one_way(value, text):
    assert decimal_text(Decimal(value)) == text


def test_canonical_money_becomes_a_policy_amount():
    assert Amount.of(Money(minor=1234, currency="SGD")) == Amount(amount="12.34", currency="SGD")
    assert Amount.of(Money(minor=500, currency="JPY")) == Amount(amount="500", currency="JPY")
    assert str(Amount.of(Money(minor=10000, currency="TWD")).amount) == "100"
    with pytest.raises(ValueError, match="too many decimals"):
        Amount.of(Money(minor=10050, currency="TWD"))
    with pytest.raises(ValueError, match="negative"):
        Amount.of(Money(minor=-1, currency="SGD"))
