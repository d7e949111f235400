"""Inference profiles, which have the id of their model behind a prefix, and send calls to any of several regions.

https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
"""

import re
from typing import Final

from shared.catalogue import Model

_PROFILE_PREFIX: Final = re.compile(r"^(?:us|eu|apac|jp|au|ca|us-gov|global)\.")


def is_profile(model: Model) -> bool:
    """Tell whether a model is called through an inference profile."""
    return bool(_PROFILE_PREFIX.match(model.id))


def get_foundation_model_id(model: Model) -> str:
    """Return the id of the model itself."""
    return _PROFILE_PREFIX.sub("", model.id)
