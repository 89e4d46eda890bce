"""What local handlers may touch, on the step's own session: the Protocols of app.handling, implemented."""
