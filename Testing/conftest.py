"""Results of the bundled CT, stored and taken in several ways, for tests of what happens to a result afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import SimpleITK as sitk

    Analyzed = Callable[[str], tuple[Path, sitk.Image]]

VARIANTS = ("plain", "mirrored", "oblique", "anisotropic")


@pytest.fixture(scope="session")
def analyzed(tmp_path_factory: pytest.TempPathFactory) -> Analyzed:
    """Name of a variant to its result folder and its CT; analyzed when first asked for. Do not write into it."""
    done: dict[str, tuple[Path, sitk.Image]] = {}

    def folder_of(name: str) -> tuple[Path, sitk.Image]:
        if name not in done:
            done[name] = _analyze(name, tmp_path_factory.mktemp(name))
        return done[name]

    return folder_of


def _analyze(name: str, folder: Path) -> tuple[Path, sitk.Image]:
    from CTSMALib.analysis.folder import write_folder
    from CTSMALib.analysis.pipeline import analyze_scan
    from CTSMALib.volumes.identity import image_sha256
    from CTSMALib.volumes.scan import InputIdentity, Scan, ScanHeader
    from Testing.core.anatomy import knee_variants

    change = {
        "plain": lambda image: image,
        "mirrored": knee_variants.mirrored,
        "oblique": knee_variants.obliquely_stored,
        "anisotropic": knee_variants.resampled,
    }[name]
    image = change(knee_variants.sample_ct())
    identity = InputIdentity(f"{name}.nii.gz", "NIfTI", image_sha256(image))
    write_folder(analyze_scan(Scan(image, ScanHeader(), identity, ()))[0], folder)
    return folder, image
