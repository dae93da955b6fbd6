"""What a store's region says about its currency and its clock."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.ports import Manifest

# ISO 3166 alpha-2 to ISO 4217: the national currencies of the regions the platforms name
_CURRENCIES = {
    "BR": "BRL",
    "CL": "CLP",
    "CN": "CNY",
    "CO": "COP",
    "ID": "IDR",
    "JP": "JPY",
    "MX": "MXN",
    "MY": "MYR",
    "PH": "PHP",
    "PL": "PLN",
    "SG": "SGD",
    "TH": "THB",
    "TW": "TWD",
    "VN": "VND",
}
_NO_CURRENCY = "XXX"  # ISO 4217's own word for none


@dataclass(frozen=True, slots=True)
class Locality:
    """A store's currency and time zone; ``unknown`` names what no table tells for its region."""

    currency: str
    time_zone: str
    unknown: tuple[str, ...]


def locality_of(
    manifest: Manifest, region: str, *, currency: str | None = None, time_zone: str | None = None
) -> Locality:
    """Return what holds in ``region``, a person's word first. What nobody knows is XXX and UTC, and is said."""
    currency = currency or _CURRENCIES.get(region)
    time_zone = time_zone or manifest.time_zones.get(region)
    unknown = [name for name, value in (("currency", currency), ("time zone", time_zone)) if value is None]
    return Locality(currency or _NO_CURRENCY, time_zone or "UTC", tuple(unknown))
