"""Results of the bundled CT, stored and taken in several ways, for tests of what happens to a result afterwards.

It also says how tests are distributed, see ``distribution.py``.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from Testing.made_once import made_once, shared_folder

if TYPE_CHECKING:
    import SimpleITK as sitk

    Analyzed = Callable[[str], tuple[Path, sitk.Image]]

VARIANTS = ("plain", "mirrored", "oblique", "anisotropic")


@pytest.fixture(scope="session")
def analyzed(tmp_path_factory: pytest.TempPathFactory) -> Analyzed:
    """Name of a variant to its result folder and its CT; analyzed when first asked for, by one process for all.

    Do not write into it.
    """
    done: dict[str, tuple[Path, sitk.Image]] = {}

    def folder_of(name: str) -> tuple[Path, sitk.Image]:
        if name not in done:
            folder = shared_folder(tmp_path_factory) / f"analyzed-{name}"
            done[name] = made_once(folder, lambda partial: _analyze(name, partial)), _image(name)
        return done[name]

    return folder_of


def _image(name: str) -> sitk.Image:
    from Testing.core.anatomy import knee_variants

    change = {
        "plain": lambda image: image,
        "mirrored": knee_variants.mirrored,
        "oblique": knee_variants.obliquely_stored,
        "anisotropic": knee_variants.resampled,
    }[name]
    return change(knee_variants.sample_ct())


def _analyze(name: str, folder: Path) -> None:
    from CTSMALib.analysis.folder import write_folder
    from CTSMALib.analysis.pipeline import analyze_scan
    from CTSMALib.volumes.identity import image_sha256
    from CTSMALib.volumes.scan import InputIdentity, Scan, ScanHeader

    image = _image(name)
    identity = InputIdentity(f"{name}.nii.gz", "NIfTI", image_sha256(image))
    write_folder(analyze_scan(Scan(image, ScanHeader(), identity, ()))[0], folder)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Take the place of ``--dist loadfile``."""
    from Testing.distribution import Distribution

    return Distribution(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """What was imported stays: the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long ones first, where several processes share them."""
    if hasattr(config, "workerinput"):
        from Testing.distribution import rank

        items.sort(key=lambda item: rank(item.nodeid))
