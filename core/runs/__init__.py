"""The run folder: where app, worker and command line meet. See core.runs.run."""
