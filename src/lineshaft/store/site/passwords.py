"""Passwords: argon2id, a length rule, refusal of those soon guessed; checking takes as long for nobody's name.

A password is hashed exactly as typed: nothing is cut off, and no character is forbidden or demanded.
"""

from __future__ import annotations

import threading
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from lineshaft.core import BadInput, Fault, Words
from lineshaft.store.site.guessing import pieces

SHORTEST, LONGEST = 12, 256
PIECES_LEAST = 4
AT_ONCE = 2
TOO_SHORT = Words(f"has fewer than {SHORTEST} characters", f"少于 {SHORTEST} 个字符")
TOO_LONG = Words(f"has more than {LONGEST} characters", f"多于 {LONGEST} 个字符")
TOO_PLAIN = Words(
    "is easy to guess: known words, names, dates, repetitions or neighbouring keys; take four or more unrelated words",
    "过于容易猜中(常见词、姓名、日期、重复或相邻按键);请换用多个不相干的词",
)


class Rules:
    """Which passwords may be set.

    Parameters
    ----------
    refused : Path
        A file with one further refused password a line (a published list of stolen ones); it may be absent.
    """

    def __init__(self, refused: Path) -> None:
        self._refused = refused

    def check(self, password: str, name: str) -> None:
        """Refuse a weak password.

        Raises
        ------
        BadInput
            Too short, too long, or easy to guess. The password itself is not repeated in the fault.
        """
        words = self._fault(password, name)
        if words is not None:
            raise BadInput([Fault("person", (name,), "password", None, "password", words)])

    def _fault(self, password: str, name: str) -> Words | None:
        if len(password) < SHORTEST:
            return TOO_SHORT
        if len(password) > LONGEST:
            return TOO_LONG
        if pieces(password, known=(name.casefold(),)) < PIECES_LEAST or self._is_listed(password):
            return TOO_PLAIN
        return None

    def _is_listed(self, password: str) -> bool:
        if not self._refused.is_file():
            return False
        with self._refused.open(encoding="utf-8", errors="replace") as lines:
            return any(line.rstrip("\r\n") == password for line in lines)


class Hasher:
    """Argon2id; two at once, since each takes 64 MiB.

    Parameters
    ----------
    argon2 : PasswordHasher, optional
        The parameters; by default those that argon2-cffi recommends today.
    """

    def __init__(self, argon2: PasswordHasher | None = None) -> None:
        self._argon2 = argon2 or PasswordHasher()
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = self._argon2.hash("no person has this password")

    def hash(self, password: str) -> str:
        """The stored form, with its own salt and parameters."""
        with self._places:
            return self._argon2.hash(password)

    def check(self, password: str, stored: str | None) -> bool:
        """True when the password is the stored one; without one the same work is done in vain."""
        possible = stored if len(password) <= LONGEST else None
        with self._places:
            try:
                self._argon2.verify(possible or self._nobody, password if possible else "")
            except (Argon2Error, InvalidHashError):
                return False
        return possible is not None

    def is_old(self, stored: str) -> bool:
        """True when it was hashed with other parameters than today's."""
        return self._argon2.check_needs_rehash(stored)
