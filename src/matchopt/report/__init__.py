"""What a plan says, for people: looks, touches nothing."""

REPORT, PUBLIC, WORKBOOK, WISHES = "report.html", "report-public.html", "plan.xlsx", "wishlist.csv"
GRAPH = "graph.graphml"
"""What files for people are called in a run folder."""
