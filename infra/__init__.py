"""The composition: configuration in, the platform declared, typed outputs out."""
