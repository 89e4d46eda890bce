"""Telling people: templates, e-mail, notifications inside the product, and registered systems outside."""

from app.notifications.connectors import Connectors
from app.notifications.postman import Postman

__all__ = ["Connectors", "Postman"]
