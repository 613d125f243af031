"""What a case and a plan are: tables, settings, case, plan; no file, no solver."""
