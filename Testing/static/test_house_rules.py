"""Sizes, docstrings, leftovers, and texts that must agree with each other."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import CTSMALib
from Testing.static.checks.each import for_each
from Testing.static.checks.sources import CORE, IN_SLICER, ROOT, parsed, relative

LONGEST_FILE = 500
LONGEST_FUNCTION = 60
FOLDERS = ("CTSMA", "Testing", "scripts", "docs", ".ci")
TEXT_FILES = (".py", ".md", ".sh", ".toml", ".txt", ".json", ".yml", ".html", ".css", ".j2", ".ui", ".cmake")

DOCUMENTED = sorted([*CORE.rglob("*.py"), *IN_SLICER])
SOURCES = sorted([*DOCUMENTED, *(ROOT / "Testing").rglob("*.py"), *(ROOT / "scripts").glob("*.py")])
TEXTS = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and path.suffix in TEXT_FILES and "__pycache__" not in path.parts
) + [path for path in ROOT.iterdir() if path.is_file() and path.suffix in (*TEXT_FILES, "") and path.name != "LICENSE"]
# Spelled in two parts, so that this file does not find itself.
LEFTOVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(wo" r"rk|ro" r"ot|home/\w+|Users/\w+)/")


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_files_and_functions_are_short() -> None:
    def check(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= LONGEST_FILE
        for function in functions(ast.parse(text)):
            assert (function.end_lineno or 0) - function.lineno < LONGEST_FUNCTION, function.name

    for_each(SOURCES, check)


def test_nothing_is_defined_after_a_module_has_run() -> None:
    """What follows ``if __name__ == "__main__"`` is not there yet where the module is run as a program."""

    def check(path: Path) -> None:
        begun = [isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in parsed(path).body]
        assert not any(begun[:-1]), "more follows"

    for_each(SOURCES, check)


def test_everything_public_has_a_docstring() -> None:
    def check(path: Path) -> None:
        tree = parsed(path)
        assert ast.get_docstring(tree) or not tree.body, "the module"
        for holder in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
            for node in holder.body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                    assert ast.get_docstring(node), node.name

    for_each(DOCUMENTED, check)


def test_no_leftovers_and_no_paths_of_one_machine() -> None:
    def check(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert not LEFTOVER.search(text), LEFTOVER.search(text)
        assert not MACHINE_PATH.search(text), MACHINE_PATH.search(text)

    for_each(TEXTS, check)


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert ROOT / project["tool"]["hatch"]["version"]["path"] == CORE / "__init__.py"
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest
    assert newest.group(1) == CTSMALib.__version__


def test_every_dependency_has_a_floor_and_a_pin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    needed = [*project["dependencies"], *(name for extra in optional.values() for name in extra)]
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
    pinned = {name.lower() for name in pins}
    for requirement in needed:
        name = re.match(r"[\w.-]+", requirement)
        assert name
        assert ">=" in requirement, requirement
        assert "==" not in requirement, requirement
        assert name.group().lower() in pinned, requirement


def test_the_readme_says_what_a_user_must_know() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for phrase in ("make demo", "make test", "ctsma analyze", "Research use only", "2307.04390", "Apache"):
        assert phrase in text, phrase


def test_links_of_the_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
            if "://" not in link and not link.startswith("mailto:"):
                assert (document.parent / link).exists(), f"{relative(document)} links to {link}"
