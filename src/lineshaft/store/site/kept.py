"""Values worked out from tables, kept in memory by key."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
KEPT = 256


class Kept:
    """Values by key, the longest unused one dropped first. Safe to share between threads."""

    def __init__(self, most: int = KEPT) -> None:
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, made when it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                found: T = self._values[key]
                return found
        value = make()
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        return value
