"""Parameters of trabecular structure, under the names of Bouxsein et al. 2010.

Bone is where the bone volume fraction exceeds one half; its surface is interpolated between voxel centers, so that no
length depends on a convention about half voxels. Everything is counted inside the region alone.
"""

from __future__ import annotations

import math

from CTSMALib.catalogue.quantity import Quantity

_BOUXSEIN = "Bouxsein et al., J Bone Miner Res 2010;25:1468"
_SPHERES = f"Hildebrand & Rüegsegger, J Microsc 1997;185:67; {_BOUXSEIN}"
_MIDAXES = f"Hildebrand et al., J Bone Miner Res 1999;14:1167; Laib et al., Technol Health Care 1998;6:329; {_BOUXSEIN}"
_MIL = f"Whitehouse, J Microsc 1974;101:153; Harrigan & Mann, J Mater Sci 1984;19:761; {_BOUXSEIN}"
_PLATES = "Parfitt et al., J Clin Invest 1983;72:1396"
_MODEL = "Plate model: it assumes parallel plates, and is not the thickness of spheres."


def _of_region(
    key: str,
    symbol: str,
    unit: str,
    title: str,
    definition: str,
    reference: str,
    display_range: tuple[float, float],
    decimals: int,
    lowest: float = 0.0,
) -> Quantity:
    return Quantity(
        key, symbol, unit, title, definition, reference, display_range, decimals, scope="region", lowest=lowest
    )


_VOLUME = (
    _of_region(
        "bv_tv",
        "BV/TV",
        "1",
        "Bone volume fraction",
        "Bone volume over the volume of the region. Where voxels hold bone volume fractions, their mean as given; "
        "otherwise the share of voxels above one half after cleaning.",
        _BOUXSEIN,
        (0.0, 0.5),
        3,
    ),
    _of_region(
        "bs_tv_per_mm",
        "BS/TV",
        "1/mm",
        "Bone surface density",
        "Area of the interpolated bone surface (triangles) over the volume of the region. "
        "Where the region cuts through bone, the cut is no surface.",
        f"Lorensen & Cline, Comput Graph 1987;21:163; {_BOUXSEIN}",
        (0.0, 8.0),
        2,
    ),
    _of_region(
        "bs_bv_per_mm",
        "BS/BV",
        "1/mm",
        "Specific bone surface",
        "Area of the bone surface over the bone volume.",
        _BOUXSEIN,
        (0.0, 40.0),
        1,
    ),
)

_SPHERE = (
    _of_region(
        "tb_th_mm",
        "Tb.Th",
        "mm",
        "Trabecular thickness",
        "Mean over the bone volume of the local thickness: at each point, the diameter of the largest sphere that "
        "holds the point and fits into the bone. The sphere may reach beyond the region.",
        _SPHERES,
        (0.05, 0.4),
        3,
    ),
    _of_region(
        "tb_th_sd_mm",
        "Tb.Th SD",
        "mm",
        "SD of trabecular thickness",
        "Standard deviation of the local thickness over the bone volume.",
        _SPHERES,
        (0.0, 0.2),
        3,
    ),
    _of_region(
        "tb_sp_mm",
        "Tb.Sp",
        "mm",
        "Trabecular separation",
        "Mean over the marrow volume of the local thickness of the marrow, as for Tb.Th.",
        _SPHERES,
        (0.2, 2.0),
        3,
    ),
    _of_region(
        "tb_sp_sd_mm",
        "Tb.Sp SD",
        "mm",
        "SD of trabecular separation",
        "Standard deviation of the local thickness of the marrow over the marrow volume.",
        _SPHERES,
        (0.0, 1.0),
        3,
    ),
    _of_region(
        "tb_n_per_mm",
        "Tb.N",
        "1/mm",
        "Trabecular number",
        "Inverse of the mean distance between the mid-axes of the bone: at each point of the region, the diameter of "
        "the largest sphere that holds the point and no mid-axis. Mid-axes are the centers of largest spheres that "
        "touch the bone surface on opposite sides.",
        _MIDAXES,
        (0.3, 3.0),
        2,
    ),
    _of_region(
        "tb_n_sd_mm",
        "Tb.1/N SD",
        "mm",
        "SD of the distance between mid-axes",
        "Standard deviation over the region of the distance between mid-axes: how unevenly the trabeculae are spread.",
        _MIDAXES,
        (0.0, 1.0),
        3,
    ),
)

_LINES = (
    _of_region(
        "tb_n_mil_per_mm",
        "Tb.N MIL",
        "1/mm",
        "Trabecular number by intercepts",
        "Entries of test lines into bone per millimeter of line, mean over all directions; a quarter of BS/TV.",
        _MIL,
        (0.3, 3.0),
        2,
    ),
    _of_region(
        "da",
        "DA",
        "1",
        "Degree of anisotropy",
        "Longest over shortest principal mean intercept length (MIL); 1 is isotropic. MIL is the length of test line "
        "per entry into bone, in each direction from the area of the bone surface projected along it (Cauchy-Crofton); "
        "an ellipsoid is fitted over all directions. Left out where the longest is infinite.",
        _MIL,
        (1.0, 3.0),
        2,
        lowest=1.0,
    ),
    _of_region(
        "da_norm",
        "DA norm",
        "1",
        "Degree of anisotropy, 0 to 1",
        "1 - (shortest / longest principal mean intercept length)²; 0 is isotropic, 1 is perfect plates or rods.",
        "Harrigan & Mann, J Mater Sci 1984;19:761; scale of Doube et al. (BoneJ), Bone 2010;47:1076",
        (0.0, 1.0),
        3,
    ),
)

_PLATE_MODEL = (
    _of_region(
        "tb_th_plate_mm",
        "Tb.Th plate",
        "mm",
        "Trabecular thickness, plate model",
        f"2 BV/BS. {_MODEL}",
        _PLATES,
        (0.05, 0.4),
        3,
    ),
    _of_region(
        "tb_sp_plate_mm",
        "Tb.Sp plate",
        "mm",
        "Trabecular separation, plate model",
        f"2 (TV - BV)/BS. {_MODEL}",
        _PLATES,
        (0.2, 2.0),
        3,
    ),
    _of_region(
        "tb_n_plate_per_mm",
        "Tb.N plate",
        "1/mm",
        "Trabecular number, plate model",
        f"BS/(2 TV). {_MODEL}",
        _PLATES,
        (0.3, 3.0),
        2,
    ),
)

_SHAPE = (
    _of_region(
        "smi",
        "SMI",
        "1",
        "Structure model index",
        "6 BV (dBS/dr) / BS², from the change of the surface area as the surface moves outward: 0 for plates, 3 for "
        "rods, 4 for spheres; concave surfaces make it negative, and it depends on BV/TV.",
        "Hildebrand & Rüegsegger, Comput Methods Biomech Biomed Engin 1997;1:15",
        (-1.0, 4.0),
        2,
        lowest=-math.inf,
    ),
    _of_region(
        "conn_d_per_mm3",
        "Conn.D",
        "1/mm³",
        "Connectivity density",
        "Minus the Euler characteristic of the bone per volume of the region, with the correction for bone that the "
        "border of the region cuts. Negative where there are more separate pieces than loops.",
        f"Odgaard & Gundersen, Bone 1993;14:173; {_BOUXSEIN}",
        (0.0, 10.0),
        2,
        lowest=-math.inf,
    ),
    _of_region(
        "tb_pf_per_mm",
        "TBPf",
        "1/mm",
        "Trabecular bone pattern factor",
        "(dBS/dr) / BS, from the change of the surface area as the surface moves outward: positive for convex (loose) "
        "structure, negative for concave (well connected) structure.",
        "Hahn et al., Bone 1992;13:327",
        (-5.0, 10.0),
        2,
        lowest=-math.inf,
    ),
    _of_region(
        "fd",
        "FD",
        "1",
        "Fractal dimension",
        "Slope of the logarithm of the number of boxes that hold bone surface over the logarithm of the inverse edge, "
        "for cubes from two voxels to a quarter of the region's shortest edge that lie in the region as a whole. "
        "To be compared only between images and regions of the same size and voxel.",
        "box counting, Majumdar et al., Med Phys 1993;20:1611",
        (2.0, 3.0),
        2,
    ),
)

TRABECULAR: tuple[Quantity, ...] = _VOLUME + _SPHERE + _LINES + _PLATE_MODEL + _SHAPE
