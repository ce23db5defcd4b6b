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
_ADVICE: dict[type[ast.expr], str] = {
    ast.JoinedStr: "translate the text with names in braces, then use format",
    ast.BinOp: "translate, then put together",
}
_OTHERWISE = "translate the text where it is written"
_A_WORD = re.compile(r"[A-Za-z]{3,}")
# Tests and scripts read these; users do not.
_NOT_FOR_USERS = re.compile(r"[a-z0-9_.\-/]+|https?://\S+")


def untranslated(tree: ast.AST) -> Iterator[str]:
    """Visible texts that do not pass through ``_()``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _called(node)
            if name in _SHOWING_METHODS | _SHOWING_FUNCTIONS:
                for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                    yield from (f"line {node.lineno}: {name}: {text}" for text in _plain_texts(argument))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr in _SHOWN_ATTRIBUTES:
                    yield from (f"line {node.lineno}: {target.attr}: {text}" for text in _plain_texts(node.value))


def unknown_to_translators(tree: ast.AST) -> Iterator[str]:
    """Texts given to ``_()`` that are not written there: whoever collects texts for translation reads only these."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := _called(node)) in _TRANSLATE:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                if not _is_literal(argument):
                    advice = _ADVICE.get(type(argument), _OTHERWISE)
                    yield f"line {node.lineno}: {name}({ast.unparse(argument)}): {advice}"


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
