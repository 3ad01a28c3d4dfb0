"""Requests that may come twice: the answer is noted in the transaction of the effect, so that a retry acts no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from lineshaft.store.system import ONCE

T = TypeVar("T")


def once(connection: sa.Connection, request: str, act: Callable[[], T]) -> tuple[T, bool]:
    """The answer (a JSON value) to a request, and whether it was acted on just now; "" is always a new request."""
    noted: T | None = answered(connection, request)
    if noted is not None:
        return noted, False
    answer = act()
    if request:
        connection.execute(ONCE.insert(), {"request": request, "answer": json.dumps(answer)})
    return answer, True


def answered(connection: sa.Connection, request: str) -> Any:
    """The answer that a request got, None for one that was not acted on."""
    noted = connection.execute(sa.select(ONCE.c.answer).where(ONCE.c.request == request)).scalar()
    return None if noted is None else json.loads(noted)
