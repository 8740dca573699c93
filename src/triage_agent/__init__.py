"""Says whether a business problem calls for building software or for automating a process."""
