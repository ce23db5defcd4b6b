"""The selected patch, looked at closely: its picture, its values, what speaks against it, and excluding it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from CTSMALib.catalogue import quantity
from CTSMALib.scene.aspects import flag_text
from CTSMALib.scene.exclusions import History, history_of
from CTSMALib.scene.panel_state import PanelState
from CTSMALib.scene.patch_cuts import patch_cuts, png_of
from CTSMALib.scene.patch_table import PatchTable
from CTSMALib.scene.result_nodes import LAYER_DEPTHS_MM, ResultNodes
from CTSMALib.scene.selection import NO_PATCH
from CTSMALib.scene.table_nodes import head
from CTSMAPanels.qt_values import allow, value_of
from CTSMAPanels.settings.store import read_settings, write_settings
from CTSMAPanels.tables import fill, prepare
from CTSMAPanels.ui_files import load_panel

EXCLUDE_KEY, UNDO_KEY, REDO_KEY = "X", "Z", "Shift+Z"
TOLD_MS = 5000


class InspectorPanel:
    """The selected patch.

    Args:
        on_exclude: called with reason and reader when the user excludes the selected patch.
        on_include: called with the reader when the patch is to count again.
        on_undo, on_redo: called when the user wants that.
    """

    UI_FILE = "CTSMAInspector.ui"

    def __init__(
        self,
        on_exclude: Callable[[str, str], None],
        on_include: Callable[[str], None],
        on_undo: Callable[[], None],
        on_redo: Callable[[], None],
    ) -> None:
        self.widget, self.ui = load_panel(self.UI_FILE)
        self._on_exclude, self._on_include = on_exclude, on_include
        self._history, self._label, self._patch = History(), NO_PATCH, ""
        self._contributions: dict[str, float] = {}
        self._outdated = False
        self._result: ResultNodes | None = None
        self._shown: tuple[Any, ...] = ()
        prepare(self.ui.valueTable, [_("Quantity"), _("Value"), _("95 % interval")], 0)
        for reason in ("", _("Implant or metal artifact"), _("Cyst or lesion"), _("Vessel or growth plate"),
                       _("Osteophyte"), _("The box lies outside trabecular bone"), _("Motion or noise")):  # fmt: skip
            self.ui.reasonComboBox.addItem(reason)
        self.ui.readerEdit.setText(read_settings().reader)
        self.ui.readerEdit.textChanged.connect(lambda *_args: self._named())
        self.ui.reasonComboBox.editTextChanged.connect(lambda *_args: self._allow())
        self.ui.excludeButton.clicked.connect(lambda *_args: self.exclude())
        self.ui.includeButton.clicked.connect(lambda *_args: self.include())
        self.ui.undoButton.clicked.connect(lambda *_args: on_undo())
        self.ui.redoButton.clicked.connect(lambda *_args: on_redo())

    @property
    def reader(self) -> str:
        """The name of the reader; empty for none."""
        return str(value_of(self.ui.readerEdit, "text")).strip()

    @property
    def reason(self) -> str:
        """Why a patch is excluded; empty for none."""
        return str(value_of(self.ui.reasonComboBox, "currentText")).strip()

    def name_reader(self, reader: str) -> None:
        """Take a name that was entered elsewhere."""
        if reader != self.reader:
            self.ui.readerEdit.setText(reader)

    def show(
        self, state: PanelState, result: ResultNodes | None, contributions: Mapping[str, float] | None = None,
        outdated: bool = False,
    ) -> None:  # fmt: skip
        """Show the selected patch.

        Args:
            state: says which it is.
            result: the shown result.
            contributions: patch id to what it adds to the log odds of the shown diagnosis, positive towards
                osteoarthritis; ``None`` where no diagnosis is shown.
            outdated: patches have changed since that diagnosis.
        """
        self._result, self._contributions, self._outdated = result, dict(contributions or {}), outdated
        self._history = history_of(result) if result is not None else History()
        label = state.patch if result is not None and 1 <= state.patch <= len(result.patches) else NO_PATCH
        self._label, self._patch = label, result.patches.ids[label - 1] if result is not None and label else ""
        contents = (result.node.GetID() if result is not None else "", label)
        if contents != self._shown:
            self._shown = contents
            self._fill(result)
        self._say_remarks(result)
        self._allow()

    def draw(self) -> None:
        """Draw the patch again, for example after the window of the scan was changed."""
        result = self._result
        picture = patch_cuts(result, self._label) if result is not None and self._label else None
        self.ui.cutsLabel.setVisible(picture is not None)
        self.ui.cutsCaption.setVisible(picture is not None)
        if picture is not None:
            pixmap = qt.QPixmap()
            pixmap.loadFromData(png_of(picture))
            self.ui.cutsLabel.setPixmap(pixmap)

    def toggle(self) -> None:
        """Exclude the selected patch, or let it count again: what the key does. What is missing for that is told."""
        excluded = self._patch in self._history.current
        missing = self._reason_not_to_include() if excluded else self._reason_not_to_exclude()
        if missing:
            slicer.util.showStatusMessage(missing, TOLD_MS)
        elif excluded:
            self.include()
        else:
            self.exclude()

    def exclude(self) -> None:
        """Exclude the selected patch, if nothing is missing for that."""
        if not self._reason_not_to_exclude():
            self._on_exclude(self.reason, self.reader)

    def include(self) -> None:
        """Let the selected patch count again, if it is excluded."""
        if not self._reason_not_to_include():
            self._on_include(self.reader)

    def _fill(self, result: ResultNodes | None) -> None:
        shown = result is not None and bool(self._label)
        self.ui.valueTable.setVisible(shown)
        if not shown or result is None:
            self.ui.patchLabel.setText(_("No patch is selected. Click one in a view, in the list, or in the plot."))
            self.draw()
            return
        self.ui.patchLabel.setText(_about(result.patches, self._label, result.facts["compartments"]))
        rows = _value_rows(result.patches, self._label)
        fill(self.ui.valueTable, [(texts[0], texts) for _definition, *texts in rows])
        for row, (definition, *_texts) in enumerate(rows):
            self.ui.valueTable.item(row, 0).setToolTip(definition)
        self.draw()

    def _say_remarks(self, result: ResultNodes | None) -> None:
        lines = []
        if result is not None and self._label:
            flags = flag_text(str(result.patches.flags[self._label - 1]))
            lines += [_("Flagged: {flags}.").format(flags=flags)] if flags else []
            if self._patch in self._contributions:
                lines.append(_contribution(self._contributions[self._patch]))
                lines += [_("Patches have changed since that diagnosis; diagnose again.")] if self._outdated else []
            record = self._history.current.get(self._patch)
            if record is not None:
                text = _("Excluded by {who} on {when}: {reason}")
                lines.append(text.format(who=record.who, when=record.when[:16].replace("T", " "), reason=record.reason))
        self.ui.remarksLabel.setText("\n".join(lines))
        self.ui.remarksLabel.setVisible(bool(lines))
        count = len(self._history.current)
        self.ui.excludedLabel.setText(_("Excluded patches: {count}").format(count=count) if count else "")
        self.ui.excludedLabel.setVisible(bool(count))

    def _reason_not_to_exclude(self) -> str:
        if not self._label:
            return _("No patch is selected.")
        if self._patch in self._history.current:
            return _("The patch is excluded already.")
        if not self.reason:
            return _("Enter a reason first.")
        return "" if self.reader else _("Enter your name or initials first.")

    def _reason_not_to_include(self) -> str:
        if self._patch not in self._history.current:
            return _("The selected patch is not excluded.")
        return "" if self.reader else _("Enter your name or initials first.")

    def _allow(self) -> None:
        about = _("Let the patch not count: means, plots, table and report are made without it. Key: {key}")
        allow(self.ui.excludeButton, self._reason_not_to_exclude(), about.format(key=EXCLUDE_KEY))
        about = _("Take back that the patch is excluded. Key: {key}")
        allow(self.ui.includeButton, self._reason_not_to_include(), about.format(key=EXCLUDE_KEY))
        undoable, redoable = self._history.done > 0, self._history.done < len(self._history.steps)
        about = _("Take the last exclusion back. Key: {key}").format(key=UNDO_KEY)
        allow(self.ui.undoButton, "" if undoable else _("Nothing was excluded yet."), about)
        about = _("Do again what was undone last. Key: {key}").format(key=REDO_KEY)
        allow(self.ui.redoButton, "" if redoable else _("Nothing was undone."), about)

    def _named(self) -> None:
        write_settings(reader=self.reader)
        self._allow()


def _about(patches: PatchTable, label: int, compartments: list[dict[str, Any]]) -> str:
    row = label - 1
    key = str(patches.compartments[row])
    title = next((found["title"] for found in compartments if found["key"] == key), key)
    right, anterior, superior = patches.centers_ras_mm[row]
    text = _(
        "{patch}: {compartment}, {depth:g} mm under the plate; row {row} of 3 from the notch, column {column} of 4 "
        "from the front. Center R {r:.1f}, A {a:.1f}, S {s:.1f} mm; {share:.0f} % of the box was measured."
    )
    return text.format(
        patch=patches.ids[row], compartment=title, depth=LAYER_DEPTHS_MM[int(patches.layers[row])],
        row=patches.cells[row][0], column=patches.cells[row][1], r=right, a=anterior, s=superior,
        share=100 * float(patches.valid_fractions[row]),
    )  # fmt: skip


def _value_rows(patches: PatchTable, label: int) -> list[tuple[str, str, str, str]]:
    """Definition, quantity with unit, value, interval; apparent parameters first."""
    rows = []
    for key in sorted(patches.values, key=lambda name: not name.startswith("app_")):
        value, width = float(patches.values[key][label - 1]), float(patches.widths_of(key)[label - 1])
        if value != value:
            continue
        entry = quantity(key)
        digits, half = entry.decimals, width / 2
        low = max(value - half, entry.lowest)
        interval = "" if width != width else f"{low:.{digits}f} – {value + half:.{digits}f}"
        rows.append((entry.definition, head(entry), f"{value:.{digits}f}", interval))
    return rows


def _contribution(part: float) -> str:
    towards = _("towards osteoarthritis") if part > 0 else _("away from osteoarthritis")
    text = _("Adds {part:+.3f} to the log odds of the shown diagnosis, {towards}.")
    return text.format(part=part, towards=towards)
