"""Static scripts as one text, for pages that must stand alone: modules joined in the order of their imports."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

IMPORT = re.compile(r'^import \{[^}]*\} from "(\./[\w./-]+)";\n', re.MULTILINE)


def static_text(name: str) -> str:
    """A file of `static/` as text."""
    return _static(name).read_text(encoding="utf-8")


def joined_script(name: str) -> str:
    """A module of `static/` and all that it imports as one script without imports and exports.

    The modules share one scope then: a name at the top of one may not be at the top of another.
    """
    texts: dict[str, str] = {}
    _gather(name, texts)
    return "\n".join(texts.values())


def _gather(name: str, texts: dict[str, str]) -> None:
    if name in texts:
        return
    source, folder = static_text(name), name.rpartition("/")[0]
    texts[name] = ""
    for path in IMPORT.findall(source):
        _gather("/".join(part for part in (folder, path.removeprefix("./")) if part), texts)
    del texts[name]
    texts[name] = re.sub(r"^export ", "", IMPORT.sub("", source), flags=re.MULTILINE)


def _static(name: str) -> Traversable:
    return files("lineshaft.faces.web").joinpath("static", *name.split("/"))
