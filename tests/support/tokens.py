"""An identity provider of a test's own: keys, tokens, and a server for the keys."""

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://login.example.com/"
AUDIENCE = "agui"


class Provider:
    """Signs tokens with one key.

    Attributes:
        jwk: its public key as key sets hold it.
    """

    def __init__(self, key_id: str = "key-1", algorithm: str = "RS256") -> None:
        self.key_id, self.algorithm = key_id, algorithm
        described = {"kid": key_id, "use": "sig", "alg": algorithm}
        self.jwk: dict[str, Any]
        if algorithm == "RS256":
            rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            self._key: Any = rsa_key
            self.jwk = {**RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True), **described}
        else:
            ec_key = ec.generate_private_key(ec.SECP256R1())
            self._key = ec_key
            self.jwk = {**ECAlgorithm.to_jwk(ec_key.public_key(), as_dict=True), **described}

    def token(self, *, without: str = "", headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A good token, but for what is said."""
        whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": int(time.time()) + 300, **claims}
        whole.pop(without, None)
        return jwt.encode(whole, self._key, self.algorithm, headers={"kid": self.key_id, **(headers or {})})

    def key_set(self) -> dict[str, Any]:
        """As providers publish it."""
        return {"keys": [self.jwk]}
