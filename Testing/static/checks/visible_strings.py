"""Texts that a user sees and that cannot be translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_TRANSLATE = ("_", "translate")
_SHOWING_METHODS = {
    *("setText", "setToolTip", "setTitle", "setWindowTitle", "setPlaceholderText", "setStatusTip", "setWhatsThis"),
    *("setHtml", "setPlainText", "setLabelText", "setSpecialValueText", "setPrefix", "setSuffix", "setFormat"),
    *("addItem", "addItems", "insertItem", "setItemText", "setHorizontalHeaderLabels", "setVerticalHeaderLabels"),
    *("setHeaderLabels", "setHeaderLabel", "addAction", "addMenu", "addTab", "addRow", "setNoneDisplay", "showMessage"),
}
_SHOWING_FUNCTIONS = {
    *("allow", "infoDisplay", "warningDisplay", "errorDisplay", "delayDisplay", "confirmOkCancelDisplay"),
    *("confirmYesNoDisplay", "confirmRetryCloseDisplay", "messageBox", "showStatusMessage", "createProgressDialog"),
    *("tryWithErrorDisplay", "getExistingDirectory", "getOpenFileName", "getSaveFileName"),
}
_SHOWN_ATTRIBUTES = {"title", "helpText", "acknowledgementText", "categories"}
_A_WORD = re.compile(r"[A-Za-z]{3,}")
# Tests and scripts read these; users do not.
_NOT_FOR_USERS = re.compile(r"[a-z0-9_.\-/]+|https?://\S+")


def untranslated(tree: ast.AST) -> Iterator[str]:
    """Visible texts that do not pass through ``_()``, and texts that it cannot look up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _called(node)
            if name in _SHOWING_METHODS | _SHOWING_FUNCTIONS:
                for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                    yield from (f"line {node.lineno}: {name}: {text}" for text in _plain_texts(argument))
            if name in _TRANSLATE and any(not _is_literal(argument) for argument in node.args):
                yield from _unknown_to_translators(node, name)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr in _SHOWN_ATTRIBUTES:
                    yield from (f"line {node.lineno}: {target.attr}: {text}" for text in _plain_texts(node.value))


def _unknown_to_translators(node: ast.Call, name: str) -> Iterator[str]:
    for argument in node.args:
        if isinstance(argument, ast.JoinedStr):
            yield f"line {node.lineno}: {name}() of an f-string, which is never found; use format"
        elif isinstance(argument, ast.BinOp) or (isinstance(argument, ast.Call) and _called(argument) == "format"):
            yield f"line {node.lineno}: {name}() of a text that is put together first; translate, then put together"


def _plain_texts(node: ast.expr) -> Iterator[str]:
    """Words in an expression that reach the user as they are."""
    if isinstance(node, ast.Call) and _called(node) in _TRANSLATE:
        return
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
        if _A_WORD.search(text) and not _NOT_FOR_USERS.fullmatch(text):
            yield repr(text)
        return
    if isinstance(node, ast.Call):
        # What other functions are given is theirs; only a text's own methods hand it on.
        if isinstance(node.func, ast.Attribute):
            yield from _plain_texts(node.func.value)
        return
    if isinstance(node, ast.Lambda | ast.Subscript | ast.Compare):
        return
    if isinstance(node, ast.IfExp):
        yield from (*_plain_texts(node.body), *_plain_texts(node.orelse))
        return
    if isinstance(node, ast.FormattedValue):
        yield from _plain_texts(node.value)
        return
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.expr):
            yield from _plain_texts(part)


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
