"""What a plan says, for people: looks, touches nothing."""

REPORT, PUBLIC, WORKBOOK = "report.html", "report-public.html", "plan.xlsx"
"""What files for people are called in a run folder."""
