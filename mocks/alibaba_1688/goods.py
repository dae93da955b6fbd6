"""The invented members and what they offer; offers have the specs by which createCrossOrder orders."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mocks.alibaba_1688.model import Account, Member

if TYPE_CHECKING:
    import random

    from mocks.alibaba_1688.world import World

ACCOUNTS = 2
STRANGERS = 12
SUPPLIERS = 5


@dataclass(slots=True)
class Spec:
    """One variant of an offer; `spec_id` is what an order names."""

    sku_id: int
    spec_id: str
    infos: tuple[tuple[str, str], ...]
    cargo_number: str
    price: int
    stock: int


@dataclass(slots=True)
class Offer:
    """One listing of one seller. Offers of different depots never share an order."""

    offer_id: int
    seller: Member
    title: str
    unit: str
    cargo_number: str
    depot: str
    specs: list[Spec]

    def spec(self, spec_id: str) -> Spec | None:
        """Find a variant; an offer with a single one may be ordered without naming it."""
        if not spec_id and len(self.specs) == 1:
            return self.specs[0]
        return next((one for one in self.specs if one.spec_id == spec_id), None)


_GOODS = (
    ("帆布手提袋", "TOTE", "个", ("颜色", ("本白", "黑色", "军绿")), 1280),
    ("陶瓷马克杯 350ml", "MUG", "个", ("颜色", ("白色", "米色")), 615),
    ("双头数据线 2米", "CABLE", "条", ("", ()), 399),
    ("可调光台灯", "LAMP", "台", ("", ()), 3650),
    ("竹制砧板", "BOARD", "块", ("尺码", ("小", "中", "大")), 1590),
    ("纯棉袜五双装", "SOCKS", "包", ("尺码", ("36-40", "41-45")), 905),
    ("旅行分装瓶套装", "BOTTLE", "套", ("", ()), 730),
    ("硅胶手机壳", "CASE", "个", ("颜色", ("蓝色", "透明", "粉色")), 255),
)


def open_members(world: World) -> None:
    """Let the accounts, the strangers who buy, and the suppliers with their offers exist."""
    for number in range(ACCOUNTS):
        member = _member(world.rng, f"trader{number + 1:02d}", f"示例商贸{number + 1}号")
        world.accounts[member.member_id] = Account(member, ali_id=str(world.number(10)))
        world.addresses[member.member_id] = {
            world.number(9): invent_receiver(world.rng, {}),
            world.number(9): invent_receiver(world.rng, {"area": "余杭区", "areaCode": "330110"}),
        }
    world.strangers = [_member(world.rng, f"buyer{n + 1:02d}", f"示例买家{n + 1}号") for n in range(STRANGERS)]
    sellers = [account.member for account in world.accounts.values()]
    for number in range(SUPPLIERS):
        supplier = _member(world.rng, f"supplier{number + 1:02d}", f"示例工厂{number + 1}号")
        world.suppliers[supplier.member_id] = supplier
        sellers.append(supplier)
    for place, seller in enumerate(sellers):
        for step in range(5):
            offer = _offer(world, seller, (place + step) % len(_GOODS), depot="B" if step == 4 else "A")
            world.offers[offer.offer_id] = offer
        sold_out = next(reversed(world.offers.values()))
        if len(sold_out.specs) > 1:
            sold_out.specs[-1].stock = 0


def _member(rng: random.Random, login: str, company: str) -> Member:
    number = rng.randrange(2_200_000_000, 2_300_000_000)
    return Member(
        member_id=f"b2b-{number}",
        login_id=f"sample{login}",
        user_id=number,
        alipay_id=f"2088{rng.randrange(10**11, 10**12)}",
        name=company[:4] + "联系人",
        company=company,
        mobile=f"000{rng.randrange(10**7, 10**8)}",
    )


def _offer(world: World, seller: Member, kind: int, *, depot: str) -> Offer:
    title, code, unit, (label, values), price = _GOODS[kind]
    offer_id = world.number(12)
    specs = []
    for number, value in enumerate(values or ("",)):
        infos = ((label, value),) if value else ()
        spec_id = hashlib.sha256(f"{offer_id}/{number}".encode()).hexdigest()[:32]
        cargo = f"{code}-{number + 1}"
        specs.append(Spec(world.number(13), spec_id, infos, cargo, price + 7 * number, stock=10_000))
    return Offer(offer_id, seller, title, unit, code, depot, specs)


def invent_receiver(rng: random.Random, given: dict[str, str]) -> dict[str, str]:
    """Make an address nobody lives at."""
    number = rng.randrange(1, 10_000)
    return {
        "name": f"收件人{number:04d}",
        "mobile": f"000{rng.randrange(10**7, 10**8)}",
        "phone": "",
        "zip": "310000",
        "province": "浙江省",
        "city": "杭州市",
        "area": "滨江区",
        "areaCode": "330108",
        "town": "长河街道",
        "townCode": "330108002",
        "address": f"示例路{rng.randrange(1, 400)}号",
        **given,
    }
