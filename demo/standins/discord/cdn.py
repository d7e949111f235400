"""The CDN: files by signed addresses that expire.

https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
"""

from urllib.parse import unquote

from aiohttp import web

from demo.standins.discord.app_keys import STATE

GONE_MESSAGE = "This content is no longer available."

routes = web.RouteTableDef()


@routes.get(r"/{root:attachments|ephemeral-attachments}/{channel_id:\d+}/{attachment_id:\d+}/{filename}")
async def get_attachment(request: web.Request) -> web.Response:
    """Answer with a file, or 404 where the signature is wrong or old, or the file gone."""
    return _serve_file(request, request.path, pictures_only=False)


@routes.get(r"/media/{root:attachments|ephemeral-attachments}/{channel_id:\d+}/{attachment_id:\d+}/{filename}")
async def get_media(request: web.Request) -> web.Response:
    """Answer as the media proxy: pictures only, 415 for other files."""
    return _serve_file(request, request.path.removeprefix("/media"), pictures_only=True)


def _serve_file(request: web.Request, path: str, *, pictures_only: bool) -> web.Response:
    world = request.app[STATE]
    found = world.attachments.get(request.match_info["attachment_id"])
    held = found is not None and not found.is_deleted and unquote(found.path) == unquote(path)
    if found is None or not held or not world.signer.is_valid(found.path, dict(request.query), world.now()):
        return web.Response(status=404, text=GONE_MESSAGE)
    if pictures_only and not found.width:
        return web.Response(status=415, text="Unsupported Media Type")
    headers = {
        "Content-Type": found.content_type or "application/octet-stream",
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": f'{"inline" if found.width else "attachment"}; filename="{found.filename}"',
        "Access-Control-Allow-Origin": "*",
    }
    return web.Response(body=found.data, headers=headers)
