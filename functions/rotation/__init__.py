"""Rotation of the password with which applications log in to the connection pool."""
