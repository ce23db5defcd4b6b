"""The engines by name."""

from __future__ import annotations

from CTSMALib.errors import InputError, MissingDependencyError
from CTSMALib.registration.engines.engine import Engine
from CTSMALib.registration.engines.mutual_information import MutualInformation
from CTSMALib.registration.names import DEFAULT_ENGINE, ENGINES, GREEDY


def engine_named(name: str = DEFAULT_ENGINE) -> Engine:
    """An engine.

    Args:
        name: one of :data:`~CTSMALib.registration.names.ENGINES`.

    Raises:
        InputError: there is none of that name.
        MissingDependencyError: the package that it needs is not installed.
    """
    if name == DEFAULT_ENGINE:
        return MutualInformation()
    if name != GREEDY:
        raise InputError(f"There is no engine '{name}'.", f"Engines are {', '.join(ENGINES)}.")
    try:
        from CTSMALib.registration.engines.greedy import Greedy
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "The engine 'greedy' needs the package picsl-greedy.", "Install it: pip install picsl-greedy"
        ) from error
    return Greedy()
