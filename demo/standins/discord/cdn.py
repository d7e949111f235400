"""The CDN: serves files at signed URLs that expire.

https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
"""

from urllib.parse import unquote

from aiohttp import web

from demo.standins.discord.app_keys import STATE

GONE_MESSAGE = "This content is no longer available."

routes = web.RouteTableDef()


@routes.get(r"/{root:attachments|ephemeral-attachments}/{channel_id:\d+}/{attachment_id:\d+}/{filename}")
async def get_attachment(request: web.Request) -> web.Response:
    """Serve a file; 404 if the signature is invalid or expired, or the file was deleted."""
    return _serve_file(request, request.path, images_only=False)


@routes.get(r"/media/{root:attachments|ephemeral-attachments}/{channel_id:\d+}/{attachment_id:\d+}/{filename}")
async def get_media(request: web.Request) -> web.Response:
    """Serve an image as the media proxy does; 415 for other files."""
    return _serve_file(request, request.path.removeprefix("/media"), images_only=True)


def _serve_file(request: web.Request, path: str, *, images_only: bool) -> web.Response:
    state = request.app[STATE]
    found = state.attachments.get(request.match_info["attachment_id"])
    exists = found is not None and not found.is_deleted and unquote(found.path) == unquote(path)
    if found is None or not exists or not state.signer.is_valid(found.path, dict(request.query), state.now()):
        return web.Response(status=404, text=GONE_MESSAGE)
    if images_only and not found.width:
        return web.Response(status=415, text="Unsupported Media Type")
    headers = {
        "Content-Type": found.content_type or "application/octet-stream",
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": f'{"inline" if found.width else "attachment"}; filename="{found.filename}"',
        "Access-Control-Allow-Origin": "*",
    }
    return web.Response(body=found.data, headers=headers)
