"""The manual: statuses, the flow and its template, the answer, the HTTP client, the account."""
