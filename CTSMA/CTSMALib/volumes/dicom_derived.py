"""Series that were computed from a CT, told by what they are called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from CTSMALib.errors import InputError
from CTSMALib.notices import Notice, Severity
from CTSMALib.volumes.dicom_frames import Frame

_WITHOUT = "virtual non-contrast or non-calcium images"
_MATERIAL = "a map of iodine or of another material"
_ATOMIC = "a map of effective atomic numbers"
_ELECTRON = "a map of electron densities"
_PROJECTION = "a projection of slices (MIP or the like)"
_COLOR = "a color map or an overlay"
_COMBINED = "images that were combined (subtracted or the like)"
_GOUT = "a dual-energy map of gout"
_IODINE = "(iodine|iode|iod|jod)"
_OF_PAIR = f"({_IODINE}|water|calcium|hap|uric acid)"
# Beginnings of words in English, German and French, in small letters without accents: a blank stands for blanks, "_",
# "-" or nothing, and "$" for the end of a word.
_NEVER_ORIGINAL = {  # made of several energies: some scanners call these ORIGINAL all the same
    _WITHOUT: (
        *("vnca?$", "non calcium", "(calcium|kalzium|ca) supp(r[a-z]*)?$", "(non injecte|sans contraste) virtu"),
        "virtu[a-z]* (true )?(nativ|sans|ohne|unenhanced)",
        "virtu[a-z]* (non|nicht) (contrast|kontrast|enhanced|[ck]al[cz]ium|ca$)",
    ),
    _MATERIAL: (
        f"{_IODINE} (map|overlay|densit|dichte|concentr|no water|karte|bild)",
        f"cart[a-z]* (d[e'] |de l')?{_IODINE}",
        rf"{_OF_PAIR} \({_OF_PAIR}\)",
        rf"(\A|(gsi|sbi|spectral) ){_IODINE}[\W\d_]*(mg\W*ml\W*)?\Z",  # no other word: "iodine allergy" is none
        *("uric acid", "harnsae?ure", "acide urique"),
    ),
    _ATOMIC: ("z eff(e[ck]ti[a-z]*)?$", "eff(e[ck]ti[a-z]*)? (z$|atomic|ordnungszahl)", "numero atomique", "rho /? z$"),
    _ELECTRON: ("ele[ck]tron(en)? (densit|dichte)", "densites? electronique"),
}
_SELDOM_ORIGINAL = {  # the name of an original series may say what it is meant for
    _PROJECTION: (
        *("mips?$", "min ips?$", "a(ve?|vg|verage)? ips?$", "proje[ck]tion"),
        "(max|min)[a-z]* intens[a-z]*( proje[ck]tion)?",
    ),
    _COLOR: ("overlays?$", "colou?r (map|coded)", "farb(karte|[ck]odier)", "carte (de |en )?couleur"),
    _COMBINED: ("subtra[ck]t", "soustra"),
    _GOUT: (  # "gout" alone is a reason for a scan, and "de goutte" is French
        *("de (gout|gicht)$", r"(dect$|(dual|double) energ).*(?<![a-z])(gout|gicht|goutte)$"),
        r"(gout|gicht|goutte)$.*(?<![a-z])(dect$|(dual|double) energ)",
    ),
}
_DOUBTFUL = {"a volume rendering": ("vrt$",)}  # also what one is made of
_UNENHANCED, _VUE = "virtual unenhanced images", re.compile("(?<![A-Za-z])VUE(?![A-Za-z])")  # "vue" is French for view
_BEFORE = "(for|fur|fuer|zum|zur|pour|source|no|non|not|ohne|sans|w/?o|without)"
_MONOENERGETIC = (
    *("mono e$", "mono energ", "mono chromat", r"mono \+", "mono plus$", "(virtu[a-z]*|gsi) mono", "vmi$"),
    *("mono kev$", "kev$", r"mono ([4-9]\d|1\d\d)(?![\d.,]| (k v|mm))"),
)
# Terms of DICOM for derived pixel contrast (PS3.3 C.8.16.1.4) and multi-energy CT (C.8.15.2.1.1.5).
_TYPES = {
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), _PROJECTION),
    **dict.fromkeys(("SUBTRACTION", "DIVISION", "MULTIPLICATION", "STD_DEVIATION"), _COMBINED),
    **dict.fromkeys(("MAT_REMOVED", "MAT_MODIFIED"), _WITHOUT),
    **dict.fromkeys(("MAT_SPECIFIC", "MAT_FRACTIONAL", "MAT_VALUE_BASED"), _MATERIAL),
}
_AVERAGED, _REFORMATTED = {"MEAN", "AVERAGE"}, {"REFORMATTED", "RESAMPLED", "MPR", "CSA MPR"}


def derived_kind(description: str, image_type: Iterable[str]) -> str:
    """What images are that show no CT numbers any more, as a sentence calls it; empty for others.

    A value of the image type tells it always. A description tells it too; but where the image type says ORIGINAL, not
    if it speaks of projections, overlays, combined images or gout, since originals are named after these as well.

    Args:
        description: SeriesDescription.
        image_type: values of FrameType and ImageType, in capitals.
    """
    values = set(image_type)
    if stated := next((_TYPES[value] for value in sorted(values) if value in _TYPES), ""):
        return stated
    if values & _AVERAGED and not values & _REFORMATTED:  # GE calls all that is reformatted an average
        return _PROJECTION
    original = "ORIGINAL" in values and "DERIVED" not in values and bool(values & {"PRIMARY", "AXIAL"})
    named = _named(_NEVER_ORIGINAL, description) or ("" if original else _named(_SELDOM_ORIGINAL, description))
    return named or _named({**_NEVER_ORIGINAL, **_SELDOM_ORIGINAL}, *sorted(values))


def spoken_kind(description: str) -> str:
    """Which computed images a description speaks of, though the series may be what they are made of; empty for none."""
    named = _named({**_NEVER_ORIGINAL, **_SELDOM_ORIGINAL, **_DOUBTFUL}, description)
    return named or (_UNENHANCED if _VUE.search(description) else "")


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
        InputError: all are such images, by their types or by the name of the series (see :func:`derived_kind`).
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
    """Tell that the images of a CT were processed, at one energy or in another way, or may be no CT any more.

    Args:
        frames: those that :func:`without_derived` leaves.
        description: SeriesDescription.
    """
    values = {value for frame in frames for value in frame.image_type}
    notices = []
    if kind := spoken_kind(description):
        text = f"The name of the series, '{description}', speaks of {kind}. Check that it is the CT itself."
        notices.append(Notice("maybe-derived", text, Severity.CAUTION))
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
    """Whether words of a series, or values of ImageType, call it virtual monoenergetic.

    Args:
        texts: as they are written, since capitals within a word may begin another.
    """
    pattern = _pattern(_MONOENERGETIC)
    return any(re.search(pattern, form) for text in texts for form in _forms(text))


def plain(text: str) -> str:
    """A text in small letters without accents."""
    return _without_accents(text).lower()


def _named(kinds: dict[str, tuple[str, ...]], *texts: str) -> str:
    """The first kind that a text speaks of; empty where none does."""
    return next((kind for kind, names in kinds.items() if any(_says(kind, names, text) for text in texts)), "")


def _says(kind: str, names: tuple[str, ...], text: str) -> bool:
    """Whether a text has one of the names: if of images that may be original, not as what these are for or are not."""
    pattern = _pattern(names)
    if kind in _NEVER_ORIGINAL:
        return any(re.search(pattern, form) for form in _forms(text))
    meant = rf"(?<![a-z]){_BEFORE}[\s_(-]+([a-z0-9]+[/&+])*{pattern}"  # "for 3D/MIP"
    source = rf"{pattern}([/&+][a-z0-9]+)*[\s_-]+source"  # "MIP/MPR source"
    return any(re.search(pattern, re.sub(f"{meant}|{source}", " ", form)) for form in _forms(text))


def _pattern(names: tuple[str, ...]) -> str:
    return rf"(?<![a-z])(?:{'|'.join(names)})".replace(" ", "[ _-]*").replace("$", "(?![a-z])")


def _forms(text: str) -> tuple[str, str]:
    """A text in small letters without accents, as it is and with words split where capitals begin them."""
    return plain(text), re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _without_accents(text)).lower()


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
