"""The toy engine made an installed one by a distribution of two small files."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lineshaft.core import engines

DIST_INFO = {
    "METADATA": "Metadata-Version: 2.1\nName: toy-cutting\nVersion: 1\n",
    "entry_points.txt": "[lineshaft.engines]\ntoy.cutting = contract.toy:ENGINE\n",
}


@contextlib.contextmanager
def toy_installed() -> Iterator[Path]:
    """A folder on the path with the toy's distribution in it, gone again afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        info = Path(folder) / "toy_cutting-1.dist-info"
        info.mkdir()
        for name, text in DIST_INFO.items():
            (info / name).write_text(text)
        sys.path.append(folder)
        engines.cache_clear()
        try:
            yield Path(folder)
        finally:
            sys.path.remove(folder)
            engines.cache_clear()
