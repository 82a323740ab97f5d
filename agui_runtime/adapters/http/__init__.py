"""HTTP without a server and without a protocol: exchange values, router, limits, CORS and framing."""
