"""What the CTSMA panel shows, as one typed value that is saved with the scene."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from CTSMALib.scene.aspects import ASPECTS, VALUE
from CTSMALib.scene.overlay import BONES_SHOWN, OVERLAYS
from CTSMALib.scene.plots import DISTRIBUTION, PLOTS
from CTSMALib.scene.result_nodes import LAYERS
from CTSMALib.scene.scan_kind import AUTO, SCANS
from CTSMALib.scene.state import NO_NODE, NodeId

SIDES = ("auto", "left", "right", "both")  # as the job of the analysis knows them
AS_STATED = 0  # voltage: that of the scan, or the usual one
VOLTAGES = (AS_STATED, 70, 80, 90, 100, 110, 120, 130, 135, 140, 150)  # kV, that scanners offer
MODULE = "CTSMA"  # whose parameter node holds the state


@dataclass(frozen=True)
class PanelState:
    """The state of the panel and of the views it drives.

    Attributes:
        ct: the chosen volume node, a CT or an MR.
        scan: which of them it is, of :data:`CTSMALib.scene.scan_kind.SCANS`.
        result: the result node of the knee that is shown.
        side: which knee to analyze, of :data:`SIDES`.
        quantity: catalogue key that colors patches, maps and bones.
        aspect: what colors say of it, of :data:`CTSMALib.scene.aspects.ASPECTS`.
        overlay: what lies over the CT in slice views, of :data:`CTSMALib.scene.overlay.OVERLAYS`.
        opacity: of the overlay, 0 to 1.
        layer: depth layer of the grid that bones and table show, 1 or 2.
        patch: label of the selected patch of the learning grid, 1 to 96; 0 for none.
        bones: which bones are shown, of :data:`CTSMALib.scene.overlay.BONES_SHOWN`.
        boxes: whether the outlines of the patches are shown in 3D.
        plot: what the plot shows, of :data:`CTSMALib.scene.plots.PLOTS`.
        other: the result of the other modality that this one is compared with.
        corrected: segmentation of bones to analyze the CT with.
        model: what estimates apparent parameters: the name of a model, "" for the one that comes with CTSMA, "none".
        structure: whether it estimates ``vcal_*`` too.
        kvp: tube voltage of a CT that does not state it, of :data:`VOLTAGES`.
    """

    ct: NodeId = NO_NODE
    result: NodeId = NO_NODE
    side: str = "auto"
    quantity: str = "ct_bvf"
    aspect: str = VALUE
    overlay: str = "patches"
    opacity: float = 0.6
    layer: int = 1
    patch: int = 0
    bones: str = "all"
    boxes: bool = True
    plot: str = DISTRIBUTION
    other: NodeId = NO_NODE
    corrected: NodeId = NO_NODE
    model: str = ""
    scan: str = AUTO
    kvp: int = AS_STATED
    structure: bool = False

    def valid(self) -> PanelState:
        """The state with the default in the place of every choice that does not exist, as in a damaged scene."""
        choices: dict[str, tuple[Any, ...]] = {
            "side": SIDES, "overlay": OVERLAYS, "bones": tuple(BONES_SHOWN), "layer": LAYERS, "aspect": ASPECTS,
            "plot": PLOTS, "scan": SCANS, "kvp": VOLTAGES,
        }  # fmt: skip
        wrong = {name for name, allowed in choices.items() if getattr(self, name) not in allowed}
        state = replace(self, **{name: getattr(PanelState(), name) for name in wrong})
        return replace(state, opacity=min(max(state.opacity, 0.0), 1.0), patch=max(state.patch, 0))
