"""The report: a plan as one page that opens offline."""

REPORT, PUBLIC = "report.html", "report-public.html"
"""What the page is called in a run folder; that for the public."""
