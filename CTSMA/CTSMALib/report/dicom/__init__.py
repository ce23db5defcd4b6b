"""A result as DICOM objects in the study of its scan: segmentation, parametric maps, structured report, report.

Modules here import highdicom, which is heavy and optional; they are imported where they are used.
"""
