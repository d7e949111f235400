"""A certificate with which the demo's worker signs its pictures. Made anew at each start, it proves nothing to anybody.

A real one comes from an issuer that the readers of content credentials trust: docs/operate/content-credentials.md.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

ORGANISATION = "Pentimento demo (for tests only)"
_LIFETIME = timedelta(days=30)


def write_certificate(folder: Path) -> dict[str, str]:
    """Write a chain and its key to a folder; return the worker's settings, none where `cryptography` is missing."""
    try:
        from cryptography import x509  # noqa: PLC0415 - it has no wheel for every machine
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415
    except ImportError:
        return {}
    start = datetime.now(UTC) - timedelta(days=1)
    issuer_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def name(part: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
                x509.NameAttribute(NameOID.COMMON_NAME, part),
            ]
        )

    def build(part: str, public_key: ec.EllipticCurvePublicKey, *, is_issuer: bool) -> x509.Certificate:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
        )
        builder = (
            x509.CertificateBuilder(name("issuer"), name(part), public_key, x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=is_issuer, path_length=0 if is_issuer else None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True, key_cert_sign=is_issuer, crl_sign=is_issuer, decipher_only=False, **usage
                ),
                critical=True,
            )
        )
        if not is_issuer:
            purposes = [ExtendedKeyUsageOID.EMAIL_PROTECTION]  # one of those that C2PA accepts
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    chain = build("signer", key.public_key(), is_issuer=False), build("issuer", issuer_key.public_key(), is_issuer=True)
    private_key = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    folder.mkdir(parents=True, exist_ok=True)
    certificate_file, key_file = folder / "certificate.pem", folder / "private-key.pem"
    certificate_file.write_bytes(b"".join(certificate.public_bytes(pem) for certificate in chain))
    key_file.touch(mode=0o600)
    key_file.write_bytes(private_key)
    return {"C2PA_CERTIFICATE_FILE": str(certificate_file.resolve()), "C2PA_PRIVATE_KEY_FILE": str(key_file.resolve())}
