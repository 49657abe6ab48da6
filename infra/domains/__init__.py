"""What a stack file may say, one module for each part of the platform: its models, and what must hold between values."""
