"""Names that users choose by, without anything heavy behind them."""

from __future__ import annotations

POSE, KNEE, BONES, LOCAL = STAGES = ("pose", "knee", "bones", "local")
DEFAULT_ENGINE, GREEDY = ENGINES = ("mutual-information", "greedy")
