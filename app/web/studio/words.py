"""The words of the form editor."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

FIELD_TYPES = {
    "textfield": _("Text, one line"),
    "textarea": _("Text, several lines"),
    "number": _("Number"),
    "checkbox": _("Tick box"),
    "radio": _("One of a few"),
    "select": _("One of a list"),
    "checklist": _("Several of a list"),
    "taglist": _("Tags"),
    "datetime": _("Date or time"),
    "filepicker": _("Files"),
    "group": _("Group of fields"),
    "dynamiclist": _("List of rows"),
    "text": _("Explanation"),
    "separator": _("Line"),
}
SUBTYPES = {"date": _("Date"), "time": _("Time of day"), "datetime": _("Date and time")}
FIELD_LABELS = {
    "key": _("Key"),
    "label": _("Label"),
    "label_en": _("Label in English"),
    "text": _("Text"),
    "text_en": _("Text in English"),
    "description": _("Help"),
    "help_en": _("Help in English"),
    "required": _("Required"),
    "readonly": _("Read only"),
    "variable": _("Becomes a process variable"),
    "case": _("Kept in the case as"),
    "options": _("Options, one a line: value | Chinese | English"),
    "subtype": _("Date or time"),
    "min_length": _("Shortest"),
    "max_length": _("Longest"),
    "pattern": _("Pattern"),
    "minimum": _("Least"),
    "maximum": _("Most"),
    "decimals": _("Decimal places"),
    "currency": _("Currency"),
    "accept": _("Types of files"),
    "default": _("Default"),
    "example": _("Example"),
    "hide": _("Hidden when (FEEL)"),
    "required_if": _("Required when (FEEL)"),
    "prefill": _("Filled in with (FEEL)"),
    "clauses": _("Clauses"),
}
FIELD_HINTS = {
    "key": _("Lower-case letters, digits and _; expressions use it."),
    "case": _("Such as customer_name, flags.safety or extra.my_fact."),
    "pattern": _("A regular expression; give an example with it."),
    "hide": _("Such as need_specialist = true; other fields go by their keys."),
    "default": _("A value, or = and an expression."),
}
