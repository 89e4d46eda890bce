"""Compiles a syntax tree into closures; this last layer adds calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from app.engine.feel.builtins import BUILTINS, invoke
from app.engine.feel.core import Code, words
from app.engine.feel.loops import Loops
from app.engine.feel.scope import Scope
from app.engine.feel.tree import (
    Call,
    Name,
)
from app.engine.feel.values import Function, kind, to_feel
from app.errors import ChengnuoError, ExpressionError


class Compiler(Loops):
    """Turns the nodes of one text into closures."""

    def _call(self, node: Call) -> Code:
        arguments = [self.code(argument) for argument in node.arguments]
        names = node.names
        target = node.function
        name = target.name if isinstance(target, Name) else None
        value_of = self.code(target) if name is None else None

        def run(scope: Scope) -> Any:
            values = [argument(scope) for argument in arguments]
            scope.run.charge()
            if value_of is not None or name is None:
                return self.apply(scope, node, value_of(scope) if value_of else None, values)
            found, function = scope.find(name)
            if found and isinstance(function, Function):
                return self.apply(scope, node, function, values)
            host = scope.run.functions.get(name)
            if host is not None and (name not in BUILTINS or _accepts(host, values, names)):
                return self.host(scope, node, host, values)
            if name in BUILTINS:
                return self.builtin(scope, node, name, values)
            if not found:
                return self.fail(scope, node, f"There is no function {name}.", f"没有函数 {name}。")
            return self.apply(scope, node, function, values)

        return lambda scope: scope.run.made(run(scope))

    def builtin(self, scope: Scope, node: Call, name: str, values: list[Any]) -> Any:
        """Return what a built-in function answers; null (or ExpressionError) when the arguments do not fit."""
        fitted, answer = invoke(scope.run, name, values, node.names)
        if not fitted and None not in values:
            shown = ", ".join(kind(value) for value in values)
            return self.fail(scope, node, f"{name}({shown}) is not possible.", f"{name}({shown}) 的参数不正确。")
        return answer

    def apply(self, scope: Scope, node: Call, function: Any, values: list[Any]) -> Any:
        """Call a function value."""
        if not isinstance(function, Function):
            return self.fail(scope, node, f"A {kind(function)} is not a function.", f"{kind(function)} 不是函数。")
        if function.parameters is None:
            return self.host(scope, node, function.call, values)
        if node.names:
            if set(node.names) != set(function.parameters):
                return self.fail(scope, node, f"The parameters are {', '.join(function.parameters)}.",
                                 f"参数应为 {', '.join(function.parameters)}。")
            given = dict(zip(node.names, values, strict=True))
            values = [given[name] for name in function.parameters]
        return function.call(*values)

    def host(self, scope: Scope, node: Call, function: Callable[..., Any], values: list[Any]) -> Any:
        """Call a function that the caller provides; its failure is always an ExpressionError."""
        name = words(node.function)
        if not _accepts(function, values, node.names):
            return self.fail(scope, node, f"{name} does not take these arguments.", f"{name} 的参数个数不正确。")
        try:
            if node.names:
                given = {key.replace(" ", "_"): value for key, value in zip(node.names, values, strict=True)}
                return to_feel(function(**given))
            return to_feel(function(*values))
        except ExpressionError:
            raise
        except ChengnuoError as error:
            raise self.error(node, f"{name}: {error.message_en}", f"{name}：{error.message_zh}") from error
        except Exception as error:
            raise self.error(node, f"{name} failed: {error}", f"{name} 执行失败：{error}") from error


def _accepts(function: Callable[..., Any], values: list[Any], names: tuple[str, ...]) -> bool:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        if names:
            signature.bind(**{name.replace(" ", "_"): None for name in names})
        else:
            signature.bind(*values)
    except TypeError:
        return False
    return True
