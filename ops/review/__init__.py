"""From what `pulumi preview` recorded to a page that a reviewer reads."""
