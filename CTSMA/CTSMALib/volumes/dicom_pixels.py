"""Decoding image planes to HU, whatever the compression."""

from __future__ import annotations

import contextlib
import filecmp
import tempfile
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import CTImageStorage, ImplicitVRLittleEndian, RLELossless, generate_uid
from scipy import ndimage

from CTSMALib.errors import CTSMAError, InputError, MissingDecoderError
from CTSMALib.volumes.checks import AIR_HU
from CTSMALib.volumes.dicom_files import drop_malformed
from CTSMALib.volumes.dicom_frames import Frame
from CTSMALib.volumes.silence import libraries_silenced

INT16_MOST = 32767
_AIR_BELOW_HU = -900  # no tissue measures less, so that padding cannot be taken for it
_PIXEL_KEYWORDS = (
    *("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
)


class PixelReader:
    """Reads planes one by one; keeps the last files, so that the frames of a multi-frame file are decoded once.

    Args:
        files_kept: how many.

    Attributes:
        largest: value of all planes so far, before it was made to fit ``int16``.
    """

    def __init__(self, files_kept: int = 1) -> None:
        self.largest = 0
        self._files_kept = files_kept
        self._decoded: dict[Path, np.ndarray] = {}

    def hu(self, frame: Frame) -> np.ndarray:
        """The plane in HU: ``int16``, (rows, columns); padding is air.

        A frame without rescale is returned as stored.

        Raises:
            InputError: the file is damaged, truncated, or has no pixel data.
            MissingDecoderError: no decoder for its compression is installed.
        """
        hu = _rescaled(self.stored(frame), frame)
        self.largest = max(self.largest, int(hu.max(initial=0)))
        return np.clip(hu, -32768, INT16_MOST).astype(np.int16)

    def stored(self, frame: Frame) -> np.ndarray:
        """The plane as stored, before rescale: (rows, columns)."""
        if frame.path not in self._decoded:
            while len(self._decoded) >= self._files_kept:
                del self._decoded[next(iter(self._decoded))]
            self._decoded[frame.path] = _decoded(frame.path)
        planes = self._decoded[frame.path]
        if frame.index is not None and planes.ndim == 3 and frame.index < len(planes):
            planes = planes[frame.index]
        if planes.shape != (frame.rows, frame.columns):
            raise _damaged(frame.path)
        return planes

    def same(self, a: Frame, b: Frame) -> bool:
        """Tell whether two planes hold the same HU; copies of a file are not decoded for it."""
        with contextlib.suppress(OSError):  # told when it is decoded
            if a.index == b.index and filecmp.cmp(a.path, b.path, shallow=False):
                return True
        first = self.hu(a)
        return bool(np.array_equal(first, self.hu(b)))


def _rescaled(stored: np.ndarray, frame: Frame) -> np.ndarray:
    slope = 1.0 if frame.slope is None else frame.slope
    intercept = 0.0 if frame.intercept is None else frame.intercept
    if slope == 1.0 and intercept.is_integer():
        hu = stored.astype(np.int32)
        hu += int(intercept)
    else:
        hu = np.rint(stored * np.float32(slope) + np.float32(intercept)).astype(np.int32)
    if frame.padding:
        hu[_outside(stored, frame.padding, max(slope * v + intercept for v in frame.padding))] = AIR_HU
    return hu


def _outside(stored: np.ndarray, padding: tuple[int, int], highest_hu: float) -> np.ndarray:
    """Where a plane is padded; a value that tissue may have counts only where it reaches in from the border."""
    padded = (stored >= padding[0]) & (stored <= padding[1])
    if highest_hu < _AIR_BELOW_HU or not padded.any():
        return padded
    labels, count = ndimage.label(padded)
    reaches = np.zeros(count + 1, dtype=bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        reaches[edge] = True
    reaches[0] = False
    return reaches[labels]


def _decoded(path: Path) -> np.ndarray:
    dataset = _dataset(path)
    if "PixelData" not in dataset:
        raise InputError(
            f"The DICOM file '{path.name}' has no pixel data, or they end too early.",
            "Export or copy the series again, with its images.",
        )
    try:
        if dataset.file_meta.TransferSyntaxUID == RLELossless:
            # The decoder of pylibjpeg-rle panics on a damaged stream, past any "except Exception".
            dataset.pixel_array_options(decoding_plugin="pydicom")
        with libraries_silenced():
            return dataset.pixel_array
    except Exception:  # decoders of other packages fail in any way
        return _decoded_by_gdcm(dataset, path)


def _dataset(path: Path) -> Dataset:
    try:
        dataset = pydicom.dcmread(path, force=True)
        drop_malformed(dataset.file_meta)
    except Exception as error:  # a damaged file can make the parser fail in any way
        raise _damaged(path) from error
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return dataset


def _decoded_by_gdcm(dataset: Dataset, path: Path) -> np.ndarray:
    """Decode with the GDCM inside SimpleITK, which knows JPEG lossless and JPEG 2000 without further packages.

    Every frame is wrapped in a file without rescale, because ITK applies one rescale to a whole file.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_transfer_syntax or not syntax.is_encapsulated:
        raise _undecodable(dataset, path)
    count = int(dataset.get("NumberOfFrames") or 1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "frame.dcm")
            planes = []
            for index in range(count):
                _write_frame(dataset, index, count, file)
                with libraries_silenced():
                    image = sitk.ReadImage(str(file), imageIO="GDCMImageIO")
                planes.append(sitk.GetArrayFromImage(image)[0])
    except Exception as error:  # a damaged stream fails in any way
        raise _undecodable(dataset, path) from error
    return planes[0] if count == 1 else np.stack(planes)


def _write_frame(dataset: Dataset, index: int, count: int, file: Path) -> None:
    frame = Dataset()
    for keyword in _PIXEL_KEYWORDS:
        setattr(frame, keyword, dataset[keyword].value)
    frame.SOPClassUID, frame.SOPInstanceUID, frame.Modality = CTImageStorage, generate_uid(), "CT"
    frame.PixelData = encapsulate([get_frame(dataset.PixelData, index, number_of_frames=count)])
    frame["PixelData"].VR = "OB"
    frame.file_meta = FileMetaDataset()
    frame.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    frame.save_as(file, enforce_file_format=True)


def _undecodable(dataset: Dataset, path: Path) -> CTSMAError:
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        decoder = pydicom.pixels.get_decoder(syntax)
    except NotImplementedError:
        return InputError(
            f"'{path.name}' is stored as '{syntax.name}', which cannot be read.",
            "Export the series uncompressed or as JPEG lossless.",
        )
    if decoder.is_available:
        return _damaged(path)
    return MissingDecoderError(
        f"No decoder is installed for '{path.name}', which is stored as '{syntax.name}'.",
        "Run 'pip install pylibjpeg pylibjpeg-openjpeg pyjpegls', or export the series uncompressed.",
    )


def _damaged(path: Path) -> InputError:
    return InputError(f"The DICOM file '{path.name}' is damaged or incomplete.", "Export or copy the series again.")
