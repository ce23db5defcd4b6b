"""The arguments of the morphometry of an image."""

from __future__ import annotations

import argparse
import re

from CTSMALib.jobs.arguments.values import given_number, given_path
from CTSMALib.jobs.request import KINDS, MorphometryRequest

_NAME = re.compile(r"\w[^=,\x00-\x1f\x7f]*")  # nothing that a spreadsheet would take for a formula


def add_morphometry_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`morphometry_request` reads."""
    parser.add_argument("image", metavar="IMAGE", type=given_path, help="NIfTI, NRRD or MetaImage file")
    parser.add_argument(
        "--mask", metavar="FILE", type=given_path, help="labels; each but 0 is a region (default: the whole image)"
    )
    parser.add_argument("--out", metavar="DIR", type=given_path, required=True, help="folder to write the result to")
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="auto",
        help="what the values are: bone volume fractions from 0 to 1, gray values, or bone as 1 (default: told from "
        "the values)",
    )
    parser.add_argument("--bone", metavar="V", type=given_number, help="gray value of pure bone, given with --marrow")
    parser.add_argument("--marrow", metavar="V", type=given_number, help="gray value of pure marrow")
    parser.add_argument("--threshold", metavar="V", type=given_number, help="gray value above which there is bone")
    parser.add_argument(
        "--labels",
        metavar="LIST",
        type=_region_names,
        default=(),
        help="names of regions: NAME=VALUE, separated by commas, for example medial=1,lateral=2",
    )
    parser.add_argument("--no-denoise", action="store_true", help="measure noisy images as they are")
    parser.add_argument("--no-maps", action="store_true", help="write no maps of thickness and separation")
    parser.add_argument("--overwrite", action="store_true", help="replace a result that is in DIR")


def morphometry_request(options: argparse.Namespace) -> MorphometryRequest:
    """The request that the parsed arguments describe."""
    return MorphometryRequest(
        image=options.image,
        out=options.out,
        mask=options.mask,
        kind=options.kind,
        bone=options.bone,
        marrow=options.marrow,
        threshold=options.threshold,
        names=options.labels,
        denoise=not options.no_denoise,
        maps=not options.no_maps,
        overwrite=options.overwrite,
    )


def _region_names(text: str) -> tuple[tuple[str, int], ...]:
    pairs = []
    for part in text.split(","):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or not _NAME.fullmatch(name) or not re.fullmatch(r"-?\d{1,8}", value) or int(value) == 0:
            raise argparse.ArgumentTypeError(f"{part!r} is not NAME=VALUE with a label other than 0")
        pairs.append((name, int(value)))
    if len({name for name, _ in pairs}) < len(pairs) or len({label for _, label in pairs}) < len(pairs):
        raise argparse.ArgumentTypeError(f"{text!r} names a region or a label twice")
    return tuple(pairs)
