"""Charts: the groups of a report as a drawing, which is written as SVG, into a PDF, or as a picture."""

from .drawing import Drawing
from .figure import Figure, Series, of_report
from .plot import WIDTH, plot
from .svg import svg

__all__ = ["WIDTH", "Drawing", "Figure", "Series", "of_report", "plot", "svg"]
