"""Makes the files of the embedded model: `python -m triage_agent.training heads` (or `encoder`)."""
