"""Which time zone a platform's calendar follows, and which language a region's buyers read, unless the caller says."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from gateway.model.store import Platform

_SHOPEE_ZONES = {
    "SG": "Asia/Singapore",
    "MY": "Asia/Kuala_Lumpur",
    "TW": "Asia/Taipei",
    "TH": "Asia/Bangkok",
    "VN": "Asia/Ho_Chi_Minh",
    "PH": "Asia/Manila",
    "ID": "Asia/Jakarta",
    "BR": "America/Sao_Paulo",
    "MX": "America/Mexico_City",
}
_LANGUAGES = {
    "CN": "zh-CN",
    "JP": "ja",
    "SG": "en",
    "MY": "ms",
    "TW": "zh-TW",
    "TH": "th",
    "VN": "vi",
    "PH": "fil",
    "ID": "id",
    "BR": "pt-BR",
    "MX": "es-MX",
}


def default_time_zone(platform: Platform, region: str) -> str:
    """Return the platform's time zone in a region; UTC where READINGS.md names none (no rule is known there)."""
    if platform in {Platform.xiaohongshu, Platform.alibaba_1688}:
        return "Asia/Shanghai"
    if platform is Platform.tiktok_shop:
        return "Asia/Tokyo" if region == "JP" else "UTC"
    return _SHOPEE_ZONES.get(region, "UTC") if platform is Platform.shopee else "UTC"


def default_language(region: str) -> str:
    """Return the BCP 47 tag of a region's buyers; ``und`` (undetermined) where none is known."""
    return _LANGUAGES.get(region, "und")


def is_time_zone(name: str) -> bool:
    """Whether ``name`` is a zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # not found, a folder of the database, or no sane name at all
        return False
    return True
