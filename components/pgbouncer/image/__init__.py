"""What the Dockerfile beside this puts into the image."""
