"""Who the virtual knees belong to: specifications drawn at random after published values."""

from CTSMALib.virtual.population.draw import SOURCES, draw_grade, draw_spec

__all__ = ["SOURCES", "draw_grade", "draw_spec"]
