"""One complaint through the services: steps, projections, messages, operators."""
