"""AWS Lambda functions, one package each: `handler.py` is what Lambda calls, `steps.py` does the work."""
