"""Files that people have sent and not yet decided on: kept beside the site for a day."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from lineshaft.core import BadInput, Fault, Missing, Words
from lineshaft.store.blobs import write_whole
from lineshaft.store.sheets import KINDS
from lineshaft.store.state import Mode

ABOUT = "about.json"
KEPT_S = 86_400
NAME_MAX = 60
PIECE = 1 << 20


@dataclass(frozen=True)
class Upload:
    """A file that somebody sent for one works; `fixes` are cells that its sender has mended, by address."""

    upload_id: str
    name: str
    works: str
    who: str
    mode: Mode = "upsert"
    fixes: dict[str, str] = field(default_factory=dict)


class Uploads:
    """Files by id; the same file of the same person for the same works has the same id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, content: BinaryIO, works: str, who: str, mode: Mode = "upsert") -> Upload:
        """Keep a file; those older than a day go.

        Raises
        ------
        BadInput
            A kind of file that is not read.
        """
        name = _plain_name(name)
        if Path(name).suffix.lower() not in KINDS:
            kinds = ", ".join(sorted(KINDS))
            words = Words(f"files of these kinds are read: {kinds}", f"可读取的文件类型:{kinds}")
            raise BadInput([Fault(name, (), "", None, "file_kind", words)])
        self._clear()
        total = hashlib.sha256(json.dumps([name, works, who]).encode())
        while piece := content.read(PIECE):
            total.update(piece)
        content.seek(0)
        upload = Upload(total.hexdigest()[:32], name, works, who, mode)
        place = self._folder / upload.upload_id
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
            shutil.copyfileobj(content, file)
        os.replace(file.name, place / name)
        return self._note(upload)

    def find(self, upload_id: str, works: str, who: str) -> Upload:
        """A file that this person sent for this works.

        Raises
        ------
        Missing
            There is none, it was decided on, or it is older than a day.
        """
        place = self._folder / upload_id
        if re.fullmatch(r"[0-9a-f]{32}", upload_id) and (place / ABOUT).is_file() and not _is_old(place):
            upload = Upload(**json.loads((place / ABOUT).read_text(encoding="utf-8")))
            if (upload.works, upload.who) == (works, who):
                return upload
        raise Missing("The file is no longer here; send it again.", "文件已不在此处,请重新上传。")

    def path(self, upload: Upload) -> Path:
        """Where the file is."""
        return self._folder / upload.upload_id / upload.name

    def mend(self, upload: Upload, fixes: Mapping[str, str]) -> Upload:
        """The same file with further mended cells."""
        return self._note(replace(upload, fixes={**upload.fixes, **fixes}))

    def drop(self, upload: Upload) -> None:
        """Forget it."""
        shutil.rmtree(self._folder / upload.upload_id, ignore_errors=True)

    def _note(self, upload: Upload) -> Upload:
        place = self._folder / upload.upload_id
        write_whole(place / ABOUT, json.dumps(asdict(upload), ensure_ascii=False).encode())
        os.utime(place)
        return upload

    def _clear(self) -> None:
        for place in self._folder.glob("*"):
            if _is_old(place):
                shutil.rmtree(place, ignore_errors=True)


def _plain_name(name: str) -> str:
    """The last part of a file's name, without anything that means something to a file system."""
    last = re.split(r"[/\\]", name)[-1]
    clean = re.sub(r"[\x00-\x1f\x7f:*?\"<>|]", "_", last).strip(" .")
    stem, suffix = os.path.splitext(clean)
    return (stem[:NAME_MAX] or "file") + suffix[:20]


def _is_old(place: Path) -> bool:
    return place.stat().st_mtime < time.time() - KEPT_S
