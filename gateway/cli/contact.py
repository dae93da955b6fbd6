"""``gateway contact show / sent / reply / ticket / draft``: what was said between shop and buyer."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import OrderArgument, StoreOption
from gateway.cli.order_filters import TIMES
from gateway.cli.output import cell, table
from gateway.cli.session import Access, Session, with_session
from gateway.policy.message_guard_templates import Writing
from gateway.policy.terms import Reason, Reply

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.contact import Contact, Drafted, Entered, Noted, Ticketed

AtOption = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        formats=TIMES,
        metavar="TIME",
        help="When it happened, like 2026-03-10T12:00:00+08:00 (UTC unless it says).  [default: just now]",
        show_default=False,
    ),
]
FileOption = Annotated[
    str | None,
    typer.Option(
        "--text-file", metavar="FILE|-", help="The words as they stand in the chat; - for standard input. Kept sealed."
    ),
]

group = typer.Typer(
    help="What was said between shop and buyer: messages, replies, cases with the platform's support.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="contact")


@group.command("show")
@with_session
def show(
    session: Session,
    order: OrderArgument,
    store: StoreOption = None,
    personal: Annotated[bool, typer.Option("--personal", help="Show the texts too.")] = False,
) -> None:
    """Show the messages to a buyer, his replies as entered, and the cases with the platform's support."""
    from gateway.operations.contact import show_contact

    found = session.run(lambda context: show_contact(context, order, store=store, personal=personal), Access.read)
    session.show(found, _standing, _messages, _replies, _tickets)


@group.command("sent")
@with_session
def sent(
    session: Session,
    order: OrderArgument,
    purpose: Annotated[Writing, typer.Option("--purpose", help="What the message was for.")],
    language: Annotated[
        str | None,
        typer.Option("--language", metavar="TAG", help="As zh-CN, ja or pt-BR.  [default: the buyer's]"),
    ] = None,
    announced_close: Annotated[
        datetime | None,
        typer.Option(
            "--announced-close",
            formats=TIMES,
            metavar="TIME",
            help="The close that a final notice tells; it needs one.",
        ),
    ] = None,
    at: AtOption = None,
    text_file: FileOption = None,
    store: StoreOption = None,
) -> None:
    """Enter a message that a person sent in the platform's console. The task for it is done with that."""
    from gateway.operations.contact import note_message as run

    done = session.ask(
        run,
        order,
        purpose,
        language=language,
        announced_close=_aware(announced_close),
        at=_aware(at),
        text=_text(text_file),
        store=store,
        by=session.person(),
    )
    session.show(done, _noted)


@group.command("reply")
@with_session
def reply(
    session: Session,
    order: OrderArgument,
    answer: Annotated[
        Reply, typer.Argument(metavar="ANSWER", help=f"One of {', '.join(Reply)}; none withdraws the last entry.")
    ],
    at: AtOption = None,
    text_file: FileOption = None,
    store: StoreOption = None,
) -> None:
    """Enter what the buyer answered, as you understood it. Nothing else counts as consent."""
    from gateway.operations.contact import enter_reply as run

    if answer is Reply.none and at is not None:
        raise typer.BadParameter("An entry is withdrawn now: leave --at out.", param_hint="--at")
    done = session.ask(run, order, answer, at=_aware(at), text=_text(text_file), store=store, by=session.person())
    session.show(done, _entered)


@group.command("ticket")
@with_session
def ticket(
    session: Session,
    order: OrderArgument,
    number: Annotated[str, typer.Argument(metavar="TICKET", help="The number the platform's support gave.")],
    store: StoreOption = None,
) -> None:
    """Enter the number of a case that was opened with the platform's support. The latest one counts."""
    from gateway.operations.contact import enter_ticket as run

    done = session.ask(run, order, number, store=store, by=session.person())
    session.show(done, _ticketed)


@group.command("draft")
@with_session
def draft(
    session: Session,
    order: OrderArgument,
    purpose: Annotated[
        Writing | None,
        typer.Option("--purpose", help="What it is for.  [default: the next message of the plan]", show_default=False),
    ] = None,
    reason: Annotated[
        Reason | None,
        typer.Option("--reason", help="The true reason.  [default: that of the open case]", show_default=False),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Write the text of the next message to the buyer, ready to copy into the chat. Sends nothing."""
    from gateway.operations.contact import draft_message

    made = session.run(
        lambda context: draft_message(context, order, purpose=purpose, reason=reason, store=store), Access.read
    )
    session.show(made, lambda drafted: drafted.text)
    session.say(_after_draft(made))


def _aware(instant: datetime | None) -> datetime | None:
    return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant


def _text(file: str | None) -> str | None:
    if file is None:
        return None
    try:
        words = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return words.decode("utf-8-sig")
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.", param_hint="--text-file") from None
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            f"{file} is no UTF-8 text (byte {error.start}). Save it as UTF-8.", param_hint="--text-file"
        ) from None


def _standing(found: Contact) -> str:
    when = "" if found.replied_at is None else f" of {cell(found.replied_at)}"
    answer = "No reply stands" if found.reply is Reply.none else f"The reply{when} stands: {found.reply.value}"
    return f"Order {found.order_id} of {found.store}; the buyer reads {found.language}. {answer}."


def _messages(found: Contact) -> RenderableType:
    rows = [
        (each.at, each.purpose, each.language, each.announced_close_at, each.by, *_words(found, each.text))
        for each in found.messages
    ]
    columns = ("sent at", "purpose", "language", "announced close", "by", *_text_column(found))
    return table("Messages", columns, rows, empty="No message to the buyer is on record.")


def _replies(found: Contact) -> RenderableType:
    rows = [
        (
            each.at,
            each.reply.value,
            "stands" if each.stands else "withdraws" if each.reply is Reply.none else "withdrawn",
            each.source,
            each.by,
            each.entered_at,
            *_words(found, each.text),
        )
        for each in found.replies
    ]
    columns = ("answered at", "reply", "", "source", "by", "entered at", *_text_column(found))
    return table("Replies", columns, rows, empty="No reply of the buyer is on record.")


def _tickets(found: Contact) -> RenderableType | None:
    if not found.tickets:
        return None
    rows = [(each.ticket, each.by, each.at) for each in found.tickets]
    return table("Cases with the platform's support", ("number", "by", "entered at"), rows, empty="")


def _words(found: Contact, text: str | None) -> tuple[str | None, ...]:
    return (text,) if found.personal_shown else ()


def _text_column(found: Contact) -> tuple[str, ...]:
    return ("text",) if found.personal_shown else ()


def _noted(done: Noted) -> str:
    said = f"On record: {done.message.purpose} in {done.message.language}, sent {cell(done.message.at)}."
    if done.against:
        said += f" Its text breaks {', '.join(done.against)}: look at it with `gateway message check`."
    return said + _finished(done.done)


def _entered(done: Entered) -> str:
    said = "The last entry is withdrawn." if done.entry.reply is Reply.none else "The reply is on record."
    stands = "No reply stands now." if done.reply is Reply.none else f"What stands now: {done.reply.value}."
    return f"{said} {stands}{_finished(done.done)}"


def _ticketed(done: Ticketed) -> str:
    return f"Support's case {done.ticket.ticket} is on record for order {done.order_id}.{_finished(done.done)}"


def _finished(tasks: list[str]) -> str:
    return f" Done with it: task {', '.join(tasks)}." if tasks else ""


def _after_draft(made: Drafted) -> str:
    due = "" if made.due_at is None else f"Due {cell(made.due_at)}. "
    return f"{due}Once it is sent in the chat: {made.entered_with}"
