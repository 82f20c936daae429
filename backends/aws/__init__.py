"""Completions through AWS: jobs in DynamoDB, worked on by machines that sleep when nobody types."""
