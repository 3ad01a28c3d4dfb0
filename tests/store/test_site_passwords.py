"""Passwords: what may be one, how they are kept, and that nobody's name takes as long as somebody's."""

import threading

import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type
from sites import OTHER_PASSWORD, PASSWORD, Clock, new_site

from lineshaft.core import BadInput
from lineshaft.store.site.guessing import pieces
from lineshaft.store.site.passwords import AT_ONCE, LONGEST, Hasher
from lineshaft.store.site.schema import PERSON

GUESSED = [
    "password1234", "Password-2024!", "p@ssw0rd2025", "123456789012", "qwertyuiop123", "1qaz2wsx3edc", "zaq12wsxcde3",
    "qwerty123456", "1q2w3e4r5t6y", "aaaaaaaaaaaa", "abcabcabcabc", "abc123abc123", "abcdefghijkl", "iloveyou1314",
    "woaini5201314", "administrator", "Admin123Admin123", "lineshaft2026", "letmeinletmein", "dragonball99", "monkeymonkey1",
    "19871987198719", "asdfghjkl;12", "motherfucker", "minecraft123", "justinbieber", "planner-2026",
]  # fmt: skip
FINE = [
    PASSWORD,
    OTHER_PASSWORD,
    "correct horse battery staple",
    "我们车间的密码很长呢呢呢",
    "xK9#vQ2$mL5w",
    " leading and trailing ",
    "ЖирафЕстЛиству7",
    "aa bb" * 40 + "quit viper moss",
    "\t\x01\u200b odd signs are fine",
]


@pytest.fixture
def site(tmp_path):
    site = new_site(tmp_path / "site", Clock())
    yield site
    site.close()


def test_what_lists_of_stolen_passwords_are_full_of_is_refused(site):
    for password in GUESSED:
        with pytest.raises(BadInput) as refusal:
            site.people.add("planner", password, by="boss")
        assert password not in str(refusal.value.faults)


def test_any_signs_and_any_mixture_will_do(site):
    for n, password in enumerate(FINE):
        site.people.add(f"planner{n}", password, by="boss")
        assert site.people.check_password(f"planner{n}", password)


def test_length_rules(site):
    unguessable = "xK9#vQ2$mL5w"
    for wrong in ("", unguessable[:11], unguessable * 22):
        with pytest.raises(BadInput):
            site.people.add("planner", wrong, by="boss")
    site.people.add("planner", (unguessable + OTHER_PASSWORD * 20)[:LONGEST], by="boss")


def test_a_name_counts_as_known():
    assert pieces("krzysztof-krzysztof") > 3
    assert pieces("krzysztof-krzysztof", known=("krzysztof",)) <= 3


def test_more_passwords_can_be_refused_by_a_list(site):
    (site.folder / "refused.txt").write_text(f"something else\n{OTHER_PASSWORD}\n", encoding="utf-8")
    with pytest.raises(BadInput):
        site.people.set_password("boss", OTHER_PASSWORD, by="boss")
    site.people.set_password("boss", OTHER_PASSWORD + "!", by="boss")


@pytest.mark.parametrize(
    "near",
    [
        PASSWORD.lower(),
        PASSWORD.upper(),
        PASSWORD[:-1],
        PASSWORD + " ",
        " " + PASSWORD,
        PASSWORD.replace("a", "ａ"),
    ],
)
def test_a_password_is_compared_exactly_as_typed(site, near):
    assert site.people.check_password("boss", PASSWORD)
    assert not site.people.check_password("boss", near)


def test_a_long_password_is_not_cut(site):
    long = ("xK9#vQ2$mL5w" + "z" * LONGEST)[:LONGEST]
    site.people.set_password("boss", long, by="boss")
    assert site.people.check_password("boss", long)
    assert not site.people.check_password("boss", long[:-1])
    assert not site.people.check_password("boss", long + "z")
    assert not site.people.check_password("boss", long[:72])


def test_stored_passwords_are_argon2id_with_todays_parameters():
    hasher = Hasher()
    stored = hasher.hash(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert not hasher.is_old(stored)
    assert hasher.check(PASSWORD, stored)
    assert stored != hasher.hash(PASSWORD)


@pytest.mark.parametrize("old", [{"time_cost": 2}, {"memory_cost": 16}, {"type": Type.I}])
def test_a_password_hashed_with_other_parameters_is_hashed_again_when_used(site, old):
    weak = PasswordHasher(**{"time_cost": 1, "memory_cost": 8, "parallelism": 1} | old).hash(PASSWORD)
    site.database.write(lambda connection: connection.execute(PERSON.update().values(password=weak)))
    assert not site.people.check_password("boss", OTHER_PASSWORD)
    assert stored(site) == weak
    assert site.people.check_password("boss", PASSWORD)
    assert stored(site).startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert site.people.check_password("boss", PASSWORD)


def stored(site) -> str:
    with site.database.reading() as connection:
        return connection.execute(PERSON.select()).one().password


class Counting(PasswordHasher):
    """Counts the hashes that it computes."""

    def __init__(self):
        self.verified = 0
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)

    def verify(self, hash, password):
        self.verified += 1
        return super().verify(hash, password)


def test_nobodys_name_costs_as_much_work_as_somebodys(tmp_path):
    argon2 = Counting()
    site = new_site(tmp_path / "site", Clock())
    site.people._hasher = Hasher(argon2)
    site.people.add("linked", by="boss")
    site.people.add("gone", PASSWORD, by="boss")
    site.people.disable("gone", by="boss")
    for n, (name, password) in enumerate(
        [
            ("boss", "wrong"),
            ("nobody", "wrong"),
            ("linked", ""),
            ("gone", PASSWORD),
            ("<no name>", "x"),
            ("boss", "x" * 999),
        ],
        start=1,
    ):
        assert not site.people.check_password(name, password)
        assert argon2.verified == n
    site.close()


def test_a_stored_form_that_is_broken_opens_to_nobody(site):
    site.database.write(lambda connection: connection.execute(PERSON.update().values(password="broken")))
    assert not site.people.check_password("boss", PASSWORD)


class Waiting(PasswordHasher):
    """Tells how many are at work at once."""

    def __init__(self):
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.full = threading.Event()
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)

    def verify(self, hash, password):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now == AT_ONCE:
                self.full.set()
        assert self.full.wait(30)
        try:
            return super().verify(hash, password)
        finally:
            with self.lock:
                self.now -= 1


def test_no_more_than_a_few_hashes_take_memory_at_once():
    argon2 = Waiting()
    hasher = Hasher(argon2)
    threads = [threading.Thread(target=hasher.check, args=("x", None)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert argon2.most == AT_ONCE
