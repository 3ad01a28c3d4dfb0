"""Requests that may come twice: the answer is noted in the transaction of the effect, so that a retry acts no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from lineshaft.store.system import ONCE

T = TypeVar("T")


def once(connection: sa.Connection, request: str, act: Callable[[], T]) -> tuple[T, bool]:
    """The answer (a JSON value) to a request, and whether it was acted on just now; "" is always a new request."""
    if request:
        noted = connection.execute(sa.select(ONCE.c.answer).where(ONCE.c.request == request)).scalar()
        if noted is not None:
            answer: T = json.loads(noted)
            return answer, False
    answer = act()
    if request:
        connection.execute(ONCE.insert(), {"request": request, "answer": json.dumps(answer)})
    return answer, True
