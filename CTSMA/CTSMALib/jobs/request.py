"""What is asked of a job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from CTSMALib.errors import InputError

if TYPE_CHECKING:
    from CTSMALib.virtual.cohort.cohort_order import CohortOrder

SIDES = ("auto", "left", "right", "both")
FORMATS = ("html", "pdf", "csv")  # of reports
PAPERS = ("a4", "letter")  # of PDF reports
SCENE_FORMAT = "mrb"  # of the scene for 3D Slicer
AUTO, NETWORK, SIMPLE = BONE_METHODS = ("auto", "network", "simple")  # what outlines the bones of an MR
KINDS = ("auto", "fraction", "gray", "binary")  # of the values of an image that shows trabeculae


@dataclass(frozen=True)
class DiagnosisOrder:
    """A diagnosis that is wanted with an analysis.

    Attributes:
        model: folder of a bundle; ``None`` for the one that comes with the software.
        aggregator: which part of the model answers; ``None`` for its default.
        research: show of real people what a model from simulated knees says.
    """

    model: Path | None = None
    aggregator: str | None = None
    research: bool = False


@dataclass(frozen=True)
class AnalyzeRequest:
    """One run of the main job.

    Attributes:
        input_path: the scan, a file or a DICOM folder.
        out: the result folder to make.
        side: one of :data:`SIDES`.
        series: DICOM series number or UID; ``None`` takes the likely knee CT.
        formats: what to write beside the result, of :data:`FORMATS` and :data:`SCENE_FORMAT`.
        pseudonymise: leave identifying entries out of the whole result folder.
        overwrite: replace a result that is in ``out``.
        header_from: a DICOM file that describes the scan, in place of what the input says about itself; for
            voxels that were exported to a file without a header.
        name: what to call the input in the result; empty takes the name of its file or folder.
        model: folder of the student that estimates apparent parameters on a CT; ``None`` takes the one that comes with
            the software.
        apparent: whether apparent parameters are estimated on a CT.
        structure: whether ``vcal_*`` are too, the structure itself as simulated knees know it.
        labels: label map of the bones; ``None`` finds them.
        diagnosis: a diagnosis that is wanted too.
        paper: of a PDF, one of :data:`PAPERS`.
        kvp: tube voltage of a CT that does not state it, in kV.
    """

    input_path: Path
    out: Path
    side: str = "auto"
    series: str | None = None
    formats: tuple[str, ...] = FORMATS
    pseudonymise: bool = False
    overwrite: bool = False
    header_from: Path | None = None
    name: str = ""
    model: Path | None = None
    apparent: bool = True
    structure: bool = False
    labels: Path | None = None
    diagnosis: DiagnosisOrder | None = None
    paper: str = PAPERS[0]
    kvp: float | None = None

    def __post_init__(self) -> None:
        """Refuse a voltage that no CT is taken at."""
        if self.kvp is None:
            return
        from CTSMALib.volumes.tube_voltage import voltage_of

        try:
            voltage_of(str(self.kvp))
        except ValueError as error:
            raise InputError(f"The tube voltage cannot be: {error}.", "Leave it out where it is unknown.") from error

    @property
    def sources(self) -> tuple[Path, ...]:
        """What is read, and must not be written over."""
        asked = None if self.diagnosis is None else self.diagnosis.model
        every = (self.input_path, self.header_from, self.model, self.labels, asked)
        return tuple(path for path in every if path is not None)


@dataclass(frozen=True)
class AnalyzeMRRequest(AnalyzeRequest):
    """One run on an MR.

    Attributes:
        bones: what outlines the bones where no labels are given, one of :data:`BONE_METHODS`.
        bone_model: folder of the bundle that does; ``None`` takes the one that comes with the software.
    """

    bones: str = AUTO
    bone_model: Path | None = None

    @property
    def sources(self) -> tuple[Path, ...]:
        """What is read, and must not be written over."""
        return super().sources + (() if self.bone_model is None else (self.bone_model,))


@dataclass(frozen=True)
class ExportRequest:
    """Reports of an existing result, written to another folder.

    Attributes:
        result: the result folder, which stays as it is.
        out: where the reports go; made if it is missing.
        formats: reports to write, of :data:`FORMATS`.
        pseudonymise: leave identifying entries out of the reports.
        overwrite: replace reports of the same names in ``out``.
        paper: of a PDF, one of :data:`PAPERS`.
    """

    result: Path
    out: Path
    formats: tuple[str, ...] = FORMATS
    pseudonymise: bool = False
    overwrite: bool = False
    paper: str = PAPERS[0]


@dataclass(frozen=True)
class MorphometryRequest:
    """Trabecular morphometry of the regions of one image.

    Attributes:
        image: the image file.
        out: the result folder to make.
        mask: labels; every label but 0 is a region. ``None`` takes the whole image as one.
        kind: one of :data:`KINDS`; ``"auto"`` tells it from the values.
        bone: gray value of pure bone.
        marrow: gray value of pure marrow.
        threshold: gray value of the bone surface.
        names: (name, label) of regions; the others are called ``"label 3"``.
        denoise: whether noise may be removed first, where there is much.
        maps: whether the thickness maps are written.
        overwrite: replace a result that is in ``out``.
    """

    image: Path
    out: Path
    mask: Path | None = None
    kind: str = "auto"
    bone: float | None = None
    marrow: float | None = None
    threshold: float | None = None
    names: tuple[tuple[str, int], ...] = ()
    denoise: bool = True
    maps: bool = True
    overwrite: bool = False


@dataclass(frozen=True)
class RegisterRequest:
    """Registration of an MR to a CT.

    Attributes:
        ct: the CT, or the result folder of its analysis.
        mr: the MR.
        out: the folder to make.
        side: ``"auto"``, ``"left"`` or ``"right"``: which knee of a CT that shows both.
        labels: label map of the bones of the CT; ``None`` finds them.
        initial: where to start from: a transform file, a table of landmarks, or the folder of a registration.
        from_stage: the first stage to run; empty takes the first that ``initial`` does not settle.
        engine: name of the engine that refines bones.
        local: whether to refine locally at the end.
        images: whether resampled images are written.
        ct_series, mr_series: DICOM series.
        overwrite: replace a registration that is in ``out``.
        guide: what the stages compare with the CT, of :data:`~CTSMALib.registration.names.GUIDES`.
        model: folder of the bundle that makes the synthetic CT; ``None`` takes the one that comes with the software.
        bones: that are found anew in the registration that ``initial`` names; empty for all.
    """

    ct: Path
    mr: Path
    out: Path
    side: str = "auto"
    labels: Path | None = None
    initial: Path | None = None
    from_stage: str = ""
    engine: str = "mutual-information"
    local: bool = False
    images: bool = True
    ct_series: str | None = None
    mr_series: str | None = None
    overwrite: bool = False
    guide: str = "mr"
    model: Path | None = None
    bones: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[Path, ...]:
        """What is read, and must not be written over."""
        every = (self.ct, self.mr, self.labels, self.initial, self.model)
        return tuple(path for path in every if path is not None)


@dataclass(frozen=True)
class RegisterCohortRequest:
    """Registration of every pair of a cohort.

    Attributes:
        manifest: CSV file with the columns ``subject``, ``side``, ``ct`` and ``mr``, paths relative to it.
        out: the folder to make, or to go on with.
        engine, local, images, guide, model: as of :class:`RegisterRequest`.
    """

    manifest: Path
    out: Path
    engine: str = "mutual-information"
    local: bool = False
    images: bool = True
    guide: str = "mr"
    model: Path | None = None


@dataclass(frozen=True)
class SynthesizeRequest:
    """A CT and bone labels made of an MR.

    Attributes:
        mr: the MR, a file or a DICOM folder.
        out: the folder to make.
        model: folder of the bundle to use; ``None`` takes the one that comes with the software.
        series: DICOM series number or UID.
        overwrite: replace a synthesis that is in ``out``.
    """

    mr: Path
    out: Path
    model: Path | None = None
    series: str | None = None
    overwrite: bool = False

    @property
    def sources(self) -> tuple[Path, ...]:
        """What is read, and must not be written over."""
        return tuple(path for path in (self.mr, self.model) if path is not None)


@dataclass(frozen=True)
class VirtualRequest:
    """A cohort of virtual knees.

    Attributes:
        out: the folder to make it in, or in which to go on with it.
        cohort: what is wanted.
        jobs: how many knees are made at a time.
    """

    out: Path
    cohort: CohortOrder
    jobs: int = 1
