"""What may be asked of a running gateway: every use case that writes.

To add one: write the operation as ``async def name(context: Context, ...) -> Result`` at the top level of a module of
`gateway.operations`, with arguments and a result that pydantic can turn into JSON and back (models, frozen dataclasses,
enums, aware times; no callables), import it here and give it a line in `_TABLE`: the function, and the command with
which a person sees what became of it when the answer was lost. The command then calls
``session.ask(name, argument, ...)``: it runs here or there, with the same result and the same errors. Arguments may
be secrets; results are printed and must not be. Types that the signature names are imported at run time, not under
``TYPE_CHECKING``.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from gateway.operations.approvals import answer_approval
from gateway.operations.apps import add_app
from gateway.operations.automations import disable_automation, enable_automation, try_automations
from gateway.operations.books import add_points, open_appeal, pull_points, release_close, settle_appeal
from gateway.operations.buyers import clear_buyer_of, mark_buyer_of
from gateway.operations.cases import hand_over_case, open_case, pause_case, resume_case, stop_case
from gateway.operations.connecting import add_store, connect_link, connect_with, connect_with_state, connected_by
from gateway.operations.contact import enter_reply, enter_ticket, note_message
from gateway.operations.context import Context
from gateway.operations.erasing import erase_order
from gateway.operations.events import replay_events
from gateway.operations.evidence import add_evidence
from gateway.operations.facts import import_facts, set_fact
from gateway.operations.notices import send_notice_again, settle_notice, try_address
from gateway.operations.purchases import discover_purchases, import_links, link_purchase, unlink_purchase
from gateway.operations.pushing import set_push_url
from gateway.operations.quarantine import retry_quarantine
from gateway.operations.reindexing import reindex
from gateway.operations.requests import accept_request, offer_solution, reject_request
from gateway.operations.resolving import resolve
from gateway.operations.shipping import set_tracking, ship
from gateway.operations.stock import import_stock, read_stock, set_stock
from gateway.operations.stopping import stop_effects
from gateway.operations.stores import check_stores, set_store_mode
from gateway.operations.suspects import clear_suspect, reveal_recipient
from gateway.operations.syncing import sync_again, sync_now, sync_once, sync_since
from gateway.operations.tasks import cancel_task, finish_task

P = ParamSpec("P")


class UseCase:
    """One operation that may be asked by its name. ``look`` is the command that shows whether it was done.

    One that only ``waits`` for something ends with who asked for it; any other is finished.
    """

    def __init__(
        self, function: Callable[Concatenate[Context, P], Awaitable[Any]], look: str, *, waits: bool = False
    ) -> None:
        self.name = function.__name__
        self.look = look
        self.waits = waits
        self._function: Callable[..., Awaitable[Any]] = function

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """Return the model of the arguments, one field each; unknown ones are refused, errors show no values."""
        _, *parameters = inspect.signature(self._function).parameters.values()
        fields: dict[str, Any] = {
            each.name: (self._hints[each.name], ... if each.default is inspect.Parameter.empty else each.default)
            for each in parameters
        }
        strict = ConfigDict(extra="forbid", hide_input_in_errors=True)
        return create_model(self.name, __config__=strict, **fields)

    @cached_property
    def result(self) -> TypeAdapter[Any]:
        """Return what turns the result into JSON and back."""
        return TypeAdapter(self._hints["return"])

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self._function, include_extras=True)

    def bound(self, *arguments: Any, **named: Any) -> Mapping[str, Any]:
        """Return the arguments of a call under their names, as JSON holds them."""
        given = inspect.signature(self._function).bind(None, *arguments, **named).arguments
        _, *names = given
        model = self.arguments.model_validate({name: given[name] for name in names})
        return model.model_dump(mode="json", exclude_unset=True)

    async def run(self, context: Context, arguments: BaseModel) -> Any:
        """Do it and return the result."""
        return await self._function(context, **{name: getattr(arguments, name) for name in self.arguments.model_fields})


_TABLE = (
    UseCase(reindex, "gateway doctor"),
    UseCase(add_app, "gateway apps list"),
    UseCase(set_push_url, "gateway apps push APP"),
    UseCase(connect_link, "gateway stores list"),
    UseCase(connect_with, "gateway stores list"),
    UseCase(connect_with_state, "gateway stores list"),
    UseCase(connected_by, "gateway stores list", waits=True),
    UseCase(add_store, "gateway stores list"),
    UseCase(check_stores, "gateway stores list"),
    UseCase(set_store_mode, "gateway stores list"),
    UseCase(sync_once, "gateway stores list"),
    UseCase(sync_again, "gateway stores list"),
    UseCase(sync_now, "gateway stores list"),
    UseCase(sync_since, "gateway stores list"),
    UseCase(retry_quarantine, "gateway quarantine list"),
    UseCase(replay_events, "gateway events list"),
    UseCase(resolve, "gateway orders show ORDER"),
    UseCase(open_case, "gateway cases list"),
    UseCase(pause_case, "gateway cases show CASE"),
    UseCase(resume_case, "gateway cases show CASE"),
    UseCase(hand_over_case, "gateway cases show CASE"),
    UseCase(stop_case, "gateway cases show CASE"),
    UseCase(ship, "gateway orders show ORDER"),
    UseCase(set_tracking, "gateway orders show ORDER"),
    UseCase(accept_request, "gateway orders show ORDER"),
    UseCase(reject_request, "gateway orders show ORDER"),
    UseCase(offer_solution, "gateway orders show ORDER"),
    UseCase(add_evidence, "gateway evidence list ORDER"),
    UseCase(clear_suspect, "gateway suspects list"),
    UseCase(reveal_recipient, "gateway orders show ORDER"),
    UseCase(erase_order, "gateway orders show ORDER --personal"),
    UseCase(set_fact, "gateway facts list"),
    UseCase(import_facts, "gateway facts list"),
    UseCase(note_message, "gateway contact show ORDER"),
    UseCase(enter_reply, "gateway contact show ORDER"),
    UseCase(enter_ticket, "gateway contact show ORDER"),
    UseCase(release_close, "gateway closes list"),
    UseCase(add_points, "gateway points list"),
    UseCase(pull_points, "gateway points list"),
    UseCase(open_appeal, "gateway appeals list"),
    UseCase(settle_appeal, "gateway appeals list"),
    UseCase(link_purchase, "gateway purchases list"),
    UseCase(unlink_purchase, "gateway purchases list"),
    UseCase(import_links, "gateway purchases list"),
    UseCase(discover_purchases, "gateway purchases list"),
    UseCase(mark_buyer_of, "gateway buyers list"),
    UseCase(clear_buyer_of, "gateway buyers list"),
    UseCase(set_stock, "gateway stock list"),
    UseCase(import_stock, "gateway stock list"),
    UseCase(read_stock, "gateway stock list"),
    UseCase(finish_task, "gateway tasks list --all"),
    UseCase(cancel_task, "gateway tasks list --all"),
    UseCase(answer_approval, "gateway approvals list --all"),
    UseCase(settle_notice, "gateway notices list --all"),
    UseCase(send_notice_again, "gateway notices show NOTICE"),
    UseCase(try_address, "gateway notices list"),
    UseCase(try_automations, "gateway automations list"),
    UseCase(enable_automation, "gateway automations list"),
    UseCase(disable_automation, "gateway automations list"),
    UseCase(stop_effects, "gateway stores list"),
)

USE_CASES: Mapping[str, UseCase] = {case.name: case for case in _TABLE}
"""Every use case by its name."""


def case_of(function: Callable[..., Awaitable[Any]]) -> UseCase:
    """Return the use case of an operation. Raises LookupError when it has no line in the table."""
    case = USE_CASES.get(function.__name__)
    if case is None:
        raise LookupError(f"{function.__name__} has no line in {__name__}: a running gateway could not be asked for it")
    return case
