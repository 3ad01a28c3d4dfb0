"""Reasons as sentences: templates of an engine filled with the facts of a reason, durations as people say them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lineshaft.core.engine import Engine
from lineshaft.core.errors import Words
from lineshaft.core.result import Reason

OPTIONAL = re.compile(r"\[([^\[\]]*\{(\w+)\}[^\[\]]*)\]")


def reason_words(engine: Engine, reason: Reason) -> Words:
    """A reason as a sentence in both languages, made from its code and facts."""
    templates: Mapping[str, tuple[str, str]] = engine.load("words") or {}
    en, zh = templates.get(reason.code, (reason.code, reason.code))
    return Words(_filled(en, reason, "en"), _filled(zh, reason, "zh"))


def duration(minutes: float, language: str) -> str:
    """Minutes as people say them: 3 h 20 min, 2 d 4 h."""
    whole = round(minutes)
    days, rest = divmod(whole, 1_440)
    hours, mins = divmod(rest, 60)
    names = ("天", "小时", "分") if language == "zh" else ("d", "h", "min")
    parts = [(days, names[0]), (hours, names[1]), (mins, names[2])]
    said = [f"{number}\u202f{name}" for number, name in parts if number][:2]
    return " ".join(said) or f"0\u202f{names[2]}"


def _filled(template: str, reason: Reason, language: str) -> str:
    """A template with its facts; parts in square brackets go when their fact is zero or empty."""
    said = OPTIONAL.sub(lambda part: part[1] if reason.facts.get(part[2]) else "", template)
    return said.format(**_facts(reason, language))


def _facts(reason: Reason, language: str) -> dict[str, Any]:
    return {
        name: duration(value, language) if name.endswith("_min") else _plain(value)
        for name, value in reason.facts.items()
    }


def _plain(value: Any) -> Any:
    return value.strftime("%Y-%m-%d %H:%M") if hasattr(value, "strftime") else value
