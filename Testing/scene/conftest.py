"""Scenes, and results of the bundled CT stored and taken in several ways."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from CTSMALib.analysis.folder import write_folder
from CTSMALib.analysis.pipeline import analyze_scan
from CTSMALib.scene.add_result import add_result
from CTSMALib.scene.coloring import color_by
from CTSMALib.scene.headless import new_scene
from CTSMALib.scene.result_nodes import ResultNodes
from CTSMALib.scene.views import add_views
from CTSMALib.volumes.identity import image_sha256
from CTSMALib.volumes.scan import InputIdentity, Scan, ScanHeader
from Testing.core.anatomy import knee_variants

VARIANTS: dict[str, Callable[[sitk.Image], sitk.Image]] = {
    "plain": lambda image: image,
    "mirrored": knee_variants.mirrored,
    "oblique": knee_variants.obliquely_stored,
    "anisotropic": knee_variants.resampled,
}


@pytest.fixture(scope="session")
def analyzed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, sitk.Image]]:
    """Name of a variant to its result folder and its CT; analyzed when first asked for."""
    done: dict[str, tuple[Path, sitk.Image]] = {}

    def folder_of(name: str) -> tuple[Path, sitk.Image]:
        if name not in done:
            image = VARIANTS[name](knee_variants.sample_ct())
            identity = InputIdentity(f"{name}.nii.gz", "NIfTI", image_sha256(image))
            folder = tmp_path_factory.mktemp(name)
            write_folder(analyze_scan(Scan(image, ScanHeader(), identity, ()))[0], folder)
            done[name] = (folder, image)
        return done[name]

    return folder_of


@pytest.fixture()
def a_scene() -> Any:
    """An empty scene with Slicer's ordinary views."""
    scene = new_scene()
    add_views(scene)
    return scene


@pytest.fixture()
def a_result(a_scene: Any, analyzed: Callable[[str], tuple[Path, sitk.Image]]) -> ResultNodes:
    """The result of the bundled CT in a scene, colored."""
    result = add_result(a_scene, analyzed("plain")[0])
    color_by(result, "ct_bvf")
    return result
