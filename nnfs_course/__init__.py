"""What teaches: judging answers, the exercises of each notebook, shape ledger, movable figures."""
