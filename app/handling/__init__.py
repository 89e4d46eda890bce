"""What a handler is, for handlers/ and for those who run them."""

from app.handling.contract import CaseDesk, EffectContext, LocalContext, Operation, call, effect, local
from app.handling.registry import Registry

__all__ = ["CaseDesk", "EffectContext", "LocalContext", "Operation", "Registry", "call", "effect", "local"]
