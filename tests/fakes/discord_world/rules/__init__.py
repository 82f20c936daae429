"""Discord's written rules on what a request may hold, beyond what its OpenAPI document can say."""
