"""How the method of an analysis of an MR reads in its result."""

from __future__ import annotations


def method_text(recipe: str, version: int) -> str:
    """What :class:`~CTSMALib.analysis.result.KneeAnalysis` says of its method.

    Args:
        recipe: name.
        version: of the recipe.
    """
    return f"apparent parameters on MR, recipe {recipe} version {version}"
