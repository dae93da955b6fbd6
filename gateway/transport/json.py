"""JSON with exact numbers: whole numbers are `int`, all others `Decimal`; never a float."""

from __future__ import annotations

import re
from decimal import Decimal

import jiter
import orjson

from gateway.errors import DataError

_POSITION = re.compile(r"at line (\d+) column (\d+)")
# Where none of these holds, the digits before a point and behind it are 15 together at most.
_MANY_DIGITS = re.compile(rb"\.(?:(?<=[0-9]{14}\.)[0-9]|(?<=[0-9]{10}\.)[0-9]{3}|(?<=[0-9]{4}\.)[0-9]{7}|[0-9]{13})")
_NEGATIVE_EXPONENT = re.compile(rb"-(?<=[0-9][eE]-)[0-9]")


def decode(body: bytes) -> object:
    """Return the value in ``body``. Raises DataError naming the place, never the content."""
    try:
        return jiter.from_json(
            body, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True, float_mode="decimal"
        )
    except ValueError as error:
        raise DataError(_explain(body, str(error))) from None


def exact_as_doubles(body: bytes) -> bool:
    """Return whether a reader that makes doubles of the fractions in ``body`` loses nothing of those below 10**15.

    It loses nothing of a number of at most 15 significant digits: no two of those have the same nearest double (IEEE
    754 binary64; C's DBL_DIG), and the shortest decimal that names a double is what it is read back as. So the answer
    is False where a number has a point and may have more digits, or is written with a negative exponent, by which
    more digits could hide or a number round to zero. Whole numbers without an exponent are never made doubles.

    Text counts as if it were numbers, so False is no verdict about them: read such a body with `decode`.
    """
    return not (_MANY_DIGITS.search(body) or _NEGATIVE_EXPONENT.search(body))


def _explain(body: bytes, problem: str) -> str:
    place = _POSITION.search(problem)
    where = f"at line {place[1]} column {place[2]} of {len(body)} bytes" if place else f"in {len(body)} bytes"
    start = body[:64].lstrip()
    if not start:
        what = "the body is empty"
    elif start.startswith(b"<"):
        what = "it is HTML or XML, perhaps from a proxy or a gate before the platform"
    elif "EOF" in problem:
        what = "it ends too early"
    elif "uplicate" in problem:
        what = "a key stands twice in one object"
    elif not _is_utf8(body):
        what = "it is not good UTF-8"
    else:
        what = "it is malformed"
    return f"the body is not the JSON expected: {what}, {where}."


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _exact(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError("NaN and infinities have no JSON form")
        return orjson.Fragment(str(value).encode())
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def encode(value: object) -> bytes:
    """Return ``value`` as compact JSON; a Decimal becomes a number with all its digits.

    Raises DataError for what JSON cannot hold (NaN, a type without a form, whole numbers beyond 64 bits).
    """
    try:
        return orjson.dumps(value, default=_exact, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except orjson.JSONEncodeError as error:
        raise DataError(f"cannot be written as JSON: {error.__cause__ or error}") from None
