"""Alarms: the catalogue of rows, the component that declares them in a region, and the dashboard."""
