"""Limits on the images that the bot decodes itself: results, and originals that its database has stored."""

import math
import sys
from dataclasses import replace
from typing import Final

from shared.imaging.limits import Limits
from shared.imaging.sniffing import ImageType

# Downloads are limited in size before, and the headers of a drawing's thumbnails are read long before their pixels.
STORED_IMAGE_LIMITS: Final = Limits(
    types=(ImageType.PNG, ImageType.JPEG, ImageType.WEBP),
    max_bytes=sys.maxsize,
    min_side=1,
    max_seconds=math.inf,
    min_bytes_per_megapixel=0,
)
UPLOAD_LIMITS: Final = replace(STORED_IMAGE_LIMITS, types=tuple(ImageType))
"""For originals: edits, contests and batches have them as they were uploaded, of any type that requests accept."""
