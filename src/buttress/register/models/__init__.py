"""Tables of stored figures: the live ones, those of past dates, and what says that they are being computed anew."""

from buttress.register.models.figure_sets import Backdating, FigureSet
from buttress.register.models.figures import ControlFigures, CriterionFigures, PortfolioFigures, RiskFigures
from buttress.register.models.monitoring import MonitoringJob, TestSlot
from buttress.register.models.recomputing import Recomputing

__all__ = [
    "Backdating",
    "ControlFigures",
    "CriterionFigures",
    "FigureSet",
    "MonitoringJob",
    "PortfolioFigures",
    "Recomputing",
    "RiskFigures",
    "TestSlot",
]
