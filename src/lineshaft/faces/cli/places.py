"""Words of the command line that name a works: a folder, or the address of a PostgreSQL schema."""

from pathlib import Path

HELP = "folder of the works, or postgresql://…?schema=NAME / 工厂数据目录或 PostgreSQL 地址"


def place_of(word: str | Path) -> Path | str:
    """A path, unless the word is a URL."""
    return str(word) if "://" in str(word) else Path(word)
