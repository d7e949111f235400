"""Pictures that jobs start from."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from shared.request.bundles import unpack_pictures


@dataclass(frozen=True)
class RemoteImage:
    """A picture on Discord's file servers. `url` is signed, so no log may show it.

    `size_bytes` is the declared size, None for a picture in a component of a message, which declares none. `pixels` is
    its width and height where Discord has measured them.
    """

    url: str = field(repr=False)
    size_bytes: int | None = None
    filename: str = ""
    pixels: tuple[int, int] | None = None
    is_spoiler: bool = False

    @property
    def expires_at(self) -> float | None:
        """Unix seconds when the signature expires, None for a URL without a signature.

        https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
        """
        expiry = parse_qs(urlsplit(self.url).query).get("ex", [""])[0]
        try:
            return float(int(expiry, 16))
        except ValueError:
            return None


@dataclass(frozen=True)
class StoredImage:
    """A picture in memory: the upload itself, or as prepared for the model. `sha256` is the hash of the upload.

    `data` may be a bundle of the pictures of an edit (`shared.request.bundles`), which other requests can start from,
    too: they use its source alone. `picture` is that source.
    """

    sha256: str
    data: bytes = field(repr=False)

    @property
    def picture(self) -> bytes:
        return unpack_pictures(self.data).source or b""
