"""The control room of managers: the dashboard, the instances, the process picture, and acting on them."""

from app.web.control import acts, dashboard, instances, processes
from app.web.control.base import blueprint

__all__ = ["acts", "blueprint", "dashboard", "instances", "processes"]
