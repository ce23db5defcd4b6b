"""Coded terms: quantities, units, bones, sides. Standard codes where there are some, else the scheme 99CTSMA."""

from __future__ import annotations

from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset

from CTSMALib.anatomy.labels import Bone, Compartment
from CTSMALib.catalogue import Quantity

PRIVATE = "99CTSMA"  # codes are the keys of the catalogue, some of them shortened, and those below
LONGEST_MEANING = 64  # characters

# Identifiers of the Image Biomarker Standardisation Initiative, for definitions that are the same (its reference
# manual, "Intensity-based statistical features" and, for the entropy, "Intensity histogram features"). Its skewness and
# kurtosis divide by the standard deviation of the population, ours by that of a sample.
_IBSI = {
    "ct_hu_mean": ("Q4LE", "Mean intensity"),
    "ct_hu_p10": ("QG58", "10th intensity percentile"),
    "ct_hu_p90": ("8DWT", "90th intensity percentile"),
    "ct_hu_entropy": ("TLU2", "Intensity Histogram Entropy"),
}
_SHORT = {  # keys of more than 16 characters, which many readers cannot take as codes
    "ct_hu_slope_proximal": "ct_hu_slope_prox",
    "ct_gradient_proximal": "ct_grad_prox",
    "ct_gradient_anterior": "ct_grad_ant",
    "ct_gradient_lateral": "ct_grad_lat",
    "ct_spectral_slope": "ct_spec_slope",
    "ct_spectral_centroid": "ct_spec_centroid",
    "ct_contrast_medium": "ct_contr_medium",
    "ct_contrast_coarse": "ct_contr_coarse",
    "ct_plate_thickness_mm": "ct_plate_mm",
    "ct_psf_fwhm_inplane_mm": "ct_psf_inplane",
    "ct_psf_fwhm_through_plane_mm": "ct_psf_through",
    "mr_slice_correlation": "mr_slice_corr",
    "tb_n_plate_per_mm": "tb_n_plate",
}
_UCUM = {
    "1": ("1", "no units"),
    "mm": ("mm", "millimeter"),
    "1/mm": ("/mm", "per millimeter"),
    "1/mm³": ("/mm3", "per cubic millimeter"),
    "HU": ("[hnsf'U]", "Hounsfield unit"),
    "HU/mm": ("[hnsf'U]/mm", "Hounsfield unit per millimeter"),
    "log10(HU^2)": ("{lg([hnsf'U]2)}", "decadic logarithm of squared Hounsfield units"),
    "bit": ("bit", "bit"),
}

ANATOMICAL_STRUCTURE = ("123037004", "SCT", "Anatomical Structure")  # as Slicer's terminology files have it
KNEE = ("72696002", "SCT", "Knee")
MEDIAL, LATERAL = ("255561001", "SCT", "Medial"), ("49370004", "SCT", "Lateral")
SIDES = {"left": ("7771000", "SCT", "Left"), "right": ("24028007", "SCT", "Right")}
MEAN, STANDARD_DEVIATION = ("373098007", "SCT", "Mean"), ("386136009", "SCT", "Standard Deviation")
PATCH_COUNT = ("patch_count", PRIVATE, "Number of patches that the mean is taken over")
PLACE_COUNT = ("place_count", PRIVATE, "Number of places that the mean is taken over")
UNCERTAINTY = ("uncertainty", PRIVATE, "Standard uncertainty")
PATCHES, PLACES = ("{patches}", "UCUM", "patches"), ("{places}", "UCUM", "places")
NO_UNITS = ("1", "UCUM", "no units")
PROBABILITY = ("oa_probability", PRIVATE, "Probability of osteoarthritis of the knee")
LOWER, UPPER = (
    ("interval_low", PRIVATE, "Lower limit of the 95 % interval"),
    ("interval_high", PRIVATE, "Upper limit of the 95 % interval"),
)
REPORTED, NOT_REPORTED = (
    ("reported", PRIVATE, "Reported"),
    ("not_reported", PRIVATE, "Not reported"),
)
REPORTING = ("reporting", PRIVATE, "Whether the compartment is reported")
COMMENT = ("121106", "DCM", "Comment")
PROCEDURES = {  # of CID 100, which TID 1500 names for them
    "CT": ("25045-6", "LN", "CT unspecified body region"),
    "MR": ("25056-3", "LN", "MRI unspecified body region"),
}
ATLAS_FAMILY = ("bone_atlas", PRIVATE, "Fit of an atlas of bones")


def concept(code: tuple[str, str, str]) -> CodedConcept:
    """A coded term from value, scheme and meaning."""
    value, scheme, meaning = code
    return CodedConcept(value, scheme, meaning[:LONGEST_MEANING])


def quantity_code(quantity: Quantity) -> CodedConcept:
    """What a quantity is."""
    if quantity.key in _IBSI:
        value, meaning = _IBSI[quantity.key]
        return concept((value, "IBSI", meaning))
    return concept((_SHORT.get(quantity.key, quantity.key), PRIVATE, quantity.title))


def unit_code(quantity: Quantity) -> CodedConcept:
    """What a quantity is measured in."""
    value, meaning = _UCUM[quantity.unit]
    return concept((value, "UCUM", meaning))


def grade_code(grade: int) -> CodedConcept:
    """Probability of a Kellgren-Lawrence grade."""
    return concept((f"kl_grade_{grade}", PRIVATE, f"Probability of Kellgren-Lawrence grade {grade}"))


def bone_code(bone: Bone) -> CodedConcept:
    """Which bone it is."""
    return concept((bone.snomed, "SCT", bone.name.capitalize()))


def side_code(side: str) -> CodedConcept | None:
    """Which side it is; ``None`` where it is not known."""
    return concept(SIDES[side]) if side in SIDES else None


def half_code(compartment: Compartment) -> CodedConcept:
    """Which half of its bone a compartment is."""
    return concept(LATERAL if compartment.lateral else MEDIAL)


def private_scheme() -> Dataset:
    """What the private scheme is, for objects that use it."""
    item = Dataset()
    item.CodingSchemeDesignator = PRIVATE
    item.CodingSchemeName = "Quantities and terms of CTSMA"
    item.CodingSchemeResponsibleOrganization = "CTSMA"
    return item
