"""Pulumi resource providers of the sandbox: AWS over the Terraform provider, and random values."""
