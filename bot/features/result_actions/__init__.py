"""Buttons under results: regenerate, vary, edit, use as source, upscale, details, favourite, delete."""
