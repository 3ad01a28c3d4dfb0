"""What can go wrong, said in Chinese and English to the person who can put it right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Words(NamedTuple):
    """The same sentence in both languages of the house."""

    en: str
    zh: str

    def say(self, language: str) -> str:
        """The sentence in `language` ("zh" or "en")."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Fault:
    """One thing wrong with one place of the input.

    Parameters
    ----------
    table, key, column
        Where: table name, primary key of the row (empty for the whole table), column (empty for the whole row).
    value
        What stands there.
    rule
        Short code of the rule that is broken, for machines: ``min``, ``ref``, ``missing_column``, ``bom_cycle`` …
    words
        What is wrong and what to do, in both languages, without the place (`say` puts the place in front).
    source
        The file, sheet and cell it was read from, where it came from a file.
    """

    table: str
    key: tuple[Any, ...]
    column: str
    value: Any
    rule: str
    words: Words
    source: str = ""

    def say(self, language: str) -> str:
        """One line: where, what, and what to do."""
        place = [self.table]
        if self.key:
            place.append(" ".join(str(part) for part in self.key))
        if self.column:
            place.append(self.column)
        where = " / ".join(place) + (f" ({self.source})" if self.source else "")
        colon = ":" if language == "zh" else ": "
        return f"{where}{colon}{self.words.say(language)}"

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and the API."""
        return {
            "table": self.table,
            "key": [str(part) for part in self.key],
            "column": self.column,
            "value": None if self.value is None else str(self.value),
            "rule": self.rule,
            "en": self.words.en,
            "zh": self.words.zh,
            "source": self.source,
        }


class LineshaftError(Exception):
    """Something a user can put right; faces print `words` and never a traceback.

    `exit_code` is what the command line returns.
    """

    exit_code = 2

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.words = Words(en, zh)

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross processes whole, whatever their constructors take."""
        return _again, (type(self), self.args, self.__dict__)


class BadInput(LineshaftError):
    """The input breaks rules; `faults` names each place."""

    exit_code = 3

    def __init__(self, faults: list[Fault]) -> None:
        many = len(faults)
        super().__init__(
            f"{many} fault{'s' if many != 1 else ''} in the input; nothing was changed.",
            f"输入有 {many} 处错误,未作任何更改。",
        )
        self.faults = faults


class Missing(LineshaftError):
    """What was asked for is not there (works, table, run, engine, file)."""

    exit_code = 4


class Refused(LineshaftError):
    """The state does not allow it: inputs changed since, already accepted, later accept on top."""

    exit_code = 5


class NotAllowed(LineshaftError):
    """The caller may not do this."""

    exit_code = 6


def _again(kind: type[LineshaftError], args: tuple[Any, ...], held: dict[str, Any]) -> LineshaftError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(held)
    return error
