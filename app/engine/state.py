"""A running instance as bytes and back: no spec, tasks in order, each with what it changed of its parent's variables.

SpiffWorkflow's own serializer migrates old blobs with eval() and lets a blob choose classes by name. This one knows
lists, numbers and texts; what does not fit the version's elements exactly is refused.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Any

import orjson
import zstandard
from SpiffWorkflow.util.task import TaskState

from app.engine.bundle import Spec
from app.engine.pruning import prune
from app.engine.workflow import Instance, SubInstance, Token
from app.errors import Refused

MAGIC = b"CN1\n"  # the serializer's version; another one is another engine's
DIGEST_SIZE = 8
MAX_STATE = 64 * 1024 * 1024  # bytes when unpacked
STATES = frozenset(TaskState._values)

_local = threading.local()  # zstd contexts are not shared between threads


def dump(instance: Instance) -> bytes:
    """Return the instance as bytes, its finished history pruned; equal instances give equal bytes."""
    prune(instance)
    content = [instance.spec.name, [_scope_out(scope) for scope in instance.scopes()]]
    packed = _compressor().compress(orjson.dumps(content))
    return MAGIC + hashlib.blake2b(packed, digest_size=DIGEST_SIZE).digest() + packed


def restore(instance: Instance, spec: Spec, blob: bytes) -> None:
    """Fill an empty instance from `blob`; raises Refused when it is damaged or does not fit `spec`."""
    head = len(MAGIC) + DIGEST_SIZE
    packed = blob[head:]
    if (
        not blob.startswith(MAGIC)
        or hashlib.blake2b(packed, digest_size=DIGEST_SIZE).digest() != blob[len(MAGIC) : head]
    ):
        raise _refused("not written by this engine, or damaged", "不是本引擎写出的内容，或已损坏")
    try:
        key, scopes = orjson.loads(_decompressor().decompress(packed, max_output_size=MAX_STATE))
        if key != spec.key:
            raise _refused(f"of process {key}, not {spec.key}", f"属于流程 {key}，而不是 {spec.key}")
        for index, content in enumerate(scopes):
            _scope_in(instance, spec, content, top=index == 0)
    except (
        zstandard.ZstdError,
        orjson.JSONDecodeError,
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
    ) as error:
        raise _refused(f"malformed ({error})", f"结构有误（{error}）") from error
    instance.ready.extend(
        task for scope in instance.scopes() for task in scope.live(TaskState.READY) if not task.task_spec.manual
    )


def _refused(en: str, zh: str) -> Refused:
    return Refused((), f"The saved state is {en}.", f"保存的状态{zh}。")


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=3)
    return _local.compressor  # type: ignore[no-any-return]


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    return _local.decompressor  # type: ignore[no-any-return]


def _scope_out(scope: Any) -> list[Any]:
    position = {task_id: index for index, task_id in enumerate(scope.tasks)}
    host = scope.parent_task.id if scope.depth else None
    outside = scope.parent_task.data if scope.depth else {}
    tasks = [_task_out(task, position, outside) for task in scope.tasks.values()]
    last = position[scope.last_task.id] if scope.last_task is not None else None
    return [host, scope.completed, scope.success, scope.data, last, tasks]


def _task_out(task: Token, position: Mapping[str, int], outside: Mapping[str, Any]) -> list[Any]:
    parent = task.parent
    base = parent.data if parent is not None else outside
    data = task.data
    if data is base:
        changed: dict[str, Any] = {}
        gone: list[str] = []
    else:
        changed = {name: value for name, value in data.items() if name not in base or not _same(base[name], value)}
        gone = [name for name in base if name not in data]
    return [
        task.id,
        position[parent.id] if parent is not None else None,
        task.task_spec.name,
        task._state,
        int(task.triggered),
        task.internal_data,
        changed,
        gone,
    ]


def _same(one: Any, other: Any) -> bool:
    return one is other or (one == other and orjson.dumps(one) == orjson.dumps(other))  # True is not 1 in JSON


def _scope_in(instance: Instance, spec: Spec, content: list[Any], *, top: bool) -> None:
    host_id, completed, success, data, last, rows = content
    scope: Any = instance
    outside: Mapping[str, Any] = {}
    if not top:
        host = instance.find(host_id)
        if host is None:
            raise ValueError(f"no task {host_id}")
        scope = SubInstance(spec.scopes[host.task_spec.spec], host, instance)
        instance.subprocesses[host.id] = scope
        outside = host.data
    scope.completed, scope.success, scope.data = bool(completed), bool(success), dict(data)
    tasks: list[Token] = []
    for row in rows:
        tasks.append(_task_in(scope, row, tasks, outside))
    scope.task_tree = tasks[0]
    scope.last_task = tasks[last] if last is not None else None


def _task_in(scope: Any, row: list[Any], tasks: list[Token], outside: Mapping[str, Any]) -> Token:
    task_id, parent_index, name, state, triggered, internal, changed, gone = row
    if state not in STATES or not isinstance(task_id, str) or not isinstance(internal, dict):
        raise ValueError(f"bad task {task_id}")
    if parent_index is not None and not 0 <= parent_index < len(tasks):
        raise ValueError(f"bad parent of {task_id}")
    parent = tasks[parent_index] if parent_index is not None else None
    task = Token(scope, scope.spec.task_specs[name], parent, state, task_id)
    task.triggered = bool(triggered)
    task.internal_data = internal
    base = parent.data if parent is not None else outside
    if changed or gone or parent is None:
        task.data = {**base, **changed}
        for key in gone:
            del task.data[key]
    else:
        task.data = dict(base)
    return task
