"""The typed configuration: one module for each part of a stack file, with its models and the rules between values."""
