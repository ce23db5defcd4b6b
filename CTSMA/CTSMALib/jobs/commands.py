"""Command lines that start workers, and the environment they run in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import CTSMALib
from CTSMALib.jobs.arguments.values import NO_MODEL
from CTSMALib.jobs.request import (
    AUTO,
    PAPERS,
    AnalyzeMRRequest,
    AnalyzeRequest,
    ExportRequest,
    MorphometryRequest,
    RegisterRequest,
    SynthesizeRequest,
)

if TYPE_CHECKING:
    from CTSMALib.jobs.diagnose import DiagnoseRequest
    from CTSMALib.jobs.dicom_export import DicomRequest

# -P: a file in the current folder must not be taken for a package.
WORKER_ENTRY = ("-P", "-m", "CTSMALib.jobs", "--attached")
SLICER_PYTHON = "PythonSlicer"
THREAD_VARIABLES = (  # of PyTorch and NumPy, of ITK
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)  # fmt: skip


def worker_program(executable: str | None = None) -> str:
    """The Python that runs workers.

    Inside 3D Slicer the running program is the application, and its Python is ``PythonSlicer``.

    Args:
        executable: the running program; ``None`` takes :data:`sys.executable`.
    """
    running = Path(sys.executable if executable is None else executable)
    if "python" in running.name.lower():
        return str(running)
    beside = [running.parent, running.parent.parent / "bin"]
    found = shutil.which(SLICER_PYTHON) or shutil.which(SLICER_PYTHON, path=os.pathsep.join(map(str, beside)))
    return found or SLICER_PYTHON


def worker_command(
    arguments: Sequence[str], program: str | None = None, entry: Sequence[str] = WORKER_ENTRY
) -> list[str]:
    """The command line of a worker.

    Args:
        arguments: the job and its arguments, from :func:`analyze_arguments`, :func:`report_arguments`,
            :func:`morphometry_arguments`, :func:`register_arguments` or :func:`synthesize_arguments`.
        program: the Python to use; :func:`worker_program` if left out.
        entry: what that Python is to run.
    """
    return [program or worker_program(), *entry, *arguments]


def worker_environment(base: Mapping[str, str] | None = None, threads: int = 0) -> dict[str, str]:
    """The environment of a worker: that of this process, in which this very CTSMALib is found first.

    Args:
        base: the environment of this process; :data:`os.environ` if left out.
        threads: of the libraries that compute; 0 leaves that to them.
    """
    environment = dict(os.environ if base is None else base)
    paths = [str(Path(CTSMALib.__file__).resolve().parents[1]), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    environment["PYTHONUNBUFFERED"] = "1"
    environment["PYTHONIOENCODING"] = "utf-8"
    return environment | (dict.fromkeys(THREAD_VARIABLES, str(threads)) if threads > 0 else {})


def analyze_arguments(request: AnalyzeRequest) -> list[str]:
    """The arguments of the job ``analyze``, or ``analyze-mr``, that stand for ``request``.

    Raises:
        ValueError: the request asks for no report format, which no argument can say.
    """
    job = "analyze-mr" if isinstance(request, AnalyzeMRRequest) else "analyze"
    arguments = [job, _path(request.input_path), *_to(request), "--side", request.side]
    if request.series is not None:
        arguments.append(f"--series={request.series}")
    if request.header_from is not None:
        arguments += ["--header-from", _path(request.header_from)]
    if request.name:
        arguments.append(f"--name={request.name}")
    if request.labels is not None:
        arguments += ["--labels", _path(request.labels)]
    if request.diagnosis is not None:
        order = request.diagnosis
        arguments += ["--diagnose"] if order.model is None else ["--diagnosis-model", _path(order.model)]
        arguments += [] if order.aggregator is None else ["--aggregator", order.aggregator]
        arguments += ["--research"] if order.research else []
    if isinstance(request, AnalyzeMRRequest):
        arguments += [] if request.bones == AUTO else ["--bones", request.bones]
        return arguments if request.bone_model is None else [*arguments, "--bone-model", _path(request.bone_model)]
    arguments += [] if request.kvp is None else ["--kvp", f"{request.kvp:g}"]
    if not request.apparent:
        return [*arguments, f"--model={NO_MODEL}"]
    arguments += ["--vcal"] if request.structure else []
    return arguments if request.model is None else [*arguments, "--model", _path(request.model)]


def report_arguments(request: ExportRequest) -> list[str]:
    """The arguments of the ``report`` job that stand for ``request``.

    Raises:
        ValueError: the request asks for no report format, which no argument can say.
    """
    return ["report", _path(request.result), *_to(request)]


def morphometry_arguments(request: MorphometryRequest) -> list[str]:
    """The arguments of the ``morphometry`` job that stand for ``request``."""
    arguments = ["morphometry", _path(request.image), "--out", _path(request.out), "--kind", request.kind]
    if request.mask is not None:
        arguments += ["--mask", _path(request.mask)]
    levels = {"bone": request.bone, "marrow": request.marrow, "threshold": request.threshold}
    arguments += [f"--{name}={level!r}" for name, level in levels.items() if level is not None]
    if request.names:
        arguments.append("--labels=" + ",".join(f"{name}={label}" for name, label in request.names))
    flags = {"--no-denoise": not request.denoise, "--no-maps": not request.maps, "--overwrite": request.overwrite}
    return arguments + [flag for flag, on in flags.items() if on]


def register_arguments(request: RegisterRequest) -> list[str]:
    """The arguments of the ``register`` job that stand for ``request``."""
    arguments = ["register", _path(request.ct), _path(request.mr), "--out", _path(request.out), "--side", request.side]
    paths = (("--labels", request.labels), ("--initial", request.initial), ("--model", request.model))
    for option, path in paths:
        arguments += [option, _path(path)] if path is not None else []
    texts = {"from-stage": request.from_stage, "ct-series": request.ct_series, "mr-series": request.mr_series}
    arguments += [f"--{name}={text}" for name, text in texts.items() if text]
    arguments += [f"--engine={request.engine}", f"--with={request.guide}"]
    arguments += [f"--bones={','.join(request.bones)}"] if request.bones else []
    flags = {"--local": request.local, "--no-images": not request.images, "--overwrite": request.overwrite}
    return arguments + [flag for flag, on in flags.items() if on]


def synthesize_arguments(request: SynthesizeRequest) -> list[str]:
    """The arguments of the ``synthesize`` job that stand for ``request``."""
    arguments = ["synthesize", _path(request.mr), "--out", _path(request.out)]
    if request.model is not None:
        arguments += ["--model", _path(request.model)]
    if request.series is not None:
        arguments.append(f"--series={request.series}")
    return arguments + (["--overwrite"] if request.overwrite else [])


def diagnose_arguments(request: DiagnoseRequest) -> list[str]:
    """The arguments of ``ctsma diagnose`` that stand for ``request``."""
    arguments = ["diagnose", _path(request.result)]
    if request.model is not None:
        arguments += ["--model", _path(request.model)]
    if request.aggregator is not None:
        arguments += ["--aggregator", request.aggregator]
    return arguments + (["--research"] if request.research else [])


def dicom_arguments(request: DicomRequest, preview: bool = False) -> list[str]:
    """The arguments of the ``dicom`` job, or of ``dicom-preview``, that stand for ``request``."""
    arguments = ["dicom-preview" if preview else "dicom", _path(request.result), "--series", _path(request.series)]
    arguments += ["--out", _path(request.out), f"--only={','.join(request.kinds)}"]
    flags = {"--pseudonymise": request.pseudonymise, "--overwrite": request.overwrite}
    return arguments + _of_paper(request.paper) + [flag for flag, on in flags.items() if on]


def output_of(arguments: Sequence[str]) -> Path | None:
    """The folder that a job with these arguments writes to, if it writes to one."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == "--out" and following:
            return Path(following)
        if word.startswith("--out="):
            return Path(word.removeprefix("--out="))
    return None


def _to(request: AnalyzeRequest | ExportRequest) -> list[str]:
    if not request.formats:
        raise ValueError("at least one report format is needed")
    flags = {"--pseudonymise": request.pseudonymise, "--overwrite": request.overwrite}
    wanted = [flag for flag, on in flags.items() if on]
    return ["--out", _path(request.out), "--format", ",".join(request.formats), *_of_paper(request.paper), *wanted]


def _of_paper(paper: str) -> list[str]:
    return [] if paper == PAPERS[0] else [f"--paper={paper}"]


def _path(path: Path) -> str:
    """``path`` in a form that is never taken for an option."""
    return str(path) if path.is_absolute() else os.path.join(".", path)
