"""Whole virtual knees in a scanner: pose, tissue at any place, and the scans themselves."""
