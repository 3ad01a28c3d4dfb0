"""Passwords: argon2id, a length rule and a list of refused ones; checking takes the same time for nobody's name."""

from __future__ import annotations

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from lineshaft.core import BadInput, Fault, Words

SHORTEST, LONGEST = 12, 256
AT_ONCE = 2
_COMMON = """
123456 password 123456789 12345678 1234567890 12345 1234567 qwerty qwertyuiop qwerty123 qwerty12345 111111 000000
123123 abc123 abcd1234 abcdefg abcdefgh iloveyou admin admin123 administrator root toor letmein welcome welcome1 monkey
dragon sunshine princess football baseball superman batman master shadow michael jennifer trustno1 passw0rd p@ssw0rd
p@ssword password1 password12 password123 password1234 password12345 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc zaq12wsx
qazwsx qazwsxedc asdfgh asdfghjkl asdf1234 zxcvbn zxcvbnm 123qwe qwe123 qweasd qweasdzxc 1234qwer a123456 a12345678
a123456789 aa123456 aa123456789 woaini woaini1314 woaini520 5201314 520520 1314520 7758521 147258369 159357 987654321
88888888 66666666 112233 11223344 112233445566 121212 123321 123654 654321 666666 696969 777777 888888 999999 changeme
default guest test test123 testtest secret login hello hello123 freedom whatever starwars computer internet samsung
google lineshaft huawei xiaomi nihao woshishui mima mimamima guanliyuan chejian gongchang jihua shengchan
""".split()  # noqa: SIM905


def plain(password: str) -> str:
    """The form that is hashed: the same characters typed on another keyboard give the same text."""
    return unicodedata.normalize("NFKC", password)


def refused(password: str, name: str) -> Words | None:
    """Why a password will not do, or None."""
    text = plain(password)
    if len(text) < SHORTEST:
        return Words(f"has fewer than {SHORTEST} characters", f"少于 {SHORTEST} 个字符")
    if len(text) > LONGEST:
        return Words(f"has more than {LONGEST} characters", f"多于 {LONGEST} 个字符")
    folded = text.casefold()
    if len(set(folded)) < 5 or _is_common(folded) or folded in (name * 4) or "lineshaft" in folded:
        return Words("is easy to guess; choose another", "过于简单,请更换")
    return None


def _is_common(folded: str) -> bool:
    """True for a common password, alone, repeated or with digits and marks put round it."""
    core = folded.strip("0123456789!@#$%^&*?.-_+ ")
    return any(
        common in (folded, core) or folded == (common * (len(folded) // len(common) + 1))[: len(folded)]
        for common in _COMMON
    )


def check_rules(password: str, name: str) -> None:
    """Refuse a weak password.

    Raises
    ------
    BadInput
        Too short, too long, or easy to guess. The password itself is not repeated in the fault.
    """
    words = refused(password, name)
    if words is not None:
        raise BadInput([Fault("person", (name,), "password", None, "password", words)])


class Hasher:
    """Argon2id with today's parameters; few at once, since each takes 64 MiB."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._argon2 = hasher or PasswordHasher()
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = self.hash("no person has this password")

    def hash(self, password: str) -> str:
        """The stored form, with its own salt and parameters."""
        with self._places:
            return self._argon2.hash(plain(password))

    def check(self, password: str, stored: str | None) -> bool:
        """True when the password is the stored one; without one the same work is done in vain."""
        with self._places:
            try:
                self._argon2.verify(stored or self._nobody, plain(password)[: LONGEST + 1])
            except (Argon2Error, InvalidHashError):
                return False
        return stored is not None

    def is_old(self, stored: str) -> bool:
        """True when it was hashed with other parameters than today's."""
        return self._argon2.check_needs_rehash(stored)
