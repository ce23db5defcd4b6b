"""How well two ways of measuring agree: intraclass correlation, repeatability, intervals by patient."""

from CTSMALib.agreement.clustered import Interval, clustered_interval
from CTSMALib.agreement.icc import icc_agreement, icc_consistency
from CTSMALib.agreement.repeatability import Repeatability, repeatability

__all__ = ["Interval", "Repeatability", "clustered_interval", "icc_agreement", "icc_consistency", "repeatability"]
