"""CopilotKit's GraphQL protocol, for frontends up to 1.10.6 (contract graphql)."""
