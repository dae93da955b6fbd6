"""The tables. Times are whole microseconds since the epoch in UTC, money whole minor units beside a currency.

``document`` columns hold canonical JSON without personal data. Personal data stands in `order_personal` and, with
the platform's raw words, in `order_raw` and ``*.sealed`` columns: encrypted with the order's own key in
`order_keys`. Deleting that key erases the person.
"""

from __future__ import annotations

from sqlalchemy import String, Text

from gateway.storage.schema.base import metadata
from gateway.storage.schema.case_tables import (
    approvals,
    automation_acts,
    automation_switches,
    buyer_marks,
    case_history,
    cases,
    contact_messages,
    contact_replies,
    evidence,
    leases,
    notice_addresses,
    notice_deliveries,
    notices,
    stock_levels,
    supplier_articles,
    support_tickets,
    tasks,
)
from gateway.storage.schema.effect_tables import audit, decisions, effects, intents, rule_files, work
from gateway.storage.schema.inbox_tables import inbox
from gateway.storage.schema.ledger_tables import appeal_entries, points_entries, quota_entries
from gateway.storage.schema.order_tables import (
    after_sales,
    attested_facts,
    order_keys,
    order_lines,
    order_personal,
    order_raw,
    order_signs,
    orders,
    purchase_links,
    repeat_traces,
    titles,
)
from gateway.storage.schema.store_tables import apps, credentials, oauth_states, stops, stores
from gateway.storage.schema.sync_tables import alerts, cursors, gaps, quarantine, shared_rates

__all__ = [
    "after_sales",
    "alerts",
    "appeal_entries",
    "approvals",
    "apps",
    "attested_facts",
    "audit",
    "automation_acts",
    "automation_switches",
    "buyer_marks",
    "case_history",
    "cases",
    "contact_messages",
    "contact_replies",
    "credentials",
    "cursors",
    "decisions",
    "effects",
    "evidence",
    "gaps",
    "inbox",
    "intents",
    "leases",
    "metadata",
    "notice_addresses",
    "notice_deliveries",
    "notices",
    "oauth_states",
    "order_keys",
    "order_lines",
    "order_personal",
    "order_raw",
    "order_signs",
    "orders",
    "points_entries",
    "purchase_links",
    "quarantine",
    "quota_entries",
    "repeat_traces",
    "rule_files",
    "shared_rates",
    "stock_levels",
    "stops",
    "stores",
    "supplier_articles",
    "support_tickets",
    "tasks",
    "titles",
    "work",
]

# SQLite looks at no length, and what platforms send keeps none: PostgreSQL must not refuse what SQLite takes. Its
# columns are made texts by `gateway.storage.migrate`.
for _table in metadata.tables.values():
    for _column in _table.columns:
        if isinstance(_column.type, String) and _column.type.length is not None:
            _column.type = _column.type.with_variant(Text(), "postgresql")
