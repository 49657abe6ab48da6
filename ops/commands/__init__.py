"""The verbs of `dbops`, one in each module. `run` has the options and the help, `EPILOG` an example.

The work is done in `ops.review`.
"""
