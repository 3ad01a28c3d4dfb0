"""How soon a password would be guessed: out of how few known pieces it is made.

Lists of stolen passwords are full of a few hundred words and names, walks over the keyboard, dates, and repetitions,
strung together. A password that needs three such pieces or fewer falls to the first million guesses. A letter that
belongs to no piece counts as a piece itself.
"""

from __future__ import annotations

from functools import cache

LONGEST_WORD = 16
_ROWS = ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./")
_SHIFTED = str.maketrans('!@#$%^&*()_+{}:"<>?~', "1234567890-=[];',./`")
_AS_LETTERS = str.maketrans("@4301!$57|", "aaeoiisstl")
_WORDS = frozenset(
    """
password passwort passwd passw pass word motdepasse contrasena parola senha mypass secret geheim access login logon
admin administrator root user guest test tester testing demo default master manager system server computer internet
network windows linux oracle google yahoo hotmail gmail facebook twitter linkedin myspace microsoft apple samsung
nokia sony huawei xiaomi lenovo playstation nintendo xbox minecraft pokemon warcraft runescape counterstrike final
fantasy starcraft terminator matrix batman superman spiderman spider ironman wolverine naruto dragon dragonball ball
monkey tiger lion eagle falcon panther wolf horse elephant dolphin shark chicken rabbit hamster penguin butterfly
snoopy pikachu kitty hello world welcome letmein let me in open sesame change changeme whatever nothing something
everything forever always never love lover loves loveyou iloveyou ilove iloveu you my your hate like life live death
dead angel devil heaven hell god jesus christ christmas church bless blessed amen maria mary joseph david daniel
michael michelle jessica jennifer jordan justin bieber ashley amanda andrew anthony brandon charlie chris christian
christina elizabeth hannah montana james jasmine john jonathan joshua matthew melissa nicholas nicole patrick rachel
richard robert samantha sarah stephanie steven taylor thomas victoria william alexander alexandra andrea antonio
carlos francesco giovanni ivan sergey vladimir natasha princess prince queen king kingdom family mother father
brother sister baby boy girl babygirl friend friends best bestfriend sweet sweetheart honey sugar sexy beautiful
pretty handsome happy lucky smile sunshine sun shine sunflower flower rose rainbow star stars wars starwars moon
summer winter spring autumn monday friday sunday january february march april june july august september october
november december football soccer baseball basketball volleyball softball hockey tennis golf fishing swimming skate
liverpool chelsea arsenal manchester united barcelona realmadrid real madrid juventus yankees cowboys steelers
lakers raiders london newyork york paris berlin moscow america england canada mexico india china russia australia
california texas florida chicago boston germany italia france japan beijing shanghai music guitar rock metal punk
metallica slipknot eminem nirvana linkin park green day beatles harry potter twilight chocolate cookie cookies
candy coffee pepper cheese banana apple strawberry icecream cream cocacola coca cola pepsi money dollar power super
hero cool awesome perfect number one two three first last only black white blue red yellow purple orange silver
golden gold diamond crystal shadow dark darkness knight hunter killer assassin soldier warrior ninja samurai pirate
viking gangster thunder storm fire ice water ocean mustang ferrari porsche mercedes corvette yamaha honda toyota
harley davidson fuck fucking fucker fuckyou asshole bitch motherfucker shit bullshit pussy penis sexsex lol lmao
trustno trust freedom liberty victory winner champion success genius player hacker anonymous unknown private
business office company factory machine workshop schedule planner lineshaft abc abcd xyz qaz wsx edc rfv tgb qwe asd
zxc qazwsx wsxedc q1w2e3r4 q1w2e3 w2e3 a1b2c3 a1s2d3 1a2b3c 1a2s3d azerty qwertz zxcvbn woaini woai ni wo aini mima
nihao zhongguo beijing shanghai guangdong zhang wang li liu chen yang huang zhao zhou gong chang che jian ji hua
guan yuan sheng chan tianya taobao alibaba baidu qq weixin wechat laopo laogong baobao xiaoxiao tiantian dandan
""".split()  # noqa: SIM905
)


def pieces(password: str, known: tuple[str, ...] = ()) -> int:
    """The fewest known pieces and single characters that make up a password.

    Parameters
    ----------
    password
        As typed.
    known
        Further words an attacker would try: the person's name.
    """
    text = password.casefold()
    fewest = [0] + [len(text)] * len(text)
    for start in range(len(text)):
        ends = {start + 1, _walk_end(text, start), _tail_end(text, start)}
        ends |= _word_ends(text, start, known) | _copy_ends(text, start)
        for end in ends:
            fewest[end] = min(fewest[end], fewest[start] + 1)
    return fewest[-1]


def _word_ends(text: str, start: int, known: tuple[str, ...]) -> set[int]:
    ends = set()
    for end in range(start + 2, min(len(text), start + LONGEST_WORD) + 1):
        part = text[start:end]
        if part in _WORDS or part.translate(_AS_LETTERS) in _WORDS or part in known:
            ends.add(end)
    return ends


def _tail_end(text: str, start: int) -> int:
    """Up to eight digits and marks in a row: a year, a date, what is put at the end because a rule asks for it."""
    end = start
    while end < min(len(text), start + 8) and not text[end].isalpha():
        end += 1
    return max(end, start + 1)


def _walk_end(text: str, start: int) -> int:
    """A walk over neighbouring keys, or letters and digits that follow each other."""
    end = start + 1
    while end < len(text) and (
        _near(text[end - 1], text[end]) or abs(ord(text[end]) - ord(text[end - 1])) <= 1
    ):
        end += 1
    return end if end - start >= 3 else start + 1


def _copy_ends(text: str, start: int) -> set[int]:
    """What comes just before, whatever its length, once or several times more."""
    ends = set()
    for length in range(1, start + 1):
        unit, end = text[start - length : start], start
        while text.startswith(unit, end):
            end += length
            ends.add(end)
    return ends


@cache
def _near(left: str, right: str) -> bool:
    (row, column), (other_row, other_column) = _key(left), _key(right)
    down = other_row - row
    beside = other_column - column
    return (
        row >= 0
        and other_row >= 0
        and (
            (down == 0 and abs(beside) <= 1)
            or (down == 1 and beside in (-1, 0))
            or (down == -1 and beside in (0, 1))
        )
    )


@cache
def _key(character: str) -> tuple[int, int]:
    """Row and column on the keyboard, in key widths; digits stand one to the left, so that 1 is above q."""
    plain = character.translate(_SHIFTED)
    for row, keys in enumerate(_ROWS):
        if plain in keys:
            return row, keys.index(plain) - (row == 0)
    return -10, -10
