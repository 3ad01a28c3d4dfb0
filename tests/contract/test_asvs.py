"""What is said of security holds: every requirement answered, every named test there, every number that of the code."""

import ast
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from lineshaft.faces.http import login
from lineshaft.store.site import ACTIONS, ROLES, links, passwords, sessions, tokens

ROOT = Path(__file__).parents[2]
ANSWERS = tomllib.loads((ROOT / "security" / "asvs.toml").read_text(encoding="utf-8"))
MODEL = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")
SOURCES = sorted((ROOT / "src" / "lineshaft").rglob("*.py"))
LEVEL_1 = """
1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2 3.5.3
4.1.1 4.4.1 5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1 6.4.2 7.2.1
7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 10.4.1 10.4.2 10.4.3 10.4.4 10.4.5 11.3.1
11.3.2 11.4.1 12.1.1 12.2.1 12.2.2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1
""".split()  # noqa: SIM905
COMMANDS = {"subprocess", "pty", "commands", "popen2"}
AS_CODE = {"eval", "exec", "compile", "__import__"}
UNSAFE = {"pickle", "cPickle", "cloudpickle", "marshal", "shelve", "dill", "yaml"}
CIPHERS = {"cryptography", "Crypto", "Cryptodome", "nacl", "ssl"}
HASHES = {"sha256", "sha384", "sha512", "sha3_256", "blake2b"}


def test_all_seventy_requirements_of_level_one_are_answered():
    assert len(LEVEL_1) == 70
    assert list(ANSWERS) == LEVEL_1


@pytest.mark.parametrize("number", LEVEL_1)
def test_each_answer_names_tests_or_a_reason(number):
    answer = ANSWERS[number]
    assert set(answer) <= {"what", "tests", "why", "left"}
    assert answer["what"]
    assert ("why" in answer) != bool(answer.get("tests"))
    for name in answer.get("tests", []):
        path, _, function = name.partition("::")
        assert function in functions_of(ROOT / path), f"{number}: {name} is not there"


def functions_of(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_threat_model_has_the_role_matrix_of_the_code():
    head, *rows = (
        [cell.strip() for cell in line.strip()[1:-1].split("|")]
        for line in MODEL.partition("## Who may do what")[2].partition("\n## ")[0].splitlines()
        if line.startswith("|") and not line.startswith("|-")
    )
    assert head[1:] == list(ACTIONS)
    told = {
        role: {action for action, cell in zip(head[1:], cells, strict=True) if cell} for role, *cells in rows
    }
    assert told == {role: set(actions) for role, actions in ROLES.items()}


def test_the_threat_model_says_the_numbers_of_the_code():
    def said(per: tuple[float, int], unit: str) -> str:
        rate_per_s, burst = per
        return f"{burst} at once and then one {unit if rate_per_s == 1 else f'in {1 / rate_per_s:.0f} s'}"

    told = [
        f"{passwords.SHORTEST} to {passwords.LONGEST} characters",
        f"fewer than {passwords.PIECES_LEAST} pieces",
        said(login.PER_PLACE, ""),
        said(login.PER_NAME, ""),
        said(login.PER_ADDRESS, "a second"),
        f"after {timedelta(seconds=sessions.IDLE_S).seconds // 3_600} h without use",
        f"after {sessions.ABSOLUTE_S // 86_400} days",
        f"at most {tokens.LONGEST.days} days",
        f"{links.LASTS_S // 60} minutes, once, from this machine only",
        "within 7 days when critical or high",
    ]
    assert [one for one in told if one not in MODEL] == []


def calls_and_imports(source: Path):
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "import") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", "import"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, "call"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            yield f"{owner}.{node.func.attr}", "call"


def test_no_source_runs_commands_or_text_as_code():
    wrong = [
        (source.name, name)
        for source in SOURCES
        for name, kind in calls_and_imports(source)
        if (kind == "import" and name.split(".")[0] in COMMANDS | UNSAFE)
        or (
            kind == "call" and (name in AS_CODE or re.fullmatch(r"os\.(system|popen|exec\w*|spawn\w*)", name))
        )
    ]
    assert len(SOURCES) > 100
    assert wrong == []


def test_no_source_encrypts_and_hashes_are_approved():
    wrong = [
        (source.name, name)
        for source in SOURCES
        for name, kind in calls_and_imports(source)
        if (kind == "import" and name.split(".")[0] in CIPHERS)
        or (kind == "call" and name.startswith("hashlib.") and name.partition(".")[2] not in HASHES)
    ]
    assert wrong == []


def test_every_dependency_is_pinned_with_its_hash():
    for lock in ("run.lock", "dev.lock"):
        entries = re.split(r"\n(?=\S)", (ROOT / "requirements" / lock).read_text(encoding="utf-8").strip())
        parts = [entry for entry in entries if not entry.startswith(("#", "-"))]
        assert len(parts) > 30
        assert [entry for entry in parts if "==" not in entry or "--hash=sha256:" not in entry] == []
