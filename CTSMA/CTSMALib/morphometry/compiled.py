"""Functions compiled to machine code when first called, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function over numbers and arrays; it then runs without holding the interpreter.

    The code is kept beside the source or in the user's cache folder; where neither can be written, every process
    compiles anew, which takes some seconds. It is made again when the file of the function changes, but not when only
    a compiled function changes that it calls from another file: then delete ``__pycache__``.
    """
    return compiled_with()(function)


def compiled_with(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """:func:`compiled` with options of ``numba.njit``, such as ``fastmath=True``.

    Division by zero gives what numpy gives, which spares the compiled code a check.
    """
    options = {"error_model": "numpy", **options}

    def compile_function(function: Callable[..., Any]) -> Any:
        try:
            return njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:  # numba found no place for its cache
            return njit(nogil=True, **options)(function)

    return compile_function
