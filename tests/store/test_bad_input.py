"""Every broken file is refused in both languages, by name of the place, and leaves the works as it was."""

import re
import sys

import pytest
from store.broken_files import CASES, right_book

from lineshaft.core import BadInput, LineshaftError
from lineshaft.store.eventlog import read_event_log
from lineshaft.store.importing import preview_import
from lineshaft.store.works import Works

NAMES = [case.name for case in CASES]


def test_there_are_enough_cases():
    assert len(CASES) >= 40
    assert len(set(NAMES)) == len(NAMES)


def test_the_shop_they_are_made_from_is_right(tmp_path):
    preview = preview_import(right_book(tmp_path))
    assert [fault.say("en") for fault in preview.faults] == []
    assert sum(map(len, preview.take().values())) == sum(preview.rows_read.values()) == 25


def take(case, path):
    return read_event_log(path) if case.layout == "log" else preview_import(path).take()


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_place_and_the_rule_are_named(case, tmp_path):
    path = case.make(tmp_path)
    with pytest.raises(BadInput) as refused:
        take(case, path)
    faults = [fault for fault in refused.value.faults if fault.rule == case.rule]
    assert faults, [(fault.rule, fault.say("en")) for fault in refused.value.faults]
    assert any(case.place in fault.say("en") for fault in faults), [fault.say("en") for fault in faults]
    for fault in refused.value.faults:
        assert re.search("[\u4e00-\u9fff]", fault.words.zh)
        assert re.search("[a-z]{2}", fault.words.en)


@pytest.fixture(scope="module")
def works(tmp_path_factory):
    folder = tmp_path_factory.mktemp("works")
    path = folder / "shop"
    frames = preview_import(right_book(folder)).take()
    with Works.create(path, "shop", "Asia/Shanghai") as made:
        made.write({name: frames[name] for name in ("customer", "item", "calendar")}, "test", "import")
    return path, state_of(path)


def state_of(path):
    with Works.open(path) as works:
        return works.root(), works.tables()


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_command_refuses_and_changes_nothing(case, works, tmp_path, monkeypatch, capsys):
    from lineshaft.faces.cli.main import main

    path, before = works
    source = case.make(tmp_path)
    arguments = ["lineshaft", "--lang", "en", "import", str(path), str(source), "--layout", case.layout]
    monkeypatch.setattr(sys, "argv", arguments)
    monkeypatch.setenv("LINESHAFT_LANG", "en")
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code not in (0, None)
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert said.out + said.err
    assert state_of(path) == before


def test_an_unknown_layout_is_refused(tmp_path):
    from lineshaft.store.layouts import read_layout

    with pytest.raises(LineshaftError) as refused:
        read_layout("no-such-layout", right_book(tmp_path))
    assert "no-such-layout" in refused.value.words.zh
