"""Signing results with content credentials (C2PA), by the operator's certificate.

https://spec.c2pa.org/specifications/specifications/2.2/specs/C2PA_Specification.html

Nothing is asked of the network: no time stamp authority, no revocation.
"""

import io
import json
import logging
import struct
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared import __version__
from shared.imaging.png_chunks import build_png_chunk
from shared.imaging.sniffing import PNG_SIGNATURE, ImageType
from shared.imaging.xmp import CREATOR_TOOL, SourceType
from shared.settings import InvalidSettingsError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

log = logging.getLogger(__name__)

SOURCE: Final = "source"
"""The label of the ingredient that is the picture a job started from."""
_ANSWER: Final = "answer"
_STYLE: Final = "style"
_SETTINGS: Final = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "builder": {"thumbnail": {"enabled": False}},
}
_WARNING_DAYS: Final = 30
# A grey pixel, with which the library checks the certificate
_TRIAL_PNG: Final = PNG_SIGNATURE + b"".join(
    (
        build_png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        build_png_chunk(b"IDAT", zlib.compress(bytes(2))),
        build_png_chunk(b"IEND", b""),
    )
)


@dataclass(frozen=True)
class Ingredients:
    """The pictures from which a result was made.

    `source` is a JPEG of the picture that the job started from; `source_archive` is the same as an ingredient that was
    read before, with its own credentials. `style` is a JPEG of the picture whose style was wanted. `answer` is the
    picture with which the model answered, if it carries credentials.
    """

    source: bytes | None = None
    source_archive: bytes | None = None
    style: bytes | None = None
    answer: bytes | None = None


@dataclass(frozen=True)
class PictureSigner:
    """Signs pictures. `certificate` is a chain and `private_key` its key, both PEM; it may be used by many threads."""

    certificate: bytes
    private_key: bytes = field(repr=False)
    algorithm: str
    organisation: str
    expires_at: datetime

    def sign(
        self, picture: bytes, media_type: str, model_name: str, source_type: SourceType, ingredients: Ingredients
    ) -> bytes:
        """Return the picture with a manifest that names the model and the ingredients.

        Any credentials in it are replaced. Raises the errors of the library.
        """
        import c2pa  # noqa: PLC0415 - it is not installed everywhere

        info = c2pa.C2paSignerInfo(
            alg=self.algorithm.encode(), sign_cert=self.certificate, private_key=self.private_key, ta_url=None
        )
        manifest = _build_manifest(model_name, source_type, ingredients)
        signed = io.BytesIO()
        with c2pa.Builder(manifest, self._context) as builder, c2pa.Signer.from_info(info) as signer:
            _add_ingredients(builder, media_type, ingredients)
            builder.sign(signer, media_type, io.BytesIO(picture), signed)
        return signed.getvalue()

    @cached_property
    def _context(self) -> Any:
        import c2pa  # noqa: PLC0415 - it is not installed everywhere

        return c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))


def load_signer(certificate_file: Path | None, private_key_file: Path | None) -> PictureSigner | None:
    """Load the certificate and its key, and sign a picture for trial. None without them.

    Raises `InvalidSettingsError` with two sentences for the operator.
    """
    if certificate_file is None or private_key_file is None:
        return None
    chain = _read_file("C2PA_CERTIFICATE_FILE", certificate_file)
    key = _read_file("C2PA_PRIVATE_KEY_FILE", private_key_file)
    try:
        import c2pa  # noqa: PLC0415 - it is not installed everywhere
        from cryptography import x509  # noqa: PLC0415 - c2pa brings it
    except ImportError as error:
        raise InvalidSettingsError(
            "C2PA_CERTIFICATE_FILE is set, but c2pa-python is not installed. Install the extra “c2pa”, or remove the "
            "setting; there is no wheel for Macs with an Intel processor."
        ) from error
    try:
        certificate = x509.load_pem_x509_certificates(chain)[0]
    except ValueError as error:
        raise InvalidSettingsError(
            f"C2PA_CERTIFICATE_FILE is wrong: {certificate_file} has no certificate in PEM. Put the one that signs "
            "first, and those of its issuers after it."
        ) from error
    signer = PictureSigner(
        chain,
        key,
        _choose_algorithm(key, certificate),
        _get_organisation(certificate),
        certificate.not_valid_after_utc,
    )
    _require_valid_today(certificate)
    try:
        signer.sign(_TRIAL_PNG, ImageType.PNG.media_type, "", SourceType.FROM_WORDS, Ingredients())
    except c2pa.C2paError as error:
        raise InvalidSettingsError(
            f"C2PA_CERTIFICATE_FILE is wrong: it cannot sign content credentials ({error}). Use one that its issuer "
            "made for C2PA or for signing documents or e-mail, which is not self-signed."
        ) from error
    return signer


def _build_manifest(model_name: str, source_type: SourceType, ingredients: Ingredients) -> dict[str, Any]:
    """Describe how the picture was made. No prompt, person or server is named: they are nobody else's business."""
    made = {
        "digitalSourceType": source_type.value,
        "softwareAgent": {"name": model_name or CREATOR_TOOL},
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    has_source = ingredients.source is not None or ingredients.source_archive is not None
    parent = SOURCE if has_source else None
    inputs = [] if ingredients.style is None else [_STYLE]
    if ingredients.answer is not None:
        parent, inputs = _ANSWER, [SOURCE, *inputs] if has_source else inputs
    actions: list[dict[str, Any]] = []
    if parent is not None:
        actions.append({"action": "c2pa.opened", "parameters": {"ingredientIds": [parent]}})
    used = {"parameters": {"ingredientIds": inputs}} if inputs else {}
    actions.append({"action": "c2pa.created" if parent is None else "c2pa.edited", **made, **used})
    return {
        "claim_generator_info": [{"name": CREATOR_TOOL, "version": __version__}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _add_ingredients(builder: Any, media_type: str, ingredients: Ingredients) -> None:
    """Add the pictures under the labels that the actions name. A manifest has one parent at most."""

    def add(label: str, title: str, data: bytes, kind: str, *, is_parent: bool) -> None:
        described = {"title": title, "relationship": "parentOf" if is_parent else "inputTo", "label": label}
        builder.add_ingredient(json.dumps(described), kind, io.BytesIO(data))

    has_answer, jpeg = ingredients.answer is not None, ImageType.JPEG.media_type
    if ingredients.answer is not None:
        add(_ANSWER, "the model's answer", ingredients.answer, media_type, is_parent=True)
    if ingredients.source_archive is not None and not has_answer:
        builder.add_ingredient_from_archive(io.BytesIO(ingredients.source_archive))
    elif ingredients.source is not None:
        add(SOURCE, "the source picture", ingredients.source, jpeg, is_parent=not has_answer)
    if ingredients.style is not None:
        add(_STYLE, "a picture in the wanted style", ingredients.style, jpeg, is_parent=False)


def _read_file(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidSettingsError(
            f"{setting} is wrong: {path} cannot be read ({error.strerror}). Make it a file that the user of this "
            "process may read."
        ) from error


def _choose_algorithm(key: bytes, certificate: "Certificate") -> str:
    """Return the algorithm of a private key. Raises `InvalidSettingsError` if it is not that of the certificate."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - c2pa brings it
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415

    setting = "C2PA_PRIVATE_KEY_FILE is wrong:"
    try:
        private = serialization.load_pem_private_key(key, password=None)
    except TypeError as error:
        raise InvalidSettingsError(
            f"{setting} the key has a password. Write it without one, readable by this process alone."
        ) from error
    except ValueError as error:
        raise InvalidSettingsError(
            f"{setting} it holds no private key in PEM. Give the key of the certificate."
        ) from error
    if private.public_key() != certificate.public_key():
        raise InvalidSettingsError(
            f"{setting} the key does not belong to the first certificate of C2PA_CERTIFICATE_FILE. Give the key of "
            "that one."
        )
    match private:
        case ec.EllipticCurvePrivateKey(key_size=256 | 384 | 521 as size):
            return {256: "es256", 384: "es384", 521: "es512"}[size]
        case rsa.RSAPrivateKey():
            return "ps256"
        case ed25519.Ed25519PrivateKey():
            return "ed25519"
        case _:
            raise InvalidSettingsError(
                f"{setting} C2PA has no signatures by a key of this kind. Use P-256, P-384, P-521, RSA or Ed25519."
            )


def _require_valid_today(certificate: "Certificate") -> None:
    """Raise `InvalidSettingsError` for a certificate of the past or the future; log one that expires soon."""
    now, start, end = datetime.now(UTC), certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not start <= now <= end:
        raise InvalidSettingsError(
            f"C2PA_CERTIFICATE_FILE is wrong: the certificate is valid from {start:%Y-%m-%d} to {end:%Y-%m-%d}. Give "
            "one that is valid today, or remove the setting."
        )
    if end - now < timedelta(days=_WARNING_DAYS):
        log.warning("the certificate of C2PA_CERTIFICATE_FILE expires on %s: renew it before", f"{end:%Y-%m-%d}")


def _get_organisation(certificate: "Certificate") -> str:
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - c2pa brings it

    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(kind):
            return str(attribute.value)
    return ""
