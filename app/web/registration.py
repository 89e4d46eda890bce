"""Reads a registration form, the clerk's or the customer's, into the shape of POST /cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

# The form's names of what marks a duplicate, in the order that Cases.duplicates takes them.
DUPLICATE_FIELDS = ("phone", "order_no", "serial_no")
PLACES = {
    "customer.name": "name",
    "customer.phone": "phone",
    "customer.email": "email",
    "customer.level": "level_of_customer",
    "product.model": "model",
    "product.serial_no": "serial_no",
    "product.order_no": "order_no",
    "product.purchase_date": "purchase_date",
    "product.origin": "origin",
}


def request_of(form: MultiDict[str, str], channel: str | None = None) -> dict[str, Any]:
    """Return what the form asks to be registered; empty answers are left out."""

    def given(name: str) -> str | None:
        return form.get(name, "").strip() or None

    customer = {
        "name": given("name"),
        "phone": given("phone"),
        "email": given("email"),
        "level": given("level_of_customer"),
    }
    product = {
        "model": given("model"),
        "serial_no": given("serial_no"),
        "order_no": given("order_no"),
        "purchase_date": given("purchase_date"),
        "origin": given("origin"),
    }
    wanted: dict[str, Any] = {
        "type": given("type"),
        "channel": channel or given("channel"),
        "customer": _filled(customer),
        "product": _filled(product) or None,
        "description": given("description"),
        "urgency": given("urgency"),
        "severity": given("severity"),
        "flags": form.getlist("flags") or None,
    }
    return _filled(wanted)


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def prefix_errors(errors: Mapping[str, str]) -> dict[str, str]:
    """Return errors of the request's shape under the names of the form's fields."""
    return {PLACES.get(place, place): text for place, text in errors.items()}
