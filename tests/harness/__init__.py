"""What tests share: the repository's own files, and the platform declared under recording mocks."""
