"""Where the model meets the solvers: what is solved how, and what is read back from it."""
