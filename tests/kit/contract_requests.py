"""Check 12: a canonical call becomes exactly these requests, in this order."""

from __future__ import annotations

import json
import re
from datetime import datetime
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

import httpx
import respx

from gateway.ports import Act, Offered, Operation, SaleLink, Window
from gateway.transport.json import decode, encode
from tests.kit.contract_bench import Shop, canned, exact
from tests.kit.contract_case import Case


def _act(row: dict[str, Any]) -> Act:
    return Act(
        operation=Operation(row["operation"]),
        order_id=row.get("order_id", "-"),
        key="key-1",
        request_id=row.get("request_id"),
        reason=row.get("reason"),
        lines=tuple((line_id, quantity) for line_id, quantity in row.get("lines", [])),
        parameters=row.get("parameters", {}),
    )


def _window(row: dict[str, Any]) -> Window:
    return Window(datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"]))


class _Wire:
    """Takes each request as the next of the list, notes what differs, and gives the answer beside it."""

    def __init__(self, case: Case, sends: list[dict[str, Any]]) -> None:
        self.case = case
        self.sends = sends
        self.taken = 0
        self.differences: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.taken == len(self.sends):
            self.differences.append(f"one request too many: {request.method} {request.url.path}")
            return httpx.Response(500)
        expected = self.sends[self.taken]
        self.taken += 1
        self._compare("method", request.method, expected["method"])
        self._compare("path", request.url.path, expected["path"])
        self._compare("host", str(request.url.copy_with(query=None)).removesuffix(request.url.path), self._base())
        self._compare_query(request, expected)
        body = self._without_common(self._body(request), expected)
        self._compare("body", body, expected.get("body"))
        if request.content:
            kind = request.headers["content-type"].partition("; boundary=")[0]
            self._compare("type", kind, expected.get("type", "application/json"))
        return httpx.Response(200, content=encode(expected["answer"]))

    def _body(self, request: httpx.Request) -> Any:
        """Return what a body says: a form as its fields, of a multipart one the name and the text of each part."""
        kind = request.headers.get("content-type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            pairs = parse_qsl(request.content.decode(), keep_blank_values=True, strict_parsing=bool(request.content))
            if len(dict(pairs)) != len(pairs):
                self.differences.append(f"request {self.taken}, form: a name stands twice")
            return dict(pairs)
        if kind.startswith("multipart/form-data"):
            parts = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.content)
            told = [part for part in parts.walk() if not part.is_multipart()]
            return {
                part.get_param("name", header="content-disposition"): part.get_payload(decode=True).decode("latin-1")
                for part in told
            }
        return decode(request.content) if request.content else None

    def _without_common(self, body: Any, expected: dict[str, Any]) -> Any:
        """Take the fields every request carries out of a body that holds them, and see that they are right."""
        if not self._in_body(expected) or not isinstance(body, dict):
            return body
        for name, value in self.case.wire.common(expected.get("scope", "store")).items():
            told = body.pop(name, None)
            if told is None or (value is not None and told != value):
                self.differences.append(f"request {self.taken}, common field {name}: missing or not as it should be")
        return body

    def _in_body(self, expected: dict[str, Any]) -> bool:
        return self.case.common_in_body and not expected.get("type", "").startswith("multipart/")

    def _base(self) -> str:
        return self.case.connected.app.base_url.rstrip("/")

    def _compare(self, what: str, found: Any, expected: Any) -> None:
        if found != expected or type(found) is not type(expected):
            self.differences.append(f"request {self.taken}, {what}: {found!r} instead of {expected!r}")

    def _compare_query(self, request: httpx.Request, expected: dict[str, Any]) -> None:
        pairs = parse_qsl(request.url.query.decode(), keep_blank_values=True, strict_parsing=bool(request.url.query))
        found = dict(pairs)
        if len(found) != len(pairs):
            self.differences.append(f"request {self.taken}, query: a name stands twice")
        common = {} if self._in_body(expected) else self.case.wire.common(expected.get("scope", "store"))
        for name, value in common.items():
            told = found.pop(name, None)
            if told is None or (value is not None and told != value):
                self.differences.append(
                    f"request {self.taken}, common parameter {name}: missing or not as it should be"
                )
        self._compare("query", found, expected.get("query", {}))


class Check12Requests:
    """Method, path, parameters and body, to the last one, through the production transport."""

    case: Case

    async def test_check_12_request_is_exact(self, request_row: dict[str, Any]) -> None:
        wire = _Wire(self.case, request_row["sends"])
        router = respx.MockRouter(assert_all_called=False)
        router.route().mock(side_effect=wire)
        async with canned(self.case, httpx.MockTransport(router.async_handler)) as shop:
            result = await self._call(shop, request_row["call"])
        assert wire.differences == []
        assert wire.taken == len(request_row["sends"]), "a request is missing"
        if "gives" in request_row:
            assert str(result) == request_row["gives"]

    async def _call(self, shop: Shop, row: dict[str, Any]) -> Any:
        adapter, channel = self.case.adapter, shop.channel
        do = row["do"]
        if do in {"exchange", "refresh"}:
            return await self._tokens(shop, row)
        if do == "describe_shops":
            return [each.external_id for each in await adapter.describe_shops(shop.app_channel)]
        if do in {"list_orders", "list_after_sales"}:
            return (await getattr(adapter, do)(channel, _window(row), row.get("page"))).next_page
        if do == "fetch_orders":
            return [order.order_id for order in (await adapter.fetch_orders(channel, row["ids"])).orders]
        if do == "fetch_after_sale":
            return [each.request_id for each in (await adapter.fetch_after_sale(channel, row["id"])).after_sales]
        return await self._other(shop, row)

    async def _other(self, shop: Shop, row: dict[str, Any]) -> Any:
        adapter = self.case.adapter
        match row["do"]:
            case "perform":
                return await adapter.perform(shop.channel, _act(row))
            case "probe":
                return (await adapter.probe(shop.channel, _act(row))).happened
            case "read_health":
                return (await adapter.read_health(shop.channel)).penalty_points
            case "lost_pushes":
                return (await adapter.lost_pushes(shop.app_channel)).marker
            case "confirm_lost_pushes":
                return await adapter.confirm_lost_pushes(shop.app_channel, row["marker"])
        return await self._beside(shop, row)

    async def _beside(self, shop: Shop, row: dict[str, Any]) -> Any:
        adapter = self.case.adapter
        match row["do"]:
            case "set_push_url":
                return await adapter.set_push_url(shop.app_channel, row["url"])
            case "link_sale":
                return await adapter.link_sale(shop.channel, SaleLink(*row["link"]))
            case "upload_evidence":
                return await adapter.upload_evidence(shop.channel, row["order_id"], row["picture"].encode("latin-1"))
            case "refund_choices":
                return (await adapter.refund_choices(shop.channel, row["order_id"])).most_minor
            case "parcel_traces":
                return [each.tracking_number for each in await adapter.parcel_traces(shop.channel, row["order_id"])]
        raise AssertionError(f"requests.json: nobody knows how to do {row['do']!r}")

    async def _tokens(self, shop: Shop, row: dict[str, Any]) -> list[str]:
        adapter, connected = self.case.adapter, self.case.connected
        if row["do"] == "exchange":
            call = adapter.exchange_call(connected.app, row["callback"])
        else:
            call = adapter.refresh_call(connected.app, connected.store, connected.credential)
        answer = await shop.app_channel.send(call)
        return [each.external_id for each in adapter.read_grants(call, answer, shop.clock.now())]

    def test_check_12_every_capability_has_a_request(self) -> None:
        rows = exact(self.case.folder / "requests.json")
        names = [row["name"] for row in rows]
        assert len(set(names)) == len(names)
        manifest, role = self.case.adapter.manifest, self.case.connected.store.role
        done = {row["call"].get("operation", row["call"]["do"]) for row in rows if row["call"]["do"] != "probe"}
        wanted = {str(operation) for operation in Operation if manifest.offers(operation, role) is Offered.api}
        wanted |= {"exchange", "refresh", "describe_shops"}
        wanted -= {"receive_pushes"}  # nothing is asked for
        wanted = {"lost_pushes" if each == "fetch_lost_pushes" else each for each in wanted}
        assert wanted - done == set()

    def test_check_12_rate_groups_and_paths_are_the_manifests(self) -> None:
        for row in json.loads((self.case.folder / "requests.json").read_text("utf-8")):
            for sent in row["sends"]:
                assert re.fullmatch(r"/[\w/.-]+", sent["path"])
                assert sent["method"] in {"GET", "POST"}
