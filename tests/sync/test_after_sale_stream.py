"""Requests are stored whole, also where the platform's list leaves things out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.ports import AfterSalePage, BadItem, Limits, RawItem, Unmapped, Window
from gateway.sync.streams import AfterSaleStream

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def request(number: int, evidence_by: datetime | None = None) -> AfterSale:
    return AfterSale(
        store="s1",
        order_id=f"o{number}",
        request_id=f"r{number}",
        kind=RequestKind.return_refund,
        state=RequestState.open,
        opened_at=T0,
        updated_at=T0,
        evidence_by=evidence_by,
        currency="MYR",
    )


class Returns:
    """Lists two requests without their evidence deadline; reading one whole shows it."""

    def __init__(self) -> None:
        self.fetched: list[str] = []

    async def list_after_sales(self, channel: Any, window: Window, page: str | None) -> AfterSalePage:
        listed = [request(1), request(2)]
        bad = [BadItem("r3", "reason: missing", b"{}")]
        return AfterSalePage(listed, [RawItem(one.request_id, b"{}") for one in listed], "next", bad)

    async def fetch_after_sale(self, channel: Any, request_id: str) -> AfterSalePage:
        self.fetched.append(request_id)
        whole = request(int(request_id[1:]), evidence_by=T0 + timedelta(days=2))
        return AfterSalePage([whole], [RawItem(request_id, b"{}")], None, (), [Unmapped(request_id, "reason", "NEW")])


@pytest.mark.parametrize("listed_whole", [True, False])
async def test_each_request_is_read_by_itself_where_the_list_is_not_whole(desk: Any, listed_whole: bool) -> None:
    returns = Returns()
    limits = Limits(timedelta(days=15), 100, 50, timedelta(days=15), 100, listed_whole)
    stream = AfterSaleStream(desk.store, returns, object(), limits, parallel=2)  # type: ignore[arg-type]
    page = await stream.list(Window(T0, T0 + timedelta(hours=1)), None)
    loaded: Any = await page.loaded()
    assert returns.fetched == ([] if listed_whole else ["r1", "r2"])
    expected = None if listed_whole else T0 + timedelta(days=2)
    assert [one.evidence_by for one in loaded.page.after_sales] == [expected, expected]
    assert page.next_page == "next"
    assert [bad.external_id for bad in loaded.page.bad] == ["r3"]
    assert [word.word for word in loaded.page.unmapped] == ([] if listed_whole else ["NEW", "NEW"])
