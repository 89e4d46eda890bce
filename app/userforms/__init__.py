"""User-task forms: their definitions, what is served of them, and submission to typed data or errors by field."""

from app.userforms.checks import check_form
from app.userforms.definition import Component, FormContext, FormDefinition, Submission
from app.userforms.labels import Labels, labels_of
from app.userforms.reading import read_form
from app.userforms.serve import prefilled, serve
from app.userforms.submission import bind, visibility

__all__ = ["Component", "FormContext", "FormDefinition", "Labels", "Submission", "bind", "check_form", "labels_of",
           "prefilled", "read_form", "serve", "visibility"]
