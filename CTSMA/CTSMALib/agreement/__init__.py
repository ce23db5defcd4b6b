"""How well two ways of measuring agree: intraclass correlation, repeatability, intervals by patient."""

from CTSMALib.agreement.bland_altman import BlandAltman, bland_altman
from CTSMALib.agreement.clustered import Interval, clustered_interval
from CTSMALib.agreement.icc import icc_agreement, icc_consistency
from CTSMALib.agreement.pair_moments import PairStatistics, limits_of_agreement, pair_moments, pair_statistics
from CTSMALib.agreement.repeatability import Repeatability, repeatability
from CTSMALib.agreement.resampling import corrected_interval, patient_draws

__all__ = [
    "BlandAltman",
    "Interval",
    "PairStatistics",
    "Repeatability",
    "bland_altman",
    "clustered_interval",
    "corrected_interval",
    "icc_agreement",
    "icc_consistency",
    "limits_of_agreement",
    "pair_moments",
    "pair_statistics",
    "patient_draws",
    "repeatability",
]
