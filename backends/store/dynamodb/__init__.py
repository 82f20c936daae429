"""The store in DynamoDB, for several bot processes and hosts; docs/decisions/dynamodb-store.md says how items lie."""
