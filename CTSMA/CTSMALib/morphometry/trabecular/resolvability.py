"""Whether voxels resolve a structure: what they do not is flagged, with the reason."""

from __future__ import annotations

from CTSMALib.morphometry.trabecular.result import Flag

LEAST_VOXELS = 2.0  # that a strut or a gap must span along every axis
FILLED = 0.75  # median bone fraction in the middle of struts, below which they are narrower than the blur
REPRESENTATIVE = 5.0  # distances between trabeculae that the edge of a region should span (Harrigan et al., 1988)
CUT = 0.3  # share of spheres that the border may cut
_AXES = ("z", "y", "x")


def unresolved(
    th_mm: float | None, sp_mm: float | None, core_fraction: float | None, spacing_mm: tuple[float, float, float]
) -> list[Flag]:
    """Reasons why the structure is not resolved; none if it is.

    Args:
        th_mm: measured trabecular thickness, ``None`` if there is none.
        sp_mm: measured trabecular spacing, likewise.
        core_fraction: median bone fraction in the middle of struts; ``None`` where fractions mean nothing.
        spacing_mm: (z, y, x) of the image as it was given.
    """
    flags = []
    for name, size in (("Tb.Th", th_mm), ("Tb.Sp", sp_mm)):
        coarse = [
            f"{axis} ({step:.3g} mm)"
            for axis, step in zip(_AXES, spacing_mm, strict=True)
            if size is not None and size < LEAST_VOXELS * step
        ]
        if coarse:
            flags.append(
                Flag(
                    "not-resolvable",
                    f"Not resolvable: {name} reads {size:.3g} mm, less than {LEAST_VOXELS:.0f} voxels along "
                    f"{' and '.join(coarse)}.",
                )
            )
    if core_fraction is not None and core_fraction < FILLED:
        flags.append(
            Flag(
                "not-resolvable",
                f"Not resolvable: the middle of struts reaches a bone fraction of {core_fraction:.2f} only, so that "
                "they are narrower than the blur; Tb.Th reads too high.",
            )
        )
    return flags


def one_phase(bone_fraction: float, has_bone: bool) -> Flag:
    """The flag of a region without any surface between bone and marrow."""
    if has_bone:
        return Flag("no-marrow", "No marrow: all of the region is above the bone threshold, so nothing limits Tb.Th.")
    if bone_fraction > 0.02:
        return Flag(
            "not-resolvable",
            f"Not resolvable: the mean bone fraction is {bone_fraction:.2f}, but no voxel is more than half bone.",
        )
    return Flag("no-bone", "No bone: nothing in the region is above the bone threshold.")


def at_border(cut_bone: float, cut_marrow: float) -> list[Flag]:
    """A flag if the border of the image cuts many of the spheres: beyond it, the image is taken as mirrored.

    Args:
        cut_bone: share of bone so near to the border of the image that it may cut its spheres.
        cut_marrow: the same for marrow.
    """
    if max(cut_bone, cut_marrow) < CUT:
        return []
    text = (
        f"At the border of the image, which may cut the spheres of {cut_bone:.0%} of the bone and {cut_marrow:.0%} of "
        "the marrow: give more context around the region."
    )
    return [Flag("at-border", text)]


def small_region(total_mm3: float, distance_mm: float | None) -> list[Flag]:
    """A flag if the region holds too few trabeculae for mean values to stand for the bone.

    Args:
        total_mm3: volume of the region.
        distance_mm: mean distance between trabeculae, 1 / Tb.N.
    """
    if distance_mm is None or total_mm3 ** (1 / 3) >= REPRESENTATIVE * distance_mm:
        return []
    return [
        Flag(
            "small-region",
            f"Small region: it spans fewer than {REPRESENTATIVE:.0f} distances between trabeculae "
            f"({distance_mm:.2f} mm); values vary with its place.",
        )
    ]
