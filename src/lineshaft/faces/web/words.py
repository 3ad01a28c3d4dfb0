"""How a page speaks to one reader: both languages at the place of use, times in the works' zone, people's units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from lineshaft.core import Words
from lineshaft.faces.saying import duration
from lineshaft.store.units import unit_label

THIN = "\u202f"
_UTC = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})(?::00)?Z")
WEEKDAYS = Words("Mon Tue Wed Thu Fri Sat Sun", "周一 周二 周三 周四 周五 周六 周日")


@dataclass(frozen=True)
class Speech:
    """Words, numbers and times for a reader of `language` ("zh" or "en") in the works' time zone."""

    language: str
    zone: str = "UTC"

    def t(self, en: str, zh: str) -> str:
        """The one of the two that the reader reads."""
        return zh if self.language == "zh" else en

    def say(self, words: Words | tuple[str, str]) -> str:
        """A pair of words (English, Chinese)."""
        return self.t(*words)

    def count(self, many: int, en: str, zh: str, en_many: str = "") -> str:
        """A number of things: 1 row, 3 rows, 3 行."""
        noun = self.t(en if many == 1 else en_many or f"{en}s", zh)
        return f"{many:,}{self.t(' ', THIN)}{noun}"

    def moment(self, at: datetime | None, *, seconds: bool = False) -> str:
        """A point in time, local: 2026-03-05 14:30."""
        if at is None:
            return ""
        local = at.astimezone(ZoneInfo(self.zone))
        return local.strftime("%Y-%m-%d %H:%M:%S" if seconds or local.second else "%Y-%m-%d %H:%M")

    def local(self, text: str) -> str:
        """A sentence whose UTC times (2026-03-05 06:30Z) are turned into local ones."""
        return _UTC.sub(lambda hit: self.moment(datetime.fromisoformat(f"{hit[1]}T{hit[2]}+00:00")), text)

    def short(self, at: datetime | None) -> str:
        """A point in time, shortest form that is plain: 03-05 14:30, with the year where it is another."""
        if at is None:
            return ""
        local = at.astimezone(ZoneInfo(self.zone))
        return local.strftime("%m-%d %H:%M" if local.year == self.today().year else "%Y-%m-%d")

    def day(self, at: datetime | date) -> str:
        """A day with its weekday: 2026-03-05 Thu."""
        local = at.astimezone(ZoneInfo(self.zone)) if isinstance(at, datetime) else at
        return f"{local:%Y-%m-%d} {self.say(WEEKDAYS).split()[local.weekday()]}"

    def today(self) -> date:
        """The present day at the works."""
        return datetime.now(ZoneInfo(self.zone)).date()

    def ago(self, at: datetime) -> str:
        """How long ago, as people say it."""
        past = datetime.now(at.tzinfo) - at
        if past < timedelta(minutes=1):
            return self.t("just now", "刚刚")
        said = duration(past.total_seconds() / 60, self.language)
        return self.t(f"{said.split(' ')[0]} ago", f"{said.split(' ')[0]}前")

    def duration(self, minutes: float) -> str:
        """Minutes as people say them."""
        return duration(minutes, self.language)

    def seconds(self, spent: float) -> str:
        """A short time spent: 0.4 s, 12 s, 3 min."""
        if spent >= 120:
            return self.duration(spent / 60)
        return f"{spent:.1f}{THIN}{self.unit('s')}" if spent < 10 else f"{spent:.0f}{THIN}{self.unit('s')}"

    def number(self, value: float, unit: str = "") -> str:
        """A number with separators between thousands, and its unit after a thin space."""
        digits = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1_000 else f"{value:,.2f}"
        label = self.unit(unit)
        return f"{digits}{THIN}{label}" if label else digits

    def percent(self, share: float) -> str:
        """A share of one."""
        return f"{100 * share:.1f}{THIN}%"

    def unit(self, unit: str) -> str:
        """A unit's sign or name; nothing for a bare number."""
        return unit_label(unit, self.language)


def language_of(cookies: Mapping[str, str], accepted: str) -> str:
    """ "zh" or "en": what the reader chose, else the browser's first language; Chinese when it says nothing else."""
    chosen = cookies.get("ls_lang", "")
    if chosen in ("zh", "en"):
        return chosen
    first = accepted.split(",")[0].strip().lower()
    return "en" if first and not first.startswith(("zh", "*")) else "zh"
