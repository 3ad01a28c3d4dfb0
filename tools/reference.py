"""Writes docs/reference/*.md from the code: tables with units and labels, engines, commands. Run by `make docs`."""

import contextlib
import io
from pathlib import Path

from typer.main import get_command

from lineshaft.core import engines, find_engine
from lineshaft.core.params import describe
from lineshaft.faces.cli.main import app
from lineshaft.tables import TABLES

OUT = Path(__file__).parent.parent / "docs" / "reference"


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "tables.md").write_text(tables_page(), encoding="utf-8")
    (OUT / "engines.md").write_text(engines_page(), encoding="utf-8")
    (OUT / "command-line.md").write_text(commands_page(), encoding="utf-8")


def tables_page() -> str:
    lines = ["# Tables / 数据表", "", "Times are stored as UTC. A star marks the primary key."]
    for name, schema in TABLES.items():
        lines += ["", f"## {name} · {schema.title[1]}", "", " ".join((schema.__doc__ or "").split()), ""]
        lines += [
            "| column | label | 名称 | type | unit | range | refers to |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [column_row(column, rule) for column, rule in schema.columns().items()]
    return "\n".join(lines) + "\n"


def column_row(name: str, rule) -> str:
    about = rule.metadata or {}
    low, high = getattr(rule, "min", None), getattr(rule, "max", None)
    bounds = (
        ""
        if low is None and high is None
        else f"{'' if low is None else low} … {'' if high is None else high}"
    )
    kind = type(rule).__name__ + (" (optional)" if rule.nullable else "")
    key = "\\*" if rule.primary_key else ""
    cells = [
        f"`{name}`{key}",
        rule.description or "",
        about.get("zh", ""),
        kind,
        about.get("unit", ""),
        bounds,
    ]
    return "| " + " | ".join([*map(str, cells), about.get("ref", "").partition("@")[0]]) + " |"


def engines_page() -> str:
    lines = ["# Engines / 功能"]
    for name in engines():
        engine = find_engine(name)
        lines += ["", f"## {name} v{engine.version} · {engine.title[0]} · {engine.title[1]}", ""]
        lines += [
            "Reads: " + members(engine.load("inputs")),
            "",
            "Proposes: " + members(engine.load("outputs")),
            "",
        ]
        lines += ["| parameter | meaning | 含义 | default | unit |", "|---|---|---|---|---|"]
        lines += [
            f"| `{p['name']}` | {p['en']} | {p['zh']} | {'' if p['default'] is None else p['default']} | {p['unit']} |"
            for p in describe(engine.load("params"))
        ]
        lines += ["", "| reason | words | 说明 |", "|---|---|---|"]
        lines += [
            f"| `{code}` | {en} | {zh} |" for code, (en, zh) in sorted((engine.load("words") or {}).items())
        ]
        lines += ["", "Sources: " + "; ".join(engine.sources)]
    return "\n".join(lines) + "\n"


def members(collection) -> str:
    return ", ".join(
        f"`{name}`" + (" (optional)" if info.is_optional else "")
        for name, info in collection.members().items()
    )


def commands_page() -> str:
    lines = ["# Command line / 命令行"]
    group = get_command(app)
    for name in group.commands:
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            group.main([name, "--help"], prog_name="lineshaft", standalone_mode=True)
        lines += ["", f"## {name}", "", "```text", text.getvalue().rstrip(), "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
