"""The measurement groups of the structured report: scan, compartments, patches, diagnosis (TID 1501)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import highdicom as hd
import numpy as np
from highdicom.sr import Measurement, MeasurementsAndQualitativeEvaluations

from CTSMALib.analysis.compartment_findings import is_of_places
from CTSMALib.analysis.result import CompartmentFinding, PatchMeasurement
from CTSMALib.anatomy.labels import BONES, COMPARTMENTS
from CTSMALib.catalogue import Quantity, quantities
from CTSMALib.report.diagnosis.stored import StoredDiagnosis
from CTSMALib.report.dicom import codes
from CTSMALib.report.dicom.codes import concept, quantity_code, unit_code
from CTSMALib.report.dicom.study import Study

_BONES = {bone.name: bone for bone in BONES}
_COMPARTMENTS = {compartment.key: compartment for compartment in COMPARTMENTS}


def measurement_groups(study: Study, diagnosis: StoredDiagnosis | None) -> list[MeasurementsAndQualitativeEvaluations]:
    """All groups of a result.

    Args:
        study: where the report goes.
        diagnosis: one that shows a probability; else ``None``.
    """
    found = [*_scan(study)]
    for finding in study.analysis.compartments:
        found += _compartment(finding, study)
    for measurement in study.analysis.patches:
        found += _patch(measurement, study)
    return found if diagnosis is None else [*found, _diagnosis(diagnosis, study)]


def _scan(study: Study) -> Iterator[MeasurementsAndQualitativeEvaluations]:
    """What was measured of the whole scan."""
    values = study.analysis.scan_values
    known = [entry for entry in quantities(scope="scan") if entry.key in values]
    if known:
        yield _group(
            study, "scan", _algorithm(known[0], study), [_knee(study)],
            [_measurement(entry, values[entry.key]) for entry in known],
        )  # fmt: skip


def _compartment(finding: CompartmentFinding, study: Study) -> Iterator[MeasurementsAndQualitativeEvaluations]:
    """Mean, standard deviation and number of values of each quantity; a group for each algorithm."""
    sites = [_site(_COMPARTMENTS[finding.key].bone.name, finding.key, study)]
    if not finding.reported:
        yield _group(study, finding.key, _direct(study), sites, [], codes.NOT_REPORTED)
        return
    for algorithm, entries in _by_algorithm(finding.values, study):
        measurements = [one for entry in entries for one in _summary(finding, entry, study)]
        yield _group(study, finding.key, algorithm, sites, measurements, codes.REPORTED)


def _summary(finding: CompartmentFinding, entry: Quantity, study: Study) -> Iterator[Measurement]:
    """Mean, standard deviation where there are two values, and how many there are."""
    summary = finding.values[entry.key]
    yield _measurement(entry, summary.mean, codes.MEAN)
    if summary.n > 1:
        yield _measurement(entry, summary.sd, codes.STANDARD_DEVIATION)
    of_places = is_of_places(finding, entry.key, study.analysis.patches)
    unit, count = (codes.PLACES, codes.PLACE_COUNT) if of_places else (codes.PATCHES, codes.PATCH_COUNT)
    yield Measurement(
        name=quantity_code(entry), value=float(summary.n), unit=concept(unit), derivation=concept(count)
    )  # fmt: skip


def _patch(measured: PatchMeasurement, study: Study) -> Iterator[MeasurementsAndQualitativeEvaluations]:
    """The quantities of a patch that maps show, with its center, and how uncertain they are."""
    patch = measured.patch
    mapped = {entry.key for entry in quantities(scope="patch", mapped=True)} & measured.values.keys()
    sites = [_site(patch.bone, patch.compartment, study)]
    place = hd.sr.CoordinatesForMeasurement3D("POINT", np.array([patch.center_lps_mm]), study.frame_of_reference)
    for algorithm, entries in _by_algorithm(mapped, study):
        measurements = []
        for entry in entries:
            measurements.append(_measurement(entry, measured.values[entry.key], places=[place]))
            if entry.key in measured.uncertainties:
                measurements.append(_measurement(entry, measured.uncertainties[entry.key], codes.UNCERTAINTY))
        yield _group(study, patch.id, algorithm, sites, measurements)


def _diagnosis(found: StoredDiagnosis, study: Study) -> MeasurementsAndQualitativeEvaluations:
    """Probability of osteoarthritis with its interval, and of each grade.

    No finding is named: a reader would take it for one that the knee has, however low the probability is.
    """
    unit, name = concept(codes.NO_UNITS), concept(codes.PROBABILITY)
    measurements = [Measurement(name=name, value=found.probability, unit=unit)]
    for value, derivation in ((found.low, codes.LOWER), (found.high, codes.UPPER)):
        measurements.append(Measurement(name=name, value=value, unit=unit, derivation=concept(derivation)))
    for grade, share in enumerate(found.grades):
        measurements.append(Measurement(name=codes.grade_code(grade), value=share, unit=unit))
    algorithm = hd.sr.AlgorithmIdentification(name=f"CTSMA diagnosis, {found.aggregator}", version=found.model)
    return _group(study, "diagnosis", algorithm, [_knee(study)], measurements)


def _group(
    study: Study, name: str, algorithm: hd.sr.AlgorithmIdentification, sites: list[hd.sr.FindingSite],
    measurements: list[Measurement], reporting: tuple[str, str, str] | None = None,
) -> MeasurementsAndQualitativeEvaluations:  # fmt: skip
    evaluations = []
    if reporting is not None:
        evaluations.append(hd.sr.QualitativeEvaluation(concept(codes.REPORTING), concept(reporting)))
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=study.identity.tracking_uid(study.source.digest, "group", name, study.analysis.side.side),
            identifier=name,
        ),
        algorithm_id=algorithm,
        finding_sites=sites,
        measurements=measurements or None,
        qualitative_evaluations=evaluations or None,
    )


def _measurement(
    entry: Quantity, value: float, derivation: tuple[str, str, str] | None = None,
    places: list[hd.sr.CoordinatesForMeasurement3D] | None = None,
) -> Measurement:  # fmt: skip
    return Measurement(
        name=quantity_code(entry), value=float(value), unit=unit_code(entry),
        derivation=None if derivation is None else concept(derivation), referenced_coordinates=places,
    )  # fmt: skip


def _by_algorithm(
    keys: Mapping[str, object] | set[str], study: Study
) -> Iterator[tuple[hd.sr.AlgorithmIdentification, list[Quantity]]]:
    """The quantities of some keys in the order of the catalogue, in groups of one algorithm."""
    known = [entry for entry in quantities(scope="patch") if entry.key in keys]
    direct = [entry for entry in known if entry.key.startswith("ct_")]
    others = [entry for entry in known if not entry.key.startswith("ct_")]
    for entries in (direct, others):
        if entries:
            yield _algorithm(entries[0], study), entries


def _algorithm(entry: Quantity, study: Study) -> hd.sr.AlgorithmIdentification:
    """What measured a quantity."""
    analysis = study.analysis
    if analysis.modality == "MR":
        return hd.sr.AlgorithmIdentification(
            name="CTSMA apparent parameters of an MR", version=analysis.software_version,
            parameters=[analysis.method],
        )  # fmt: skip
    if entry.key.startswith(("app_", "vcal_")):
        return hd.sr.AlgorithmIdentification(
            name="CTSMA student", version=f"{analysis.software_version}, model SHA-256 {analysis.model_sha256}",
            parameters=[analysis.method],
        )  # fmt: skip
    return _direct(study)


def _direct(study: Study) -> hd.sr.AlgorithmIdentification:
    return hd.sr.AlgorithmIdentification(name="CTSMA direct CT measurement", version=study.analysis.software_version)


def _site(bone: str, compartment: str, study: Study) -> hd.sr.FindingSite:
    """A bone, or the half of it that a compartment is."""
    half = _COMPARTMENTS.get(compartment)
    return hd.sr.FindingSite(
        codes.bone_code(_BONES[bone]), laterality=codes.side_code(study.analysis.side.side),
        topographical_modifier=None if half is None else codes.half_code(half),
    )  # fmt: skip


def _knee(study: Study) -> hd.sr.FindingSite:
    return hd.sr.FindingSite(concept(codes.KNEE), laterality=codes.side_code(study.analysis.side.side))
