"""What the tables mean: rules, routes, costs, classes. No file, no solver."""
