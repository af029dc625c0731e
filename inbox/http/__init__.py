"""The HTTP application: route table, OpenAPI, errors, auth, paging."""
