"""The whole platform on one machine: an emulated AWS account and a Pulumi toolchain that speaks to it."""
