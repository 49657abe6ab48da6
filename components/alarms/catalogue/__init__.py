"""The catalogue: every alarm of the platform as a row, in one module for each part that is watched.

Every threshold stands with its reason or its source. Sources that several modules cite by a short name:

* RDS metrics: Amazon RDS User Guide, "Amazon CloudWatch metrics for Amazon RDS". Memory and storage are in bytes.
* ElastiCache metrics: ElastiCache user guide, "Metrics for Valkey and Redis OSS" and "Host-Level Metrics". MemoryDB's
  guide has chapters of the same names.
* AWS Backup metrics: AWS Backup guide, "AWS Backup metrics with Amazon CloudWatch".
* Our own metrics: contract/metrics.py.
"""
