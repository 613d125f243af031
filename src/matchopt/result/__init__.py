"""From flows to a plan: deliveries, books, reasons, proof, summary."""
