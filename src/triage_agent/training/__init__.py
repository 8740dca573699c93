"""Makes the files in `weights/`: `python -m triage_agent.training heads` (or `encoder`)."""
