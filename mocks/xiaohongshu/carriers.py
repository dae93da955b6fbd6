"""Carriers and the sellers' own addresses: what the common calls list and the writes check."""

from __future__ import annotations

from typing import Any

CARRIERS: dict[str, tuple[int, str]] = {
    "kuayue": (851, "跨越速运"),
    "debangwuliu": (856, "德邦物流"),
    "shunfeng": (863, "顺丰速运"),
    "jd": (877, "京东快递"),
    "yunda": (878, "韵达速递"),
    "yuantong": (880, "圆通速递"),
    "youzhengguonei": (882, "邮政小包"),
    "shentong": (897, "申通快递"),
    "ems": (900, "EMS"),
    "zto": (913, "中通速递"),
    "jtexpress": (929, "极兔速递"),
}
"""Code to id and name; the platform lists some 81, these are the usual ones."""


def carrier_name(code: str) -> str | None:
    """Name a carrier by its code; None for an unknown one."""
    found = CARRIERS.get(code)
    return found[1] if found else None


def _address(number: int, city: str, province: str, county: str) -> dict[str, Any]:
    full = f"{province} {city} {county} 示例街道 退货仓{number % 100}号"
    return {
        "sellerAddressRecordId": number,
        "contactName": "退货仓",
        "phoneAreaCode": "86",
        "phone": f"000{number:08d}",
        "landlineAreaCode": "",
        "landlinePhone": "",
        "landlineExtensionNumber": "",
        "countryCode": "001",
        "provinceCode": "",
        "cityCode": "",
        "countyCode": "",
        "townCode": "",
        "countryName": "中国大陆",
        "provinceName": province,
        "cityName": city,
        "countyName": county,
        "townName": "示例街道",
        "address": f"退货仓{number % 100}号",
        "fullAddress": full,
        "deliveryDefault": "DEFAULT" if number % 10 in {6, 1} else "NOT_DEFAULT",
        "aftersaleDefault": "DEFAULT" if number % 10 in {6, 1} else "NOT_DEFAULT",
        "version": 1,
        "active": "ACTIVE",
        "createTime": 1_752_134_638_000,
        "updateTime": 1_752_134_638_000,
    }


ADDRESSES: dict[int, dict[str, Any]] = {
    19_605_746: _address(19_605_746, "海口市", "海南省", "美兰区"),
    19_605_747: _address(19_605_747, "海口市", "海南省", "龙华区"),
    19_605_801: _address(19_605_801, "宁波市", "浙江省", "北仑区"),
}
"""Every seller address record, by its id; a shop names its own."""
