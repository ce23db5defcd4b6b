"""The jobs of a review: registering, refining from where bones lie, judging again. No widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from CTSMALib.errors import CTSMAError
from CTSMALib.jobs.commands import register_arguments
from CTSMALib.jobs.request import RegisterRequest
from CTSMALib.scene.ct_node import why_not, write_ct
from CTSMALib.scene.registration.judging import JobWish
from CTSMAPanels.panel_jobs import PanelJobs


class ReviewJobs(PanelJobs):
    """Registers, refines and judges; see :class:`CTSMAPanels.panel_jobs.PanelJobs`."""

    def register(self, ct: Any, mr: Any, out: Path, guide: str, on_done: Callable[[Path], None]) -> None:
        """Register two volumes of the scene.

        Args:
            ct, mr: volume nodes.
            out: folder to make.
            guide: what is compared with the CT, as of :class:`~CTSMALib.jobs.request.RegisterRequest`.
            on_done: called with the folder of the registration.

        Raises:
            CTSMAError: a node holds no scan, a job is running, or the disk is full.
        """
        self._refuse_if_busy()
        scans = self._written(ct, mr)
        self._start(RegisterRequest(*scans, out=out, guide=guide), on_done)

    def go_on(self, wish: JobWish, scans: tuple[Any, Any], on_done: Callable[[Path], None], guide: str) -> None:
        """Run stages of a registration again.

        Args:
            wish: of a review.
            scans: CT and MR, both paths or both volume nodes.
            on_done: called with the folder of the result, which is deleted afterwards.
            guide: what is compared with the CT where bones are found anew, as of :meth:`register`.

        Raises:
            CTSMAError: as of :meth:`register`.
        """
        self._refuse_if_busy()
        paths = scans if isinstance(scans[0], Path) else self._written(*scans)
        work = self._work if self._work is not None else self._new_work()
        request = RegisterRequest(
            *paths, out=work / "result", initial=wish.initial_folder, from_stage=wish.stage,
            bones=wish.found_anew,
        )  # fmt: skip
        self._start(replace(request, guide=guide) if wish.found_anew else request, on_done)

    def _start(self, request: RegisterRequest, on_done: Callable[[Path], None]) -> None:
        self._finish = on_done
        self.runner.start(register_arguments(request))

    def _written(self, ct: Any, mr: Any) -> tuple[Path, Path]:
        for title, node in (("CT", ct), ("MR", mr)):
            reason = why_not_scan(node, title)
            if reason:
                raise CTSMAError(reason, _("Choose the {title} of a knee.").format(title=title))
        work = self._new_work()
        paths = work / "ct.nrrd", work / "mr.nrrd"
        for node, path in zip((ct, mr), paths, strict=True):
            write_ct(node, path)
        return paths


def why_not_scan(node: Any, title: str) -> str:
    """Why a node cannot be registered, as one translated sentence; empty where it can.

    Args:
        node: volume node, or ``None``.
        title: "CT" or "MR".
    """
    if node is None:
        return _("Choose the {title} of a knee.").format(title=title)
    problem = why_not(node)
    return _("{title}: {problem}").format(title=title, problem=problem) if problem else ""
