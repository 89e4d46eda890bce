"""The engine: the only importer of SpiffWorkflow, and the only parser of untrusted XML."""

from app.engine.bundle import Spec, SpecCache, build, load_spec
from app.engine.bundle_facts import decision_views, process_views
from app.engine.catalog import Catalog, OperationInfo
from app.engine.decisions import DecisionTable, check_table, read_table
from app.engine.decisions import evaluate as evaluate_table
from app.engine.environment import Ports
from app.engine.feel import names as feel_names
from app.engine.intake import file_kind, readable
from app.engine.lint import check
from app.engine.migration import hindrances
from app.engine.reading import read_diagram
from app.engine.runner import Execution, load, start

__all__ = [
    "Catalog",
    "DecisionTable",
    "Execution",
    "OperationInfo",
    "Ports",
    "Spec",
    "SpecCache",
    "build",
    "check",
    "check_table",
    "decision_views",
    "evaluate_table",
    "feel_names",
    "file_kind",
    "hindrances",
    "load",
    "load_spec",
    "process_views",
    "read_diagram",
    "read_table",
    "readable",
    "start",
]
