"""What tests share: a fake LLM server, small eval sets, a terminal to type into."""
