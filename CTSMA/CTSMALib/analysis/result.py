"""What an analysis found: the typed content of ``analysis.json`` and of the tables beside it.

Nothing here reads or writes; see :mod:`CTSMALib.analysis.folder`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from CTSMALib.anatomy.patch import Patch
from CTSMALib.notices import Notice
from CTSMALib.volumes.scan import InputIdentity, ScanHeader

# 1.1: MR, uncertainties and flags of patches; 1.2: what outlined the bones of an MR; 1.3: features of patches
SCHEMA_VERSION = "1.3"
CT_ROLE, MR_ROLE = SCAN_ROLES = ("ct", "mr")


@dataclass(frozen=True)
class ImageFacts:
    """Geometry and measured quality of the scan.

    ``psf_fwhm_*`` is the estimated full width at half maximum of the point spread function;
    ``None`` where it could not be estimated.
    """

    size_voxels: tuple[int, int, int]  # x, y, z of the image as stored
    spacing_mm: tuple[float, float, float]
    analyzed_size_voxels: tuple[int, int, int]  # the crop around the knee
    psf_fwhm_inplane_mm: float | None
    psf_fwhm_through_plane_mm: float | None
    noise_sd_hu: float | None
    resolves_trabeculae: bool
    resolution_statement: str


@dataclass(frozen=True)
class SideFinding:
    """Which knee it is and how that was told."""

    side: str  # "left", "right" or "unknown"
    evidence: str  # for example "fibula", "other leg", "header", "user"
    header_side: str  # what the header says: "left", "right" or ""
    agrees_with_header: bool | None  # None where the header is silent


@dataclass(frozen=True)
class BoneFinding:
    """One bone as found.

    ``volume_ml`` is that of the part of the bone which the label map of the result shows: in the analyzed region of the
    scan, so that the volume of a bone that goes on depends on where the scan ends.
    ``cut_by_image`` says whether it reaches the edge of the image within 30 mm of the joint (the patella: anywhere).
    ``frame_*`` are those of :class:`~CTSMALib.anatomy.frame.JointFrame`, ``None`` where no frame was fitted.
    """

    name: str
    label: int
    snomed: str
    volume_ml: float
    cut_by_image: bool
    frame_origin_lps_mm: tuple[float, float, float] | None = None
    frame_axes: tuple[tuple[float, float, float], ...] | None = None
    frame_mirrored: bool | None = None


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation and number of patches of one quantity in one compartment.

    ``n`` counts places instead, where both patches of a place show the same plate; ``sd`` is 0 for a single value.
    """

    mean: float
    sd: float
    n: int


@dataclass(frozen=True)
class CompartmentFinding:
    """One compartment: reported, or refused with the reason.

    ``values`` maps catalogue keys to their summaries over the valid patches of the learning grid.
    """

    key: str
    title: str
    reported: bool
    reason: str  # why it is refused or incomplete; empty otherwise
    patches_valid: int
    patches_total: int
    values: dict[str, Summary] = field(default_factory=dict)


@dataclass(frozen=True)
class PatchMeasurement:
    """A patch and its values by catalogue key; a quantity that could not be measured is absent.

    ``uncertainties`` holds standard uncertainties of values where they are known, ``flags`` what speaks against the
    image of the patch (keys of :data:`CTSMALib.morphometry.apparent.quality.FLAGS`), ``features`` what a student sees
    beside, see :mod:`CTSMALib.student.summary`; empty where none is asked for.
    """

    patch: Patch
    values: dict[str, float] = field(default_factory=dict)
    uncertainties: dict[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    features: tuple[float, ...] = ()


@dataclass(frozen=True)
class Exclusion:
    """A patch that a reader does not want to count, and the record of that."""

    patch: str  # its id
    reason: str
    who: str
    when: str  # ISO 8601, UTC


@dataclass(frozen=True)
class ParameterMap:
    """A parameter volume of the result folder and how it was made."""

    key: str  # catalogue key
    file: str  # relative to the result folder
    method: str  # "per voxel", "interpolated patches" or "dense head"


@dataclass(frozen=True)
class KneeAnalysis:
    """Everything a panel or a report shows about one knee."""

    software_version: str
    created: str  # ISO 8601, UTC
    method: str  # how patches were measured: "direct CT measurement", or by which recipe on an MR
    model_sha256: str  # empty where no model was used
    identity: InputIdentity
    header: ScanHeader
    image: ImageFacts
    side: SideFinding
    bones: tuple[BoneFinding, ...]
    references_hu: dict[str, float]  # tissue references of a CT: "marrow", "cortical", "muscle", "fat"
    scan_values: dict[str, float]  # catalogue keys with scope "scan"
    compartments: tuple[CompartmentFinding, ...]
    patches: tuple[PatchMeasurement, ...]  # learning grid, always 96, in grid order
    display_patches: tuple[PatchMeasurement, ...]
    maps: tuple[ParameterMap, ...]
    files: dict[str, str]  # role -> relative path: "ct" or "mr", "labels", "patch_labels", "surface_femur", ...
    notices: tuple[Notice, ...]
    exclusions: tuple[Exclusion, ...] = ()  # in a file of their own, see :mod:`CTSMALib.analysis.exclusions`
    bones_by: str = ""  # what outlined the bones of an MR, see :class:`~CTSMALib.analysis.mr_bone_source.MRBones`
    schema_version: str = SCHEMA_VERSION

    @property
    def modality(self) -> str:
        """``"CT"`` or ``"MR"``."""
        return "MR" if MR_ROLE in self.files else "CT"

    @property
    def scan_role(self) -> str:
        """The role of the scan among ``files``."""
        return MR_ROLE if self.modality == "MR" else CT_ROLE
