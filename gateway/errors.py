"""The error tree. The class of an error says what the caller should do; its text says what, why and what next.

::

    GatewayError
    ├── ConfigurationError        fix the named file and field, then start again
    ├── PlatformError             the platform answered "no"; asking the same again will not help
    │   ├── Refused               the platform's rules or the order's state forbid it: read the order anew
    │   ├── InvalidRequest        our request was malformed: a fault of ours, report it
    │   ├── NotFound              no such thing for this store
    │   └── Conflict              another act got there first: read the order anew and decide again
    ├── AuthError                 the credential does not work
    │   ├── TokenExpired          refresh once and repeat
    │   ├── StoreDisconnected     a person must authorise the store again
    │   └── MissingScope          the app lacks a permission
    ├── RateLimited               wait ``retry_after`` seconds, then repeat: nothing was applied
    ├── Unavailable               no usable answer
    │   ├── NotSent               the request never left: repeating is safe
    │   │   └── ClockStandsStill  ... once the simulator's clock goes on
    │   └── OutcomeUnknown        it may have been applied: probe before anything else
    ├── PolicyError               our own rules say no
    │   ├── NotAllowed            with the rules that forbid it
    │   ├── NoRuleKnown           no rule in force: ask a person
    │   ├── NeedsApproval         a person must agree first
    │   └── NeedsEvidence         evidence is missing
    └── DataError                 what arrived cannot be used as it is: keep it, tell, go on
        ├── BadSignature
        ├── StaleEvent
        └── UnmappedStatus
"""

from __future__ import annotations


class GatewayError(Exception):
    """Every error this project raises on purpose. The text never holds a secret or personal data."""


class ConfigurationError(GatewayError):
    """The configuration, a key or the database is not usable; the text names file, line, field and fix."""


class PlatformError(GatewayError):
    """The platform refused a call. ``code`` is its own word, ``request_id`` what its support asks for."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id


class Refused(PlatformError):
    """The platform's rules or the state of the order forbid the call."""


class InvalidRequest(PlatformError):
    """The platform calls our request malformed."""


class NotFound(PlatformError):
    """The platform knows no such order, request or page for this store."""


class Conflict(PlatformError):
    """The thing changed under us; read it anew before deciding again."""


class AuthError(GatewayError):
    """The platform does not accept our credential. ``code`` is the platform's own word."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id


class TokenExpired(AuthError):
    """The access token is no longer good; a refresh may help, once."""


class StoreDisconnected(AuthError):
    """The store's authorisation is gone; a person must connect it again."""


class MissingScope(AuthError):
    """The app or the store may not call this interface."""


class RateLimited(GatewayError):
    """Too many calls. Nothing was applied; repeat after ``retry_after`` seconds (None: the platform did not say)."""

    def __init__(self, message: str, *, retry_after: int | None = None, code: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.code = code


class Unavailable(GatewayError):
    """The platform gave no usable answer."""


class NotSent(Unavailable):
    """The request provably never left this machine, so nothing happened on the platform."""


class ClockStandsStill(NotSent):
    """A call waits for time to pass, and the clock that is followed stands still: nothing but its next jump helps."""


class OutcomeUnknown(Unavailable):
    """The request may have been applied: only the platform's state can tell."""


class PolicyError(GatewayError):
    """Our own rules stop the act."""


class NotAllowed(PolicyError):
    """The rules in force, the store's mode or a stop forbid it; ``citations`` are rule ids."""

    def __init__(self, message: str, *, citations: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.citations = citations


class NoRuleKnown(PolicyError):
    """No rule is known for this fact at this instant; a person must look."""


class NeedsApproval(PolicyError):
    """A person must agree before the effect; ``reasons`` say why."""

    def __init__(self, message: str, *, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.reasons = reasons


class NeedsEvidence(PolicyError):
    """Evidence of the named kinds must be on file first."""


class DataError(GatewayError):
    """What arrived cannot be used as it is. It is kept and shown, and everything else goes on."""


class BadSignature(DataError):
    """A message does not carry the signature the platform would give it."""


class StaleEvent(DataError):
    """A message is older than what is already known."""


class UnmappedStatus(DataError):
    """A platform word nobody has mapped yet."""
