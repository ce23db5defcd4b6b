"""Asking before a registration is opened with scans that may not be its own."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from CTSMALib.scene.registration.opening import Loaded
from CTSMALib.scene.registration.same_scans import CT, MR, other_scans


def scans_accepted(loaded: Loaded, ct: Any, mr: Any) -> bool:
    """Whether volume nodes are the scans of a registration, or the user wants them all the same."""
    record = loaded[0]
    other = other_scans(record, ct, mr)
    if not other:
        return True
    words = {
        CT: (_("The CT '{chosen}' does not hold the same voxels as the CT that was registered, '{name}'."), ct),
        MR: (_("The MR '{chosen}' does not hold the same voxels as the MR that was registered, '{name}'."), mr),
    }
    names = {CT: record.fixed.name, MR: record.moving.name}
    told = [words[title][0].format(chosen=words[title][1].GetName(), name=names[title]) for title in other]
    question = _(
        "It may be another scan, or one that was changed; a DICOM series can also be read with other values here. "
        "Open the registration with it all the same?"
    )
    return bool(slicer.util.confirmOkCancelDisplay("\n\n".join((*told, question))))
