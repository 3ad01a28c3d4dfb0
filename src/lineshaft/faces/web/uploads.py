"""Files that people have sent and not yet decided on: kept beside the site for a day, under names nobody can guess."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from lineshaft.core import BadInput, Fault, Missing, Words
from lineshaft.store.sheets import KINDS

DAY_S = 86_400
MOST_BYTES = 100 << 20
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass
class Upload:
    """A file that waits; `fixes` are cells that its sender has mended on the page."""

    upload_id: str
    works: str
    person: str
    name: str
    mode: Literal["upsert", "replace"]
    fixes: dict[str, str] = field(default_factory=dict)


class Uploads:
    """The waiting files of a site."""

    def __init__(self, site: Path) -> None:
        self._folder = site / "waiting"

    def keep(self, works: str, person: str, name: str, content: BinaryIO, mode: str) -> Upload:
        """Take a file in.

        Raises
        ------
        BadInput
            Not a kind that can be read, or over 100 MB.
        """
        self._forget_old()
        name = re.sub(r"[^\w. ()+-]", "_", Path(name.replace("\\", "/")).name)[-120:] or "file"
        if Path(name).suffix.lower() not in KINDS:
            words = Words(f"is not read; known: {', '.join(KINDS)}", f"不支持此格式;支持:{'、'.join(KINDS)}")
            raise BadInput([Fault(name, (), "", None, "unknown_format", words)])
        upload = Upload(
            secrets.token_hex(16), works, person, name, "replace" if mode == "replace" else "upsert"
        )
        place = self._folder / upload.upload_id
        place.mkdir(parents=True, mode=0o700)
        with (place / name).open("wb") as target:
            shutil.copyfileobj(content, target, 1 << 20)
        if (place / name).stat().st_size > MOST_BYTES:
            shutil.rmtree(place)
            words = Words("is over 100 MB", "超过 100 MB")
            raise BadInput([Fault(name, (), "", None, "too_large", words)])
        self.note(upload)
        return upload

    def find(self, works: str, person: str, upload_id: str) -> Upload:
        """The person's own file.

        Raises
        ------
        Missing
            None of that name, or it was decided on.
        """
        place = self._folder / upload_id / "upload.json"
        if _ID.fullmatch(upload_id) and place.is_file():
            upload = Upload(**json.loads(place.read_text(encoding="utf-8")))
            if (upload.works, upload.person) == (works, person):
                return upload
        raise Missing(
            "This file was imported or dropped already; send it again.", "该文件已导入或已取消,请重新上传。"
        )

    def file(self, upload: Upload) -> Path:
        """Where the file is."""
        return self._folder / upload.upload_id / upload.name

    def note(self, upload: Upload, fixes: Mapping[str, str] | None = None) -> None:
        """Write down what is known of it, and further mended cells."""
        upload.fixes |= fixes or {}
        text = json.dumps(asdict(upload), ensure_ascii=False)
        (self._folder / upload.upload_id / "upload.json").write_text(text, encoding="utf-8")

    def drop(self, upload: Upload) -> None:
        """Forget it."""
        shutil.rmtree(self._folder / upload.upload_id, ignore_errors=True)

    def _forget_old(self) -> None:
        if self._folder.is_dir():
            for place in self._folder.iterdir():
                if place.stat().st_mtime < time.time() - DAY_S:
                    shutil.rmtree(place, ignore_errors=True)
