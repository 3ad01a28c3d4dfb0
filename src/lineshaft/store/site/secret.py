"""Secrets that are given out once and kept only as digests."""

import hashlib
import hmac
import secrets


def new_secret() -> str:
    """192 random bits as URL-safe text."""
    return secrets.token_urlsafe(24)


def digest(secret: str) -> str:
    """What is stored of a secret. It is random and long, so that no salt and no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def derived(secret: str, purpose: str) -> str:
    """A second secret that only the holder of the first can know."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Equality that takes the same time wherever the texts differ."""
    return hmac.compare_digest(left.encode(), right.encode())
