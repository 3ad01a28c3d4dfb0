"""What stands in the left rail: the works' own pages, and one entry for each wing that has an engine."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.core import Engine, Words
from lineshaft.faces.web import urls
from lineshaft.faces.web.islands import boards_of

WINGS = {
    "design": Words("Design", "设计"),
    "make": Words("Make", "制造"),
    "operate": Words("Operate", "运维"),
    "chain": Words("Chain", "供应链"),
    "carbon": Words("Carbon", "碳管理"),
    "finance": Words("Finance", "金融"),
    "assess": Words("Assess", "评估"),
}
OTHER = Words("More", "其他")


@dataclass(frozen=True)
class Entry:
    """One entry of the rail; `part` names the pages on which it is lit."""

    part: str
    icon: str
    words: Words
    address: str


def entries(works: str, engines: list[Engine], *, whole: bool, admin: bool) -> list[Entry]:
    """The rail of a works; who sees part of the rows has no engines and runs."""
    found = [
        Entry("home", "home", Words("Home", "首页"), urls.home(works)),
        Entry("tables", "table", Words("Data", "数据"), f"/w/{works}/tables"),
    ]
    if whole:
        for wing in dict.fromkeys(wing_of(engine) for engine in engines):
            own = [engine for engine in engines if wing_of(engine) == wing]
            target = urls.engine(works, own[0].name) if len(own) == 1 else f"/w/{works}/wings/{wing}"
            found.append(Entry(wing, wing, WINGS.get(wing, OTHER), target))
        found += [
            Entry(f"board:{engine.name}", island.icon, island.words, f"/w/{works}/boards/{engine.name}")
            for engine, island in boards_of(engines)
        ]
        found.append(Entry("runs", "runs", Words("Runs", "方案"), f"/w/{works}/runs"))
    if admin:
        found.append(Entry("people", "people", Words("People", "用户"), "/people"))
    return found


def wing_of(engine: Engine) -> str:
    """The wing of an engine: the first part of its name, or "other"."""
    wing = engine.name.partition(".")[0]
    return wing if wing in WINGS else "other"
