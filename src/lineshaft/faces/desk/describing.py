"""What engines and tables are, as plain dictionaries: for the command line, the API, agents and pages alike."""

from __future__ import annotations

from typing import Any

import dataframely as dy

from lineshaft.core import Engine
from lineshaft.core.frames import references
from lineshaft.core.params import describe as describe_params
from lineshaft.core.solve import table_name


def describe_engine(engine: Engine) -> dict[str, Any]:
    """Name, version, titles, tables read and proposed, parameters and sources."""
    return {
        "name": engine.name,
        "version": engine.version,
        "en": engine.title[0],
        "zh": engine.title[1],
        "inputs": describe_members(engine.load("inputs")),
        "outputs": describe_members(engine.load("outputs")),
        "params": [
            {**parameter, "type": parameter["type"].__name__}
            for parameter in describe_params(engine.load("params"))
        ],
        "views": list(engine.views),
        "sources": list(engine.sources),
    }


def describe_members(collection: type[dy.Collection]) -> list[dict[str, Any]]:
    """The tables of a collection by member."""
    return [
        {
            "member": member,
            "required": not info.is_optional,
            **describe_table(table_name(info.schema), info.schema),
        }
        for member, info in collection.members().items()
    ]


def describe_table(name: str, schema: type[dy.Schema]) -> dict[str, Any]:
    """Titles and columns of a table."""
    en, zh = title_of(name, schema)
    target = {
        column: {"table": reference.target, "columns": list(reference.columns)}
        for reference in references(schema)
        for column in reference.columns
    }
    return {
        "table": name,
        "en": en,
        "zh": zh,
        "columns": [
            {
                "name": column,
                "type": str(rule.dtype),
                "key": rule.primary_key,
                "required": not rule.nullable,
                "unit": (rule.metadata or {}).get("unit", ""),
                "en": rule.description or column,
                "zh": (rule.metadata or {}).get("zh", column),
                "ref": (rule.metadata or {}).get("ref", ""),
                "refers": target.get(column),
                "choices": (rule.metadata or {}).get("choices_zh", {}),
            }
            for column, rule in schema.columns().items()
        ],
    }


def title_of(name: str, schema: type[dy.Schema]) -> tuple[str, str]:
    """A table's titles (English, Chinese)."""
    return getattr(schema, "title", (name, name))
