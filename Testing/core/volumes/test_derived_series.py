"""Series computed from a CT: some are no CT any more and are refused, of others it is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from CTSMALib.errors import InputError
from CTSMALib.notices import Severity
from CTSMALib.volumes import list_series, read_scan
from CTSMALib.volumes.dicom_cautions import names_agent
from CTSMALib.volumes.dicom_derived import derived_kind, says_one_energy, spoken_kind
from Testing.core.volumes.bad_inputs import attribute
from Testing.core.volumes.dicom_writer import Geometry, write_enhanced, write_series
from Testing.core.volumes.same_scan import assert_same, codes

ORIGINAL = ("ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI")
SELDOM_ORIGINAL = {
    "projection": (
        *("MIP", "Knie MIP cor", "MIP_SAG", "thick_mip_5mm", "AxMIP", "ThickMIPs 10", "MinIP", "min-IP axial"),
        *("Maximum Intensity", "Knee projection", "Projektion sag.", "Projections cor", "3D-MIP", "Projection: Knee"),
        *("Average IP 5", "AveIP", "Avg-IP sag", "Knee AIP", "AIP_10mm", "Non contrast MIP cor", "MIP for surgeon"),
        *("MIP ohne KM", "sans injection MIP", "VRT-MIP Datensatz"),
    ),
    "color": ("Overlay", "BM Overlay", "Color Map", "Colour-map", "Farbkarte", "Carte couleur"),
    "combined": ("Subtraction", "Knee subtracted", "Subtraktion sag", "Soustraction"),
    "gout": (
        "Dual Energy Gout",
        "DE_Gout",
        "DECT_Gout",
        "DECT Gicht 1.0",
        "Gout (dual-energy)",
        "goutte double énergie",
    ),
}
NEVER_ORIGINAL = {
    "non-contrast": (
        *("VNC", "Knee VNC 1.0", "VNCa_Br40", "DE_VNC", "Virtual non-contrast", "virtual noncontrast"),
        *("Virtual Non Calcium", "Calcium suppressed 25", "CaSupp 25", "virtuell nativ", "Kalziumsupprimiert"),
        *("Virtuel sans contraste", "calcium supprimé", "non-calcium", "virtuell nicht-Kontrast", "VNC MIP", "Ca Supp"),
        *("VNC for MIP",),
    ),
    "material": (
        *("Iodine map", "Iodine Overlay", "Jodkarte", "Carte d'iode", "Iodine(Water)", "HAP (Water)", "Iodine density"),
        *("IodineMap", "Iodine no Water", "Iodine", "IODINE 1.0", "Iodine [mg/ml]", "SBI Iodine", "Jod", "Uric acid"),
        *("Knee Uric-Acid 1.0", "Harnsäure", "Acide urique"),
    ),
    "atomic numbers": (
        *("Z effective", "Zeff", "Z_eff map", "Effective Z", "Effective atomic number", "Rho/Z", "Z effektiv"),
        *("Z effectif", "Z-eff"),
    ),
    "electron densities": ("Electron density", "ElectronDensity", "Elektronendichte", "Densité électronique"),
}
NO_CT = (*SELDOM_ORIGINAL.items(), *NEVER_ORIGINAL.items())
ORDINARY = (
    *("Knee bone 0.6", "Knie li. nativ 0.75 Br64", "KNEE BONEPLUS 0.625MM", "Genou sans injection", "CT Knie MPR sag"),
    *("Hemiprothese links", "Hémipelvis", "Semi-automatisch", "Knee non-contrast", "Knie ohne KM", "Non contrast"),
    *("Dual Energy 80/Sn150 M_0.5", "Knee overlap 50%", "Überlappend 0.5", "Topogramm 0.6 T80", "eff. mAs 80"),
    *("Multiplanar reprojection", "Projekt Knie", "Iodine allergy", "Jodallergie", "Ca-Score", "Arthro-CT KM"),
    *("Reconstruction multiplanaire", "coupe 0,6 os", "Filtre dur", "Weichteil 3.0", "Virtuelle Planung", "Z-Achse"),
    *("Zimmer effizient", "Electronic cleansing", "Farbenlos", "tempus minim", "Minimal dose", "Implant VN", "Monopod"),
    *("Maximale Flexion", "minimum dose", "Plateau tibial", "Tibiakopf Knochenfenster", "mit Iod", "Vue sagittale"),
    *("Virtual non-union planning", "Miniplate", "Mini Platte", "color-blind"),
    *("Knee 0.6 Br60 for MIP", "0.625 BONE FOR MIPS", "Thin MIP/MPR source", "Knie 0,75 Bv fuer MIP", "Bv für MIP"),
    *(
        "RECON FOR 3D/MIP",
        "Thin bone (non MIP)",
        "Knee no overlay",
        "os pour MIP",
        "sans overlay",
        "w/o MIP",
        "MIP source",
    ),
    *("Recon for maximum intensity projection", "z-effect knee", "ca support cast", "gout knee", "Gicht Knie re."),
    *(
        "vue coronale",
        "Revue",
        "Knie mit Jod",
        "Genou goutte",
        "DE knee 0.6",
        "no MIP/overlay",
        "Recherche de goutte",
        "Recon for 3D/VRT",
    ),
)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in NO_CT for name in names])
def test_a_series_that_is_no_ct_any_more_is_told_by_its_name(kind: str, name: str) -> None:
    assert kind in derived_kind(name, ())
    assert kind in derived_kind(name, ("DERIVED", "SECONDARY", "AXIAL"))


@pytest.mark.parametrize("name", [name for names in SELDOM_ORIGINAL.values() for name in names])
def test_an_original_image_may_speak_of_what_is_made_of_it(name: str) -> None:
    assert derived_kind(name, ORIGINAL) == ""
    assert spoken_kind(name)


@pytest.mark.parametrize("name", [name for names in NEVER_ORIGINAL.values() for name in names])
def test_products_of_several_energies_are_refused_though_they_are_called_original(name: str) -> None:
    assert derived_kind(name, ORIGINAL)


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_name_is_not_taken_for_one(name: str) -> None:
    assert (
        derived_kind(name, ORIGINAL) == derived_kind(name, ("DERIVED", "SECONDARY", "MPR")) == spoken_kind(name) == ""
    )


@pytest.mark.parametrize("name", ["VUE", "Knee VUE 1.0", "VRT", "Knie VRT-Datensatz"])
def test_a_name_that_may_be_that_of_one_is_no_reason_to_refuse(name: str) -> None:
    assert derived_kind(name, ORIGINAL) == derived_kind(name, ("DERIVED", "SECONDARY")) == ""
    assert spoken_kind(name)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("MIP", "projection"), ("PROJECTION IMAGE", "projection"), ("MAXIMUM", "projection"), ("MINIP", "projection"),
     ("VNC", "non-contrast"), ("MAT_REMOVED", "non-contrast"), ("MAT_SPECIFIC", "material"), ("IODINE_MAP", "material"),
     ("EFF_ATOMIC_NUM", "atomic numbers"), ("ELECTRON_DENSITY", "electron densities"), ("OVERLAY", "color"),
     ("MEAN", "projection"), ("AVERAGE", "projection"), ("SUBTRACTION", "combined"), ("STD_DEVIATION", "combined"),
     ("DIVISION", "combined"), ("IODINE", "material")],
)  # fmt: skip
def test_it_is_told_by_any_value_of_its_type(value: str, kind: str) -> None:
    assert kind in derived_kind("Knee", ("DERIVED", "SECONDARY", "AXIAL", value))
    assert kind in derived_kind("Knee", (*ORIGINAL, value))


def test_a_reformatted_image_may_be_averaged() -> None:
    """So GE calls every reformatted image."""
    assert derived_kind("Knee cor", ("DERIVED", "SECONDARY", "REFORMATTED", "AVERAGE")) == ""
    assert derived_kind("Knee cor", ("DERIVED", "SECONDARY", "REFORMATTED", "MIP"))


def test_it_is_refused_and_the_others_are_offered(tmp_path: Path, a_phantom: np.ndarray) -> None:
    write_series(tmp_path / "a", a_phantom, series_number=1, description="Knee VNC Br64")
    write_series(tmp_path / "b", a_phantom[:, :, ::-1], series_number=2, description="Chest soft")
    scan = read_scan(tmp_path)
    assert scan.header.series_number == "2"
    refused = list_series(tmp_path)[1]
    assert (refused.number, refused.usable) == ("1", False)
    with pytest.raises(InputError, match="Series 1 'Knee VNC Br64' holds virtual non-contrast") as caught:
        read_scan(tmp_path, "1")
    assert caught.value.remedy == "Give the original CT series of the knee."


def test_single_projections_are_left_out(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def edit(ds: Dataset, i: int) -> None:
        if i >= 40:
            ds.ImageType = ["DERIVED", "SECONDARY", "MIP"]

    write_series(tmp_path, np.concatenate([a_phantom, a_phantom[:2] + 500]), positions=[*range(40), 3, 4], edit=edit)
    scan = read_scan(tmp_path)
    assert_same(scan, a_phantom, Geometry())
    assert codes(scan) == {"images-left-out"}


def test_frames_of_an_enhanced_file_are_told_by_their_type(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def typed(*values: str):
        def edit(ds: Dataset) -> None:
            for groups in ds.PerFrameFunctionalGroupsSequence:
                item = Dataset()
                item.FrameType = list(values)
                groups.CTImageFrameTypeSequence = Sequence([item])

        return edit

    write_enhanced(tmp_path / "m.dcm", a_phantom, edit=typed("DERIVED", "PRIMARY", "VOLUME", "MAXIMUM"))
    with pytest.raises(InputError, match="projection"):
        read_scan(tmp_path / "m.dcm")
    write_enhanced(tmp_path / "d.dcm", a_phantom, edit=typed("DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"))
    assert codes(read_scan(tmp_path / "d.dcm")) == {"derived-images"}


ONE_ENERGY = (
    *(
        "kev 70",
        "KeV70",
        "low keV",
        "MonoE",
        "mono+ 70",
        "Mono 70keV",
        "monoenergetic",
        "VMI",
        "Knee 70 keV",
        "mono 70",
    ),
    *("monoénergétique", "Monochromatic 65", "MonoPlus", "virtual mono", "GSI MONO", "VMI_70", "Mono-E 50", "Mono 140"),
)
NOT_ONE_ENERGY = (
    *("Mono Knee protocol", "MONO LEFT KNEE", "Knee mono-planar", "SINGLE ENERGY MONO", "MONOCHROME", "MONOCHROME2"),
    *("Monopod", "Kevlar 2", "Mono 120 kV", "MONO 80KV", "Mono 0.6", "Mono 10 mm"),
)


@pytest.mark.parametrize(("text", "expected"), [(t, t in ONE_ENERGY) for t in (*ONE_ENERGY, *NOT_ONE_ENERGY)])
def test_images_of_one_energy_are_told_by_their_name(text: str, expected: bool) -> None:
    assert says_one_energy(text) is expected


@pytest.mark.parametrize(
    ("name", "said"), [("VRT-MIP Datensatz", "speaks of a projection"), ("Projection: Knee", "speaks of a projection"),
                       ("VUE genou", "speaks of virtual unenhanced images"), ("Knee for MIP", "")],
)  # fmt: skip
def test_a_name_that_speaks_of_a_computed_image_is_told(
    tmp_path: Path, a_phantom: np.ndarray, name: str, said: str
) -> None:
    write_series(tmp_path, a_phantom, description=name)
    notices = read_scan(tmp_path).notices
    assert [(n.code, n.severity) for n in notices] == [("maybe-derived", Severity.CAUTION)] * bool(said)
    assert all(said in n.text and "Check that it is the CT itself" in n.text for n in notices)


MONO, DERIVED = {"monoenergetic-images"}, {"derived-images"}


@pytest.mark.parametrize(
    ("name", "types", "expected"),
    [("Knee 70 keV", ["ORIGINAL", "PRIMARY", "AXIAL"], MONO), ("MonoE 40keV", ["DERIVED", "PRIMARY"], MONO | DERIVED),
     ("Monoenergetic Plus", ["ORIGINAL", "PRIMARY"], MONO), ("Knie mono+ 55", ["ORIGINAL", "PRIMARY"], MONO),
     ("monoénergétique", ["ORIGINAL", "PRIMARY"], MONO), ("Knee", ["ORIGINAL", "PRIMARY", "AXIAL", "VMI"], MONO),
     ("Knee 120 kV", ["DERIVED", "SECONDARY", "MPR"], DERIVED), ("Kevlar 2", ["ORIGINAL", "PRIMARY", "AXIAL"], set()),
     ("Monopod M_0.5", ["ORIGINAL", "PRIMARY", "AXIAL"], set())],
)  # fmt: skip
def test_what_was_computed_is_said(
    tmp_path: Path, a_phantom: np.ndarray, name: str, types: list[str], expected: set[str]
) -> None:
    write_series(tmp_path, a_phantom, description=name, edit=attribute("ImageType", types))
    scan = read_scan(tmp_path)
    assert codes(scan) == expected
    assert all(notice.severity == Severity.CAUTION for notice in scan.notices)


@pytest.mark.parametrize(("stated", "expected"), [("01", {"lossy-compression"}), ("00", set())])
def test_loss_by_compression_is_said(tmp_path: Path, a_phantom: np.ndarray, stated: str, expected: set[str]) -> None:
    write_series(tmp_path, a_phantom, edit=attribute("LossyImageCompression", stated))
    assert codes(read_scan(tmp_path)) == expected


NO_AGENT = (
    *("NO IV CONTRAST", "W/O", "WO", "w/o contrast", "NON CONTRAST", "noncontrast", "non-contrast", "None given"),
    *("NONE & NONE", "ohne KM", "sans injection", "non injecté", "0 ml", "0", "UNKNOWN", "ANONYMIZED", "REMOVED"),
    *("", "None", "none.", "(none)", "n/a", "NA", "nil", "-", "nativ", "NATIVE", "keine", "kein Kontrastmittel"),
    *("without", "unenhanced", "Oral: none", "IV contrast not given", "KM: nein", "0.0 ml", "aucun", "nein", "xxx"),
    *("sans produit de contraste", "xxxx"),
)
AGENTS = (
    *("Omnipaque 300", "Iopamidol", "APPLIED", "CE", "YES", "Ultravist 370 w/ saline", "NOVISTAT 100", "100 ml"),
    *("NONE & Omnipaque", "Iohexol & NONE", "IV", "oral contrast", "Natrium", "Xenetix 350", "Non-ionic 300"),
)


@pytest.mark.parametrize(("agent", "expected"), [(a, a in AGENTS) for a in (*NO_AGENT, *AGENTS)])
def test_an_agent_is_told_from_words_for_none(agent: str, expected: bool) -> None:
    assert names_agent(agent) is expected


@pytest.mark.parametrize(("agent", "expected"), [("Iopamidol 300", {"contrast-agent"}), ("NO IV CONTRAST", set())])
def test_a_contrast_agent_is_said(tmp_path: Path, a_phantom: np.ndarray, agent: str, expected: set[str]) -> None:
    write_series(tmp_path, a_phantom, edit=attribute("ContrastBolusAgent", agent))
    scan = read_scan(tmp_path)
    assert codes(scan) == expected
    assert all("near the plate" in notice.text for notice in scan.notices)


def test_a_contrast_agent_of_an_enhanced_file_is_said(tmp_path: Path, a_phantom: np.ndarray) -> None:
    def edit(ds: Dataset) -> None:
        agent = Dataset()
        agent.CodeValue, agent.CodingSchemeDesignator, agent.CodeMeaning = "C-B0322", "SRT", "Iohexol"
        ds.ContrastBolusAgentSequence = Sequence([agent])

    write_enhanced(tmp_path / "e.dcm", a_phantom, edit=edit)
    assert codes(read_scan(tmp_path / "e.dcm")) == {"contrast-agent"}
