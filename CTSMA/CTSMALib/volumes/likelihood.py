"""How likely a series is the one to measure a knee on."""

from __future__ import annotations

import re
from collections.abc import Iterable

from CTSMALib.volumes.dicom_derived import says_one_energy
from CTSMALib.volumes.dicom_stack import Stack

_KNEE = re.compile(r"knee|knie|genou|rodilla|ginocchio|joelho|patell|tibia\s*plateau|\btkr\b|\btka\b")
_ELSEWHERE = re.compile(
    r"head|brain|neck|spine|chest|thorax|lung|abdom|pelvi|\bhip|shoulder|elbow|wrist|hand|ankle|foot|calcaneus"
)
_SHARP_WORDS = re.compile(r"bone|edge|detail|sharp|ultra|lung|\bhrs?\b")
_SMOOTH_WORDS = re.compile(r"soft|standard|smooth|muscle|\bstd\b")
_BALANCED = re.compile(r"b-?ffe|bssfp|true-?fisp|\btrufi|fiesta|\bciss\b|balanced")
_FAT_SUPPRESSED = re.compile(r"\bfs\b|fat[ _-]*s(at|up)|spair|\bspir\b|stir|\bwe\b|water|dixon|local|scout|survey")
_LONG_ENOUGH_MM = 60.0


def knee_ct_score(stack: Stack, kernel: str, words: Iterable[str]) -> float:
    """Score a usable series; the highest is read unless the user chooses.

    In order of weight: words that name the knee or another body part, images of a tube voltage and not of one energy,
    a name that does not speak of computed images, original axial images, enough coverage, thin slices, a sharp kernel,
    small pixels.

    Args:
        stack: the arranged slices, with what must be said of them.
        kernel: convolution kernel of the header.
        words: descriptions, protocol and body part, as they are written.
    """
    written = tuple(words)
    said = " ".join(written).lower()
    score = 8.0 * bool(_KNEE.search(said)) - 8.0 * bool(_ELSEWHERE.search(said) and not _KNEE.search(said))
    kinds = stack.frames[0].image_type
    score -= 6.0 * says_one_energy(*written, *kinds)
    score -= 5.0 * any(notice.code == "maybe-derived" for notice in stack.notices)
    score += 3.0 * ("ORIGINAL" in kinds) - 3.0 * ("DERIVED" in kinds) + 2.0 * (abs(stack.axes[2, 2]) > 0.7)
    score += 4.0 * min(stack.spacing[2] * stack.count / _LONG_ENOUGH_MM, 1.0)
    score -= 2.0 * max(stack.spacing[2] - 0.5, 0.0)
    score += 2.0 * kernel_sharpness(kernel)
    return score - 2.0 * stack.spacing[0]


def knee_mr_score(stack: Stack, kernel: str, words: Iterable[str]) -> float:
    """Score a usable MR series; the highest is read unless the user chooses.

    In order of weight: words that name the knee, a balanced sequence or fat suppression; small pixels, thin slices.

    Args:
        stack: the arranged slices.
        kernel: not of MR; taken so that all scores are asked alike.
        words: descriptions, protocol and body part.
    """
    said = " ".join(words).lower()
    score = 8.0 * bool(_KNEE.search(said)) - 8.0 * bool(_ELSEWHERE.search(said) and not _KNEE.search(said))
    score += 6.0 * bool(_BALANCED.search(said)) - 6.0 * bool(_FAT_SUPPRESSED.search(said))
    score += 2.0 * min(stack.spacing[2] * stack.count / _LONG_ENOUGH_MM, 1.0)
    return score - 2.0 * stack.spacing[2] - 8.0 * stack.spacing[0]


def kernel_sharpness(kernel: str) -> float:
    """Sharpness of a convolution kernel by its name: 1 sharp, 0 smooth, 0.5 unknown.

    Siemens names carry a number (B30f, Br64, I70f), Canon and Toshiba names an FC number,
    GE names are words, Philips names letters.
    """
    name = kernel.lower()
    if canon := re.search(r"\bfc(\d+)", name):
        return float(30 <= int(canon[1]) < 40 or 50 <= int(canon[1]) < 60 or int(canon[1]) >= 80)
    if siemens := re.match(r"[a-z]{1,2}(\d{2})", name):
        return min(max((int(siemens[1]) - 30) / 40, 0.0), 1.0)
    if _SHARP_WORDS.search(name):
        return 1.0
    if _SMOOTH_WORDS.search(name):
        return 0.0
    if philips := re.fullmatch(r"y?([a-e])", name):
        return float(philips[1] in "de")
    return 0.5
