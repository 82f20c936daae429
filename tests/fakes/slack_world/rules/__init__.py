"""Slack's written rules on what a call may hold, beyond its lists of arguments, and Inkling's own."""
