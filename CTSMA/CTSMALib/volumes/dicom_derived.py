"""Series that were computed from a CT, told by what they are called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.dicom_frames import Frame

_PROJECTION = "a projection of slices (MIP or the like)"
_WITHOUT = "virtual non-contrast or non-calcium images"
_MATERIAL = "a map of iodine or of another material"
_ATOMIC = "a map of effective atomic numbers"
_ELECTRON = "a map of electron densities"
_COLOR = "a color map or an overlay"
_IODINE = "(iodine|iode|iod|jod)"
# Beginnings of words in English, German and French, in small letters without accents: a blank stands for blanks, "_",
# "-" or nothing, and "$" for the end of a word.
_NAMES = {
    _PROJECTION: ("mips?$", "min ips?$", "(max|min)[a-z]* intens", "proje[ck]tion"),
    _WITHOUT: (
        *("vnca?$", "non calcium", "(calcium|kalzium|ca) supp", "(non injecte|sans contraste) virtu"),
        "virtu[a-z]* (true )?(nativ|sans|ohne|unenhanced)",
        "virtu[a-z]* (non|nicht) (contrast|kontrast|enhanced|[ck]al[cz]ium|ca$)",
    ),
    _MATERIAL: (
        f"{_IODINE} (map|overlay|densit|dichte|concentr|no water|karte|bild)",
        f"cart[a-z]* (d[e'] |de l')?{_IODINE}",
        rf"({_IODINE}|water|calcium|hap) \(({_IODINE}|water|calcium|hap)\)",
    ),
    _ATOMIC: ("z eff", "eff(e[ck]ti[a-z]*)? (z$|atomic|ordnungszahl)", "numero atomique", "rho /? z$"),
    _ELECTRON: ("ele[ck]tron(en)? (densit|dichte)", "densites? electronique"),
    _COLOR: ("overlays?$", "colou?r (map|coded)", "farb(karte|[ck]odier)", "carte (de |en )?couleur"),
}
_MONOENERGETIC = ("mono(e| energ[a-z]*| chrom[a-z]*)?$", r"\d kev$", "vmi$")
# Terms of DICOM for derived pixel contrast (PS3.3 C.8.16.1.4) and multi-energy CT (C.8.15.2.1.1.5).
_TYPES = {
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), _PROJECTION),
    **dict.fromkeys(("MAT_REMOVED", "MAT_MODIFIED"), _WITHOUT),
    **dict.fromkeys(("MAT_SPECIFIC", "MAT_FRACTIONAL", "MAT_VALUE_BASED"), _MATERIAL),
}


def derived_kind(description: str, image_type: Iterable[str]) -> str:
    """What images are that show no CT numbers any more, as a sentence calls it; empty for others.

    Args:
        description: SeriesDescription.
        image_type: values of FrameType and ImageType, in capitals.
    """
    values = tuple(image_type)
    stated = next((_TYPES[value] for value in values if value in _TYPES), "")
    return stated or next((kind for kind, names in _NAMES.items() if _says(names, description, *values)), "")


def without_derived(
    frames: list[Frame], description: str, what: str, remedy: str
) -> tuple[list[Frame], tuple[Notice, ...]]:
    """Leave out images that are no CT any more.

    Args:
        frames: of one series.
        description: SeriesDescription.
        what: the subject of the sentence.
        remedy: what to give instead.

    Raises:
        InputError: all are such images, or the series is called so.
    """
    kinds = {values: derived_kind(description, values) for values in {f.image_type for f in frames}}
    kept = [f for f in frames if not kinds[f.image_type]]
    if not kept:
        raise InputError(
            f"{what} holds {kinds[frames[0].image_type]}, whose values are not those of the CT itself.", remedy
        )
    if len(kept) == len(frames):
        return kept, ()
    text = f"Images left out of the series: {len(frames) - len(kept)} that were computed and are no CT any more."
    return kept, (Notice("images-left-out", text, Severity.INFO),)


def derivation_notices(frames: Iterable[Frame], description: str) -> tuple[Notice, ...]:
    """Tell that the images of a CT were processed: at one energy, or in another way."""
    values = {value for frame in frames for value in frame.image_type}
    notices = []
    if says_one_energy(description, *values):
        text = (
            "These are virtual monoenergetic images: their CT numbers of bone are those of one energy and not of the "
            "tube voltage, so all that depends on CT numbers is less certain."
        )
        notices.append(Notice("monoenergetic-images", text, Severity.CAUTION))
    if "DERIVED" in values:
        text = (
            "The images are marked as derived (reformatted or otherwise processed), so that their sharpness and noise "
            "may differ from those of the scan."
        )
        notices.append(Notice("derived-images", text, Severity.CAUTION))
    return tuple(notices)


def says_one_energy(*texts: str) -> bool:
    """Whether words of a series, or values of ImageType, call it virtual monoenergetic."""
    return _says(_MONOENERGETIC, *texts)


def _says(names: tuple[str, ...], *texts: str) -> bool:
    """Whether a word of the texts begins like one of the names."""
    pattern = rf"(?<![a-z])(?:{'|'.join(names)})".replace(" ", "[ _-]*").replace("$", "(?![a-z])")
    return any(re.search(pattern, form) for text in texts for form in _forms(text))


def _forms(text: str) -> tuple[str, str]:
    """A text in small letters without accents, as it is and with words split where capitals begin them."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return plain.lower(), re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain).lower()
