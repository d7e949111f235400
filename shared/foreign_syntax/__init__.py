"""The syntax of other image tools in a prompt: Midjourney's parameters, the brackets of Stable Diffusion's, and links.

Nothing here knows a model: options are read, and `bot.submission.foreign_syntax` fits them to the request.
"""
