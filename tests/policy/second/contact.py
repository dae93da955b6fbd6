"""Xiaohongshu's contact procedure (XHS-28..35, C4): three notices, six hours apart, the last after a day."""

from __future__ import annotations

from types import SimpleNamespace

from tests.policy.second.facts import HOUR


def procedure(f: SimpleNamespace) -> SimpleNamespace:
    """Return the forecast: when each notice was or will be sent, which comes next, and the completion."""
    now, sent = f.as_of, f.messages
    first = sent[0].at if sent else now
    second_due = first + 6 * HOUR
    second_sent = next((m.at for m in sent if m.at >= second_due), None)
    second = second_sent if second_sent is not None else max(now, second_due)
    final_due = max(first + 24 * HOUR, second + 6 * HOUR)
    final_sent = next((m.at for m in sent if m.at >= final_due and m.announced is not None), None)
    if second_sent is None:
        final_sent = None
    final = final_sent if final_sent is not None else max(now, final_due)
    ends = [m.announced for m in sent if m.announced is not None]
    if final_sent is None:
        ends.append(final + HOUR)
    following = None
    if not sent:
        following = ("first", now)
    elif second_sent is None:
        following = ("second_notice", second_due)
    elif final_sent is None:
        following = ("final_notice", final_due)
    complete = max(ends)
    return SimpleNamespace(complete=complete, following=following, done=final_sent is not None and complete <= now)
