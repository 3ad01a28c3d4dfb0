"""Runs the command line in this process."""

import contextlib
import io
import json
import sys
from unittest import mock

from lineshaft.faces.cli.main import main


class Answer:
    """Exit code and what was printed."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


def lineshaft(*words, lang="en"):
    """Exit code, output and errors of `lineshaft WORDS`."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["lineshaft", *map(str, words)]),
        mock.patch.dict("os.environ", {"LINESHAFT_LANG": lang}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
    return Answer(code, out.getvalue(), err.getvalue())
