"""The review of a change before it is applied: reports on previews, the comment with a report, seals of plans."""
