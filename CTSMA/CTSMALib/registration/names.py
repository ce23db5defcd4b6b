"""Names that users choose by, without anything heavy behind them."""

from __future__ import annotations

POSE, KNEE, BONES, LOCAL, JUDGE = STAGES = ("pose", "knee", "bones", "local", "judge")
MR, SYNTHETIC, BOTH = GUIDES = ("mr", "synthetic", "both")  # what the stages compare with the CT
KEEPING = (LOCAL, JUDGE)  # stages that leave the rigid motions as they are
DEFAULT_ENGINE, GREEDY = ENGINES = ("mutual-information", "greedy")
