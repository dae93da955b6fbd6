"""``gateway message check`` and ``gateway message write``: texts for buyers, held against the platform's rules."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.output import table
from gateway.cli.session import Session, with_session
from gateway.model.store import Platform
from gateway.policy.message_guard_templates import FACTS, Writing
from gateway.policy.terms import Reason, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from gateway.policy.message_guard import Finding

group = typer.Typer(
    help="Texts for buyers: what the platform's rules forbid in them, and texts that may be sent.",
    no_args_is_help=True,
)

PlatformOption = Annotated[Platform, typer.Option("--platform", help="Where the buyer reads it.")]
PurposeOption = Annotated[Writing | None, typer.Option("--purpose", help="What it is written for.", show_default=False)]
ReasonOption = Annotated[
    Reason | None, typer.Option("--reason", help="The true reason why the order should end.", show_default=False)
]
LangOption = Annotated[
    str | None, typer.Option("--lang", metavar="TAG", help="The buyer's language, as zh, ja, en or pt-BR.")
]


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer: allowed, or what is wrong."""

    allowed: bool
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Written:
    """A text that may be sent."""

    text: str
    platform: Platform
    purpose: Writing
    language: str


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="message")


@group.command("check")
@with_session
def check_(
    session: Session,
    platform: PlatformOption,
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE|-]", help="Where the text is; - for standard input.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="The text itself.")] = None,
    purpose: PurposeOption = None,
    lang: LangOption = None,
    reason: ReasonOption = None,
    reply: Annotated[Reply, typer.Option("--reply", help="The buyer's latest answer.")] = Reply.none,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at", formats=["%Y-%m-%d"], help="By the rules of this day.  [default: all]", show_default=False
        ),
    ] = None,
) -> None:
    """Check a text for a buyer. Ends with 0 when it may be sent, with 1 when a rule forbids it. Needs no folder."""
    from dataclasses import replace

    from gateway.policy.message_guard import Occasion, check
    from gateway.policy.message_guard_templates import occasion_of

    occasion = Occasion(platform=platform, language=lang, reason=reason)
    if purpose is not None:
        occasion = replace(occasion_of(platform, purpose, lang or "", reason), language=lang)
    occasion = replace(occasion, reply=reply, day=None if at is None else at.date())
    found = check(_text(file, text), occasion)
    session.show(Checked(not found, found), _verdict)
    if found:
        raise typer.Exit(Exit.failed)


@group.command("write")
@with_session
def write_(
    session: Session,
    platform: PlatformOption,
    purpose: Annotated[Writing, typer.Option("--purpose", help="What it is written for.")],
    lang: Annotated[str, typer.Option("--lang", metavar="TAG", help="The buyer's language, as zh, ja, en or pt-BR.")],
    reason: ReasonOption = None,
    facts: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help=f"A fact of the text: {', '.join(name for name in FACTS if name != 'because')}.",
        ),
    ] = None,
) -> None:
    """Write a text for a buyer from the given facts, one that may be sent. Needs no folder, and sends nothing."""
    from gateway.policy.message_guard_templates import templates_of, write

    given: dict[str, str] = {}
    for each in facts or ():
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{each!r} is not of the form NAME=VALUE.", param_hint="--set")
        if name in given:
            raise typer.BadParameter(f"{name} is set twice.", param_hint="--set")
        given[name] = value
    text = write(platform, purpose, lang, given, reason=reason)
    session.show(Written(text, platform, purpose, templates_of(lang).language), lambda written: written.text)


def _text(file: str | None, text: str | None) -> str:
    if (file is None) is (text is None):
        raise typer.BadParameter("Give the text either in FILE (or - for standard input) or with --text.")
    if file is None:
        return text or ""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from None


def _verdict(checked: Checked) -> RenderableType:
    rows = [
        (
            ", ".join(each.rules),
            each.offset if each.words else "-",
            each.words or "(missing)",
            each.title,
            _advice(each),
        )
        for each in checked.findings
    ]
    columns = ("rules", "at", "words", "rule", "instead")
    return table("", columns, rows, empty="It may be sent: no rule of the platform is known to forbid it.")


def _advice(found: Finding) -> str:
    return f"{found.instead} For example: {found.write}" if found.write else found.instead
