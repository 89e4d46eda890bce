"""Drawing: lays diagrams out, and says what is wrong with how one is drawn."""

from app.engine.drawing.checks import check_drawing, check_drawings
from app.engine.drawing.layout import tidy

__all__ = ["check_drawing", "check_drawings", "tidy"]
