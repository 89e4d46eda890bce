"""What machines ask about the server: alive, ready, and the figures that Prometheus collects."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from app.clock import monotonic
from app.store.queries import metrics as queries
from app.store.unit_of_work import reading
from app.web.entry import entry
from app.web.limits import limiter
from app.wiring import services

health = Blueprint("health", __name__)
EXTENSION = "chengnuo_metrics"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Figures:
    """Counts the requests of one application, and reads its queues when it is asked."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram("chengnuo_request_seconds", "Time to answer a request.",
                                  ("method", "route", "status"), registry=self.registry, buckets=BUCKETS)
        self.registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield what waits, read from the database now."""
        found = queries.figures(reading(), services().clock.now())
        by_group = GaugeMetricFamily("chengnuo_open_tasks", "Open tasks by group.", labels=["group"])
        for group, count in found.open_tasks.items():
            by_group.add_metric([group], count)
        yield by_group
        yield GaugeMetricFamily("chengnuo_overdue_tasks", "Open tasks past their due time.", value=found.overdue_tasks)
        yield GaugeMetricFamily("chengnuo_due_timers", "Timers that are due and not fired yet.", value=found.due_timers)
        yield GaugeMetricFamily("chengnuo_open_incidents", "Incidents that wait for somebody.",
                                value=found.open_incidents)
        yield GaugeMetricFamily("chengnuo_unsealed_audit_rows", "Audit rows that wait to be sealed.",
                                value=found.unsealed)
        by_state = GaugeMetricFamily("chengnuo_jobs", "Jobs that are not done, by state.", labels=["state"])
        for state in ("waiting", "running", "dead"):
            by_state.add_metric([state], found.jobs.get(state, 0))
        yield by_state

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing: registering must not read a database that may not be there yet."""
        return []


@health.get("/healthz")
@entry("public")
@limiter.exempt
def healthz() -> Response:
    """Say that the process answers."""
    return jsonify({"status": "ok"})


@health.get("/readyz")
@entry("public")
@limiter.exempt
def readyz() -> Response:
    """Say whether requests can be served: the database answers and processes are deployed."""
    state = queries.readiness(reading())
    answer = jsonify({"status": state})
    answer.status_code = 200 if state == "ok" else 503
    return answer


@health.get("/metrics")
@entry("public")
@limiter.exempt
def metrics() -> Response:
    """Give Prometheus its figures: counts only, nothing about anybody."""
    figures: Figures = current_app.extensions[EXTENSION]
    return Response(generate_latest(figures.registry), content_type=CONTENT_TYPE_LATEST)


def install(app: Flask) -> None:
    """Measure every request and add the three routes."""
    figures = app.extensions[EXTENSION] = Figures()

    def begin() -> None:
        g.began = monotonic()

    def count(response: Response) -> Response:
        if "began" in g and request.endpoint != "static":
            # The rule, not the address: addresses are without number, and hold case numbers.
            route = request.url_rule.rule if request.url_rule is not None else "?"
            figures.requests.labels(request.method, route, response.status_code).observe(monotonic() - g.began)
        return response

    app.before_request(begin)
    app.after_request(count)
    app.register_blueprint(health)
