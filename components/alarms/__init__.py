"""Alarms: what is watched, from what figure on, who is told, and what one fault is called."""
