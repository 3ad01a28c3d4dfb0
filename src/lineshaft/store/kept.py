"""Values that take long to make, kept in memory by key."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
MOST = 256


class Kept:
    """Values by key, the longest unused one dropped first; threads that want the same one wait while one makes it."""

    def __init__(self, most: int = MOST) -> None:
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._most = most
        self._lock = threading.Lock()

    def peek(self, key: Hashable) -> Any:
        """The value of `key`, None when it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, made when it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                found: T = self._values[key]
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    value: T = self._values[key]
                    return value
            try:
                made = make()
            except BaseException:
                with self._lock:
                    self._making.pop(key, None)
                raise
            with self._lock:
                self._values[key] = made
                self._making.pop(key, None)
                if len(self._values) > self._most:
                    self._values.popitem(last=False)
        return made
