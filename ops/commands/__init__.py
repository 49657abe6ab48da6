"""The verbs of `dbops`, one in each module: `run` has its options and help, `EPILOG` an example. `ops.review` does the work."""
