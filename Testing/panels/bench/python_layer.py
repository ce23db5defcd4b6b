"""Slicer's own Python modules that no wheel brings: translation, packaging, sample data."""

from __future__ import annotations

import importlib.metadata
import inspect
import sys
import tomllib
import types
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from Testing.panels.bench import facts, scripted_module


class Recorder:
    """Calls that a real Slicer would act on: (function, arguments by name)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def of(self, function: str) -> list[dict[str, Any]]:
        """The arguments of all calls of a function."""
        return [arguments for name, arguments in self.calls if name == function]


def translate(context: str, text: str) -> str:
    """Texts stay as they are."""
    if not (isinstance(context, str) and isinstance(text, str)):
        raise TypeError(f"translate takes two texts, not {context!r} and {text!r}.")
    return text


def tr(text: str) -> str:
    """Texts stay as they are."""
    return translate("", text)


def load_requirements(path: Any) -> list[Requirement]:
    """The requirements in a text file."""
    lines = [line.split(" #")[0].strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def load_pyproject_dependencies(path: Any) -> list[Requirement]:
    """The requirements of a project file."""
    project = tomllib.loads(Path(path).read_text(encoding="utf-8"))["project"]
    return [Requirement(line) for line in project.get("dependencies", [])]


def pip_check(req: Any, _seen: Any = None) -> bool:
    """Whether requirements are met, by name and version."""
    for one in req if isinstance(req, list | tuple) else [req]:
        requirement = one if isinstance(one, Requirement) else Requirement(one)
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            return False
        if not requirement.specifier.contains(version, prereleases=True):
            return False
    return True


def _recorded(recorder: Recorder, module: str, name: str, result: Any = None) -> Any:
    """A function with the real one's arguments that only notes its call."""
    signature = facts.python_signature(module, name)

    def function(*arguments: Any, **keywords: Any) -> Any:
        recorder.calls.append((name, dict(signature.bind(*arguments, **keywords).arguments)))
        return result

    function.__signature__ = signature
    return function


def _module(name: str, **names: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(names)
    sys.modules[name] = module
    return module


def install_python_layer(slicer: Any, recorder: Recorder) -> None:
    """Make ``slicer.i18n``, ``slicer.packaging`` and ``SampleData`` importable."""
    slicer.ScriptedLoadableModule = sys.modules["slicer.ScriptedLoadableModule"] = scripted_module
    slicer.i18n = _module("slicer.i18n", tr=tr, translate=translate)
    own = {f.__name__: f for f in (load_requirements, load_pyproject_dependencies, pip_check)}
    noted = {name: _recorded(recorder, "slicer.packaging", name) for name in ("pip_ensure", "pip_install")}
    noted["pip_uninstall"] = _recorded(recorder, "slicer.packaging", "pip_uninstall")
    noted["isPipInstallInProgress"] = lambda: False
    slicer.packaging = _module("slicer.packaging", **own, **noted)
    for name in ("pip_install", "pip_uninstall", "selectModule"):
        setattr(slicer.util, name, _recorded(recorder, "slicer.util", name))
    _module("SampleData", SampleDataLogic=_sample_data_logic(recorder))


def _sample_data_logic(recorder: Recorder) -> type:
    names = "category sampleName uris fileNames nodeNames customDownloader thumbnailFileName loadFileTypes loadFiles "
    names += "loadFileProperties checksums"
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(name, kind, default=None) for name in names.split()])

    def register(*arguments: Any, **keywords: Any) -> None:
        given = dict(signature.bind(*arguments, **keywords).arguments)
        lists = [given.get(name) for name in ("uris", "fileNames", "nodeNames", "checksums")]
        if len({len(value) if isinstance(value, list | tuple) else 1 for value in lists if value}) > 1:
            raise ValueError(f"{given['sampleName']}: as many names and checksums as addresses are needed.")
        recorder.calls.append(("registerCustomSampleDataSource", given))

    return type("SampleDataLogic", (), {"registerCustomSampleDataSource": staticmethod(register)})
