"""The page for a person: be the buyer, the carrier, the merchant, the platform; move the clock; watch."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.kit.platform import Platform

PAGE_SIZE = 50
_ROLES = {
    "buyer": "buyer",
    "seller": "merchant",
    "merchant": "merchant",
    "carrier": "carrier",
    "warehouse": "carrier",
    "supplier": "supplier",
    "platform": "platform",
}
_STYLE = """
body{font:15px/1.4 system-ui,sans-serif;margin:1.5rem;color:#222}h1{font-size:1.3rem}
h2{font-size:1.05rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.3rem .5rem;text-align:left;
vertical-align:top}button,select,input{font:inherit}form{display:inline-block;margin:0 .3rem .3rem 0}
.note{color:#666}code{font-size:.9em}#said{background:#fff7d6;padding:.4rem .6rem;min-height:1.2em}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}#said{background:#3a3413}td,th{border-color:#444}}
"""
_SCRIPT = """
async function call(method, path, body) {
  const answer = await fetch("/_mock" + path, {method, body: body === undefined ? undefined : JSON.stringify(body)});
  const said = await answer.json();
  if (!answer.ok) { document.getElementById("said").textContent = said.error || answer.status; return; }
  sessionStorage.setItem("said", method + " " + path + " done");
  location.reload();
}
document.addEventListener("submit", event => {
  const form = event.target;
  if (!form.dataset.path) return;
  event.preventDefault();
  const body = {};
  for (const [name, value] of new FormData(form)) if (value !== "") {
    body[name] = /^(quantity|points|orders|seed|days|times)$/.test(name) ? Number(value) : value;
  }
  call(form.dataset.method || "POST", form.dataset.path, form.dataset.list ? [body] : body);
});
document.getElementById("said").textContent = sessionStorage.getItem("said") || "";
"""


def render_page(platform: Platform, query: Mapping[str, str]) -> str:
    """Render the page; `query` may hold `status` and `order`."""
    wanted = query.get("order")
    parts = [
        f"<h1>{escape(platform.name)} simulator</h1><p id='said' role='status'></p>",
        _clock(platform),
        _order(platform, wanted) if wanted else _orders(platform, query.get("status") or None),
        _make(),
        _store_acts(platform),
        _faults(platform),
        _pushes(platform),
        _effects(platform),
    ]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>{escape(platform.name)} simulator</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}<script>{_SCRIPT}</script></body></html>"
    )


def _form(path: str, inner: str, button: str, extra: str = "") -> str:
    return f"<form data-path='{escape(path)}' {extra}>{inner} <button>{escape(button)}</button></form>"


def _clock(platform: Platform) -> str:
    steps = ("PT1M", "PT1H", "PT6H", "P1D", "P2D", "P7D")
    buttons = "".join(
        _form("/clock", f"<input type='hidden' name='advance' value='{step}'>", f"+{step[1:].lstrip('T')}")
        for step in steps
    )
    clock = platform.rig.clock
    return f"<p>It is <b>{clock.now():%Y-%m-%d %H:%M:%S} UTC</b> ({clock.mode} clock) {buttons}</p>"


def _orders(platform: Platform, status: str | None) -> str:
    everything = platform.orders(None, None)
    counts: dict[str, int] = {}
    for order in everything:
        counts[str(order["status"])] = counts.get(str(order["status"]), 0) + 1
    links = " · ".join(
        f"<a href='?{urlencode({'status': name})}'>{escape(name)}</a> {number}" for name, number in counts.items()
    )
    rows = "".join(_row(order) for order in platform.orders(status, PAGE_SIZE))
    return (
        f"<h2>Orders</h2><p><a href='?'>all</a> {len(everything)} · {links}</p><table><tr><th>order<th>store<th>status"
        f"<th>total<th>lines<th>asks<th></tr>{rows}</table><p class='note'>The {PAGE_SIZE} last changed.</p>"
    )


def _row(order: Mapping[str, Any]) -> str:
    lines = ", ".join(f"{line['quantity']} × {line['title']}" for line in order["lines"])
    asks = []
    if order.get("cancellation"):
        asks.append("cancellation")
    asks.extend(f"return {one['status']}" for one in order.get("returns", []))
    link = f"?{urlencode({'order': order['id']})}"
    total = order["money"].get("total") or "—"
    return (
        f"<tr><td><a href='{escape(link)}'>{escape(str(order['id']))}</a><td>{escape(str(order['store']))}"
        f"<td>{escape(str(order['status']))}<td>{escape(str(total))} {escape(str(order['currency']))}"
        f"<td>{escape(lines)}<td>{escape(', '.join(asks))}<td><a href='{escape(link)}'>act</a></tr>"
    )


def _order(platform: Platform, wanted: str) -> str:
    try:
        truth = platform.order(wanted)
        names = platform.possible_acts(wanted)
    except LookupError:
        return f"<p>No order {escape(wanted)}. <a href='?'>Back</a></p>"
    ordered = sorted(names, key=_role)
    acts = "".join(
        f"<p><b>{escape(role)}</b> "
        + "".join(
            _form(
                f"/orders/{wanted}/acts",
                f"<input type='hidden' name='act' value='{escape(name)}'>{_details(name)}",
                name.replace("_", " "),
            )
            for name in group
        )
        + "</p>"
        for role, group in groupby(ordered, key=_role)
    )
    facts = "".join(f"<tr><th>{escape(str(k))}<td><code>{escape(str(v))}</code></tr>" for k, v in truth.items())
    return f"<h2>Order {escape(wanted)}</h2><p><a href='?'>All orders</a></p>{acts}<table>{facts}</table>"


def _role(act: str) -> str:
    return _ROLES.get(act.partition("_")[0], "other")


def _details(act: str) -> str:
    if act in {"buyer_requests_cancellation", "platform_cancels", "merchant_closes"}:
        return "<input name='reason' placeholder='reason' aria-label='reason'>"
    if act == "buyer_replies":
        return "<input name='text' placeholder='text' aria-label='text'>"
    if act == "platform_decides":
        return "<select name='for' aria-label='for whom'><option>buyer<option>seller</select>"
    return ""


def _make() -> str:
    phases = [
        "unpaid",
        "on_hold",
        "awaiting_shipment",
        "awaiting_collection",
        "in_transit",
        "delivered",
        "completed",
        "cancelled",
    ]
    options = "".join(f"<option{' selected' if one == 'awaiting_shipment' else ''}>{one}" for one in phases)
    inner = (
        f"<select name='phase' aria-label='phase'>{options}</select> "
        "<input name='store' placeholder='store (optional)' aria-label='store'>"
    )
    return f"<h2>New order</h2>{_form('/orders', inner, 'make')}"


def _store_acts(platform: Platform) -> str:
    options = "".join(f"<option>{escape(name)}" for name in platform.store_acts)
    inner = (
        f"<select name='act' aria-label='act'>{options}</select> "
        "<input name='store' placeholder='store (optional)' aria-label='store'>"
    )
    return f"<h2>Store and app</h2>{_form('/acts', inner, 'do')}"


def _faults(platform: Platform) -> str:
    kinds = [
        "timeout_before",
        "timeout_after",
        "http_500",
        "http_429",
        "rate_limit_code",
        "html_body",
        "truncated_json",
        "slow",
        "reset",
        "push_drop",
        "push_duplicate",
        "push_delay",
        "push_reorder",
    ]
    inner = (
        "<input name='operation' value='*' aria-label='operation'> <select name='fault' aria-label='fault'>"
        + "".join(f"<option>{kind}" for kind in kinds)
        + "</select> <input name='times' value='1' size='3' aria-label='times'>"
    )
    rows = "".join(f"<li><code>{escape(str(one))}</code>" for one in platform.rig.faults.shown())
    on = _form("/faults", inner, "switch on", "data-list='1'")
    off = _form("/faults", "", "switch all off", "data-method='DELETE'")
    return f"<h2>Faults</h2>{on}{off}<ul>{rows}</ul>"


def _pushes(platform: Platform) -> str:
    pushes = platform.rig.pushes
    rows = "".join(
        f"<tr><td>{one.at}<td>{escape(one.kind)}<td>{escape(one.order_id or '')}<td>{one.attempt}"
        f"<td>{one.status or escape(one.outcome)}<td>{'yes' if one.ok else 'no'}</tr>"
        for one in reversed(pushes.attempts[-20:])
    )
    return (
        f"<h2>Pushes</h2><p>To {escape(pushes.url or 'nowhere')}; {len(pushes.lost)} lost.</p><table><tr><th>at"
        f"<th>kind<th>order<th>try<th>status<th>received</tr>{rows}</table>"
    )


def _effects(platform: Platform) -> str:
    rows = "".join(
        f"<tr><td>{one['seq']}<td>{one['at']}<td>{escape(one['operation'])}<td>{escape(one['order_id'] or '')}</tr>"
        for one in reversed(platform.rig.journal.shown()[-20:])
    )
    return f"<h2>Applied writes</h2><table><tr><th>#<th>at<th>operation<th>order</tr>{rows}</table>"
