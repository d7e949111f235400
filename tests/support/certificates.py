"""A certificate that signs content credentials, and the pictures that it signs."""

import io
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

c2pa = pytest.importorskip("c2pa", reason="c2pa-python has no wheel for this machine")

ORGANISATION = "Pentimento's tests"
OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}


class SigningCertificate(NamedTuple):
    """A chain and its key, as PEM."""

    chain: bytes
    key: bytes

    def write(self, folder: Path) -> dict[str, Path]:
        """Write both to files; return the paths by setting."""
        paths = {"c2pa_certificate_file": folder / "chain.pem", "c2pa_private_key_file": folder / "key.pem"}
        paths["c2pa_certificate_file"].write_bytes(self.chain)
        paths["c2pa_private_key_file"].write_bytes(self.key)
        return paths


def make_certificate(*, days: int = 30, key_size: int = 256, for_signing: bool = True) -> SigningCertificate:
    """Make a certificate of a made-up authority; one of a negative number of days has expired."""
    purpose = ExtendedKeyUsageOID.EMAIL_PROTECTION if for_signing else ExtendedKeyUsageOID.SERVER_AUTH
    now = datetime.now(UTC)
    start, end = now - timedelta(days=40), now + timedelta(days=days)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1() if key_size == 256 else ec.SECP384R1())

    def build(subject: str, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_make_name(subject))
            .issuer_name(_make_name("authority"))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )

    authority = (
        build("authority", authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_make_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        build("signer", key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_make_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SigningCertificate(certificate.public_bytes(pem) + authority.public_bytes(pem), private)


@cache
def get_certificate() -> SigningCertificate:
    return make_certificate()


def sign_picture(data: bytes, media_type: str, source_type: str, *, remote_url: str | None = None) -> bytes:
    """Sign a picture as somebody else would, such as the provider of a model.

    With a `remote_url` the credentials are there, and the picture only names that place.
    """
    certificate = get_certificate()
    action = {"action": "c2pa.created", "digitalSourceType": source_type}
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=certificate.chain, private_key=certificate.key, ta_url=None)
    out = io.BytesIO()
    assertions = [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}]
    described = {"claim_generator_info": [{"name": "A provider"}], "assertions": assertions}
    with (
        c2pa.Context(c2pa.Settings.from_dict(OFFLINE)) as context,
        c2pa.Builder(described, context) as builder,
        c2pa.Signer.from_info(info) as signer,
    ):
        if remote_url is not None:
            builder.set_remote_url(remote_url)
            builder.set_no_embed()
        builder.sign(signer, media_type, io.BytesIO(data), out)
    return out.getvalue()


def _make_name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _make_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
