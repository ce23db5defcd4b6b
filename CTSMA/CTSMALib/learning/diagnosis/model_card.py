"""The model card of a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass

from CTSMALib import __version__
from CTSMALib.diagnosis.names import LEAST_FAITHFUL
from CTSMALib.diagnosis.tokens import FEWEST, FEWEST_IN_COMPARTMENT
from CTSMALib.learning.diagnosis.config import DiagnosisConfig
from CTSMALib.learning.diagnosis.dataset import DiagnosisData
from CTSMALib.learning.diagnosis.evaluate import Evaluation
from CTSMALib.learning.diagnosis.faithfulness import DRAWS, Faithfulness

_TITLES = {"mr": "measured on MR", "truth": "the truth of virtual knees"}
_MEASURES = (
    "auc", "auc by patient", "brier", "calibration slope", "calibration error", "ranked probability score",
    "weighted kappa",
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """What else a card tells.

    Attributes:
        default: the aggregator that answers.
        faithful: by aggregator.
        limit: distance from the training beyond which nothing is said.
    """

    default: str
    faithful: dict[str, Faithfulness]
    limit: float


def model_card(
    config: DiagnosisConfig, data: DiagnosisData, simulated: bool, evaluation: Evaluation, chosen: Chosen
) -> str:
    """Markdown: what the models are for, what they learned from, how good they are, what they must not be used for."""
    kind = "virtual knees" if simulated else "knees"
    said = "Trained on simulated knees. " if simulated else ""
    origin = _TITLES.get(data.values_from, f"predicted by {data.values_from}")
    rows = []
    for name in config.aggregators:
        rows.append(f"| {name} | " + " | ".join(str(evaluation.of(name, measure)) for measure in _MEASURES) + " |")
    table = "\n".join([f"| aggregator | {' | '.join(_MEASURES)} |", "| --- " * (len(_MEASURES) + 1) + "|", *rows])
    apart = next(d for d in evaluation.differences if {d.first, d.second} == {"transformer", "logistic"})
    faithful = "\n".join(
        f"- {name}: {found.share} of {found.patients} patients" for name, found in chosen.faithful.items()
    )
    beside = f", and {config.features} features that the student gives each" if config.features else ""
    return f"""# Patches of a knee to the probability of osteoarthritis

**Research use only: not a medical device.** {said}It gives no probability for a real person unless it is asked to for
research, and says then what it was trained on.

**For:** studying how far subchondral trabecular parameters tell knees of Kellgren-Lawrence grade 2 or more from others.

**Takes** apparent parameters of up to 96 patches of the learning grid, and their standard uncertainties{beside}.

**Gives** the probability with an interval, those of the grades 0 to 4, and what each patch adds to the log odds. It
says nothing where fewer than {FEWEST} patches, or fewer than {FEWEST_IN_COMPARTMENT} of a compartment, have values, or
where the means of the compartments lie farther than {chosen.limit:.2f} from those of the training.

**Learned from** {evaluation.knees} {kind} of {evaluation.patients} patients, {evaluation.diseased} of them with
osteoarthritis; values {origin}. {len(data.left_out)} more were left out: grade unknown, or too few
patches with values.

**On patients that were not learned from** ({config.outer_folds}-fold cross-validation by patient, settings and
calibration chosen in {config.inner_folds} inner folds, {config.budget} settings for each aggregator; 95 % intervals,
those of "auc" of DeLong, the others from resampling patients):

{table}

AUC of {apart.first} less that of {apart.second}: {apart.by_patient}, interval by resampling patients. The default is
**{chosen.default}**: of those that explain faithfully, the Transformer only if its AUC is higher by more than
{config.tie}. The bundle holds both.

**Whether its explanations are faithful:** removing the tenth of the patches that speak most for an answer changes it
more than the mean of {DRAWS} draws of as many patches from the same compartments, on patients that were not learned
from (at least {LEAST_FAITHFUL} is asked for; 95 % intervals):

{faithful}

**Made with** `ctsma train diagnosis` of CTSMA {__version__}, seed {config.seed}. License Apache-2.0.
"""
