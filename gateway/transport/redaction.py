"""What never reaches a log: secrets, tokens, signatures, phones, query strings, bodies.

Two rules: values under known names are hidden whole, and in every other text what looks like a secret or a phone is
hidden. `configure_logging` applies them to structlog's events and the standard library's records alike;
`RedactingFilter` guards a logger of a library also where logging is configured by somebody else.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

HIDDEN = "***"

_SECRET_NAMES = re.compile(
    # secrets, tokens, signatures
    r"(x?(tts)?access|refresh|id|csrf)?token|session(key|id)?|sign|signature|(partner|push|sign|api|secret|private)key"
    r"|(app|client)?secret|password|passphrase|(proxy)?authorization|(set)?cookie|(auth|resend)?code|shopcipher"
    r"|credentials?"
    # persons
    r"|(recipient|receiver|buyer)?(phone|mobile|tel|telephone|fax)(number)?|email"
    r"|(recipient|receiver|buyer)(user)?name|buyeruserid|(full|detail|recipient|receiver|buyer)?address"
    r"|zipcode|postalcode|idcard|taxid"
)
# Values under these names are ours, or asked for by a platform's support: they keep their long digits and hex.
_PLAIN_NAMES = re.compile(
    "level|logger|timestamp|operation|store|order|order_id|case|request_id|milliseconds|status|error|error_code"
)
_PLAIN_SHAPE = re.compile(r"[\w .:/+-]{0,80}\Z")

_QUERY = re.compile(r"\?[A-Za-z_][\w.\-\[\]]*=[^\s\"'<>)\\]*")
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<name>\b[A-Za-z][A-Za-z_-]{2,40})(?P<between>[\"']?\s*[=:]\s*)(?P<value>b?\"[^\"]*\"|b?'[^']*'|[^\s,;&\"'(){}\[\]]+)"
)
_HEX = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{24,}(?![0-9A-Za-z])")
_LONG = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")
_DIGITS = re.compile(r"(?<![\w.])\+?\d(?:[ ()-]{0,2}\d){8,14}(?![\w])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(\D|\Z)")
_DEPTH = 6


def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.fullmatch(re.sub(r"[^a-z]", "", name.lower())) is not None


def _hide_named(found: re.Match[str]) -> str:
    return found["name"] + found["between"] + HIDDEN if _is_secret(found["name"]) else found[0]


def _hide_long(found: re.Match[str]) -> str:
    text = found[0]
    digits = any(letter.isdigit() for letter in text)
    mixed = any(letter.islower() for letter in text) and any(letter.isupper() for letter in text)
    words = any(separator in text for separator in "_/-")
    return HIDDEN if digits and (mixed or not words) else text


def _hide_digits(found: re.Match[str]) -> str:
    return found[0] if _DATE.match(found[0]) else HIDDEN


def redact_text(text: str) -> str:
    """Return ``text`` with query strings, secrets named in it, long tokens and phone-like numbers hidden."""
    text = _QUERY.sub("?" + HIDDEN, text)
    text = _BEARER.sub(r"\1 " + HIDDEN, text)
    text = _NAMED.sub(_hide_named, text)
    text = _HEX.sub(HIDDEN, text)
    text = _LONG.sub(_hide_long, text)
    return _DIGITS.sub(_hide_digits, text)


def redact(value: object, *, name: str = "", depth: int = 0) -> object:
    """Return ``value`` fit for a log; ``name`` is the key it stands under. Objects become their redacted text."""
    if (name and _is_secret(name)) or depth > _DEPTH:
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): redact(inner, name=str(key), depth=depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(inner, name=name, depth=depth + 1) for inner in value]
    return _redact_single(value, name)


def _redact_single(value: object, name: str) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    text = str(value)
    return text if _PLAIN_NAMES.fullmatch(name) and _PLAIN_SHAPE.match(text) else redact_text(text)


def redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Redact a structlog event. Stands right before the renderer, after exceptions were made text."""
    for key, value in event.items():
        event[key] = redact(value, name=key)
    return event


class RedactingFilter(logging.Filter):
    """Redacts records of the standard library: message, arguments and traceback become one redacted text."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact ``record`` in place and let it pass."""
        if isinstance(record.msg, str):  # else it is an event of structlog, which its own processor redacts
            record.msg = redact_text(record.getMessage())
            record.args = ()
        if record.exc_info and isinstance(record.msg, str):
            record.exc_text = redact_text(logging.Formatter().formatException(record.exc_info))
            record.msg = f"{record.msg}\n{record.exc_text}"
            record.exc_info = record.exc_text = None
        return True


def configure_logging(level: str = "info", *, json: bool = False, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library to ``stream`` (standard error), redacted, as text or JSON lines.

    The libraries under the HTTP client speak from `warning` on: they log addresses with their queries.
    """
    stream = stream or sys.stderr
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),  # when it was written: the machine's time on purpose
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact_event,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):  # an earlier call's; others' stay
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(threshold)
    for noisy in ("httpx", "httpcore", "aiohttp", "asyncio"):
        logging.getLogger(noisy).setLevel(max(threshold, logging.WARNING))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        cache_logger_on_first_use=False,
    )
