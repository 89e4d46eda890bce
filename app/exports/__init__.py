"""Exports of history and cases."""
