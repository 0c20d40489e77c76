"""The local OIDC issuer: anybody may be anybody, so it exists only in the local stack."""
