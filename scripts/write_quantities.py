"""Write ``docs/quantities.md`` from the catalogue: ``python scripts/write_quantities.py``."""

from __future__ import annotations

from pathlib import Path

from CTSMALib.catalogue import Quantity, quantities

PAGE = Path(__file__).parents[1] / "docs" / "quantities.md"
HEAD = """# Quantities

Made from `CTSMALib/catalogue` by `scripts/write_quantities.py`. Keys that begin with `ct_` are measured directly on
the CT; they are not trabecular parameters. A scan reports only those that its resolution carries.
`app_` are read off an MR, or estimated off a CT on the scale of that MR; `vcal_` are estimated off a CT on the scale
of the true structure of simulated knees, on request ([student.md](student.md)).
"""
TRABECULAR = """
Trabecular parameters, measured by `ctsma morphometry` ([guide](morphometry.md)) in an image that shows trabeculae, such
as a micro-CT. Bone is where the bone volume fraction exceeds one half; its surface is interpolated between voxel
centers. Column `key` of the table holds the value, `key_uncertainty` its standard uncertainty.
"""
SECTIONS = (("patch", "Of a patch", ""), ("scan", "Of the scan", ""), ("region", "Of a region", TRABECULAR))


def page() -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for scope, title, lead in SECTIONS:
        parts.append(f"\n## {title}\n{lead}\n| Key | Symbol | Unit | Quantity | Definition | Source |\n|{' --- |' * 6}")
        parts += [_row(entry) for entry in quantities(scope=scope)]
    return "\n".join(parts) + "\n"


def _row(entry: Quantity) -> str:
    cells = (f"`{entry.key}`", entry.symbol, entry.unit, entry.title, entry.definition, entry.reference)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
