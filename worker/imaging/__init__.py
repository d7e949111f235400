"""The image that a person attached becomes the image that a model accepts; a model's image is verified. No I/O."""
