"""The functions that FEEL brings along (DMN 1.4, 10.3.4)."""

from app.engine.feel.builtins import context, conversion, lists, numeric, ranges, text, when
from app.engine.feel.builtins.registry import BUILTINS, Overload, invoke

__all__ = ["BUILTINS", "Overload", "context", "conversion", "invoke", "lists", "numeric", "ranges", "text", "when"]
