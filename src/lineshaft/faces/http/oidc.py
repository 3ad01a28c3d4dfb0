"""Sign-in through a firm's own service: OpenID Connect, code flow with PKCE, state and nonce.

A round begins with one random secret that only this browser holds, in a cookie; state, nonce and code verifier are
derived from it, so that nothing is stored and no answer can be used in another browser or a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError
from joserfc.jwk import KeySet

from lineshaft.core import LineshaftError
from lineshaft.store.site.secret import derived, new_secret, same

ALGORITHMS = ["RS256", "PS256", "ES256"]
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
LEEWAY_S = 60
TIMEOUT_S = 10


class SignInFailed(LineshaftError):
    """The service's answer cannot be trusted, or it refused; `cause` is a short code for the audit trail."""

    exit_code = 6
    status = 401

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(
            f"Signing in through the firm's service did not succeed ({cause}); please try again.",
            f"通过企业登录服务登录未成功({cause}),请重试。",
        )


@dataclass(frozen=True)
class Provider:
    """A sign-in service as its administrator registered this workbench there.

    Parameters
    ----------
    issuer
        Its address, https unless it is on this machine.
    client_id, client_secret
        How it knows us.
    title
        What the button says.
    joins
        Whether somebody it knows and we do not becomes a person here, without any role.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    title: str = "OpenID Connect"
    joins: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Provider | None:
        """From LINESHAFT_OIDC_ISSUER, _CLIENT_ID, _CLIENT_SECRET, _TITLE and _JOINS (1); None without an issuer."""
        told = {name: environment.get(f"LINESHAFT_OIDC_{name}", "") for name in NAMES}
        if not told["ISSUER"]:
            return None
        title = told["TITLE"] or str(urlsplit(told["ISSUER"]).hostname)
        return cls(told["ISSUER"], told["CLIENT_ID"], told["CLIENT_SECRET"], title, told["JOINS"] == "1")


NAMES = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "TITLE", "JOINS")


@dataclass(frozen=True)
class Identity:
    """Whom the service says it is; `suggested` is a name it would like to be called."""

    issuer: str
    subject: str
    suggested: str


@dataclass(frozen=True)
class Round:
    """One attempt to sign in, from our page to the service and back."""

    secret: str = field(repr=False, default_factory=new_secret)

    @property
    def state(self) -> str:
        """Ties the answer to this browser."""
        return derived(self.secret, "state")

    @property
    def nonce(self) -> str:
        """Ties the ID token to this attempt."""
        return derived(self.secret, "nonce")

    @property
    def verifier(self) -> str:
        """Ties the code to whoever asked for it."""
        return derived(self.secret, "verifier")


def begin(provider: Provider, attempt: Round, back: str) -> str:
    """The service's address to send the browser to; it comes back to `back`.

    Raises
    ------
    SignInFailed
        The service does not answer, or not as it should.
    """
    with _client(provider, back) as client:
        facts = _facts(client, provider)
        address: str = client.create_authorization_url(
            facts["authorization_endpoint"],
            state=attempt.state,
            nonce=attempt.nonce,
            code_verifier=attempt.verifier,
        )[0]
    return address


def complete(provider: Provider, attempt: Round, back: str, answer: Mapping[str, str]) -> Identity:
    """Who came back with `answer`, the query of the address they came back to.

    Raises
    ------
    SignInFailed
        Refused by the service or the person; another browser's answer; a token that is not for us, not for this
        attempt, not of this issuer, expired, or not signed by one of its keys.
    """
    if not same(answer.get("state", ""), attempt.state):
        raise SignInFailed("state")
    if answer.get("iss", provider.issuer) != provider.issuer:
        raise SignInFailed("issuer")
    if "code" not in answer:
        raise SignInFailed("refused")
    with _client(provider, back) as client:
        facts = _facts(client, provider)
        try:
            tokens = client.fetch_token(
                facts["token_endpoint"], code=answer["code"], code_verifier=attempt.verifier
            )
        except OAuthError as error:
            raise SignInFailed("code") from error
        except Exception as error:
            raise SignInFailed("service") from error
        keys = _read(client, facts["jwks_uri"])
    claims = _claims(provider, attempt, tokens, keys)
    wanted = claims.get("preferred_username") or claims.get("email") or ""
    return Identity(provider.issuer, str(claims["sub"]), str(wanted))


def _claims(provider: Provider, attempt: Round, tokens: Mapping[str, Any], keys: Any) -> CodeIDToken:
    try:
        token = jwt.decode(
            str(tokens.get("id_token", "")), KeySet.import_key_set(keys), algorithms=ALGORITHMS
        )
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
            },
            params={
                "nonce": attempt.nonce,
                "client_id": provider.client_id,
                "access_token": tokens.get("access_token"),
            },
        )
        claims.validate(leeway=LEEWAY_S)
    except ExpiredTokenError as error:
        raise SignInFailed("expired") from error
    except InvalidClaimError as error:
        raise SignInFailed(CLAIMS.get(error.claim, "token")) from error
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise SignInFailed("token") from error
    return claims


CLAIMS = {"nonce": "nonce", "aud": "audience", "azp": "audience", "iss": "issuer"}


def _client(provider: Provider, back: str) -> OAuth2Client:
    return OAuth2Client(
        provider.client_id,
        provider.client_secret,
        scope="openid profile email",
        redirect_uri=back,
        code_challenge_method="S256",
        timeout=TIMEOUT_S,
        trust_env=False,
    )


def _facts(client: OAuth2Client, provider: Provider) -> dict[str, Any]:
    """What the service says of itself."""
    facts = _read(client, provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if facts.get("issuer") != provider.issuer:
        raise SignInFailed("issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not _is_safe(str(facts.get(name, ""))):
            raise SignInFailed("service")
    return facts


def _read(client: OAuth2Client, address: str) -> dict[str, Any]:
    if not _is_safe(address):
        raise SignInFailed("service")
    try:
        answer = client.request("GET", address, withhold_token=True)
        answer.raise_for_status()
        found = answer.json()
    except Exception as error:
        raise SignInFailed("service") from error
    return found if isinstance(found, dict) else {}


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
