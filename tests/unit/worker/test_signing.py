"""Signed content credentials: verified by the library's own reader, with ingredients, and never at a picture's cost."""

import hashlib
import io
import json
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from PIL import Image

from bot.images.marking import remove_settings
from shared.catalogue import Catalogue
from shared.imaging.carried_ingredients import attach_ingredient, detach_ingredient
from shared.imaging.jpeg_segments import iterate_jpeg_segments
from shared.imaging.marks import has_content_credentials, read_marks
from shared.imaging.xmp import SourceType
from shared.outcome import Credentials
from shared.queue.stages import Stage
from shared.request.builder import build_request
from shared.request.bundles import pack_pictures, remove_ingredient
from shared.request.pictures import Pictures
from shared.settings import InvalidSettingsError
from tests.support.certificates import (
    OFFLINE,
    ORGANISATION,
    c2pa,
    get_certificate,
    make_certificate,
    sign_picture,
)
from tests.support.images import encode_image, make_noise_image, make_png_chunk
from tests.support.views import make_job
from worker import ingredients as ingredients_module
from worker.call_result import GeneratedImage
from worker.generate import GenerateJob
from worker.ingredients import build_ingredient
from worker.ports import Claim
from worker.prepare import prepare_job
from worker.result_metadata import FinishedPicture, finish_picture
from worker.settings import load_settings
from worker.signing import PictureSigner, load_signer

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
NOISE = make_noise_image((64, 48))
PHOTO = encode_image(make_noise_image((40, 40), seed=2), "JPEG")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> PictureSigner:
    loaded = load_signer(**name_paths(get_certificate().write(tmp_path_factory.mktemp("certificate"))))
    assert loaded is not None
    return loaded


def name_paths(paths: dict[str, Path]) -> dict[str, Any]:
    return {name.removeprefix("c2pa_"): path for name, path in paths.items()}


def read_store(data: bytes, media_type: str) -> dict[str, Any]:
    with c2pa.Context(c2pa.Settings.from_dict(OFFLINE)) as context:
        store: dict[str, Any] = json.loads(c2pa.Reader(media_type, io.BytesIO(data), context=context).json())
    return store


def get_active(store: dict[str, Any]) -> dict[str, Any]:
    manifest: dict[str, Any] = store["manifests"][store["active_manifest"]]
    return manifest


def list_actions(store: dict[str, Any]) -> list[tuple[str, str | None]]:
    (assertion,) = get_active(store)["assertions"]
    return [(action["action"], action.get("digitalSourceType")) for action in assertion["data"]["actions"]]


def list_failures(store: dict[str, Any]) -> set[str]:
    return {status["code"] for status in store.get("validation_status", [])} - {"signingCredential.untrusted"}


def finish(
    catalogue: Catalogue,
    signer: PictureSigner | None,
    data: bytes,
    kind: str,
    source: bytes | None = None,
    style: bytes | None = None,
    **more: Any,
) -> FinishedPicture:
    request = build_request(catalogue, prompt="a secret prompt", has_picture=source is not None).request
    result = GeneratedImage(data, TYPES[kind], *NOISE.size, 9, 1.0)
    return finish_picture(
        result, request, catalogue.models[request.model], signer, Pictures(source, style=style), **more
    )


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("has_picture", [True, False])
def test_a_signed_result_says_how_it_was_made_and_keeps_its_pixels_and_marks(
    catalogue: Catalogue, signer: PictureSigner, kind: str, *, has_picture: bool
) -> None:
    data = encode_image(NOISE, kind)

    finished = finish(catalogue, signer, data, kind, PHOTO if has_picture else None, job_id="123")

    store = read_store(finished.data, TYPES[kind])
    source_type = SourceType.choose(has_picture=has_picture)
    assert finished.credentials is Credentials.OWN
    assert (store["validation_state"], list_failures(store)) == ("Valid", set())
    made = ("c2pa.edited" if has_picture else "c2pa.created", source_type.value)
    assert list_actions(store) == [*([("c2pa.opened", None)] if has_picture else []), made]
    assert [one["relationship"] for one in get_active(store).get("ingredients", [])] == has_picture * ["parentOf"]
    assert get_active(store)["signature_info"]["issuer"] == ORGANISATION
    assert "time" not in get_active(store)["signature_info"], "no time stamp authority is asked"
    assert "secret" not in json.dumps(store)
    assert "123" not in json.dumps([get_active(store)["assertions"], get_active(store).get("title")])
    assert read_marks(finished.data).source_type == source_type
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(finished.data)) as after:
        assert before.tobytes() == after.tobytes()


def test_the_lineage_is_in_the_file_the_credentials_of_the_source_are_in_those_of_the_result(
    catalogue: Catalogue, signer: PictureSigner
) -> None:
    photo = sign_picture(PHOTO, "image/jpeg", "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture")
    generations = [photo]
    for _ in range(2):
        archive = build_ingredient(generations[-1])
        assert archive is not None
        jpeg, carried = detach_ingredient(attach_ingredient(PHOTO, archive))
        finished = finish(
            catalogue, signer, encode_image(NOISE, "JPEG"), "JPEG", jpeg, source_archive=carried, job_id="1"
        )
        generations.append(finished.data)

    store = read_store(generations[-1], "image/jpeg")

    assert (store["validation_state"], list_failures(store)) == ("Valid", set())
    assert len(store["manifests"]) == 3
    (parent,) = get_active(store)["ingredients"]
    (grandparent,) = store["manifests"][parent["active_manifest"]]["ingredients"]
    origin = store["manifests"][grandparent["active_manifest"]]
    assert origin["claim_generator_info"][0]["name"] == "A provider"


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("has_picture", [True, False])
def test_the_credentials_of_the_models_answer_become_an_ingredient(
    catalogue: Catalogue, signer: PictureSigner, kind: str, *, has_picture: bool
) -> None:
    answer = sign_picture(encode_image(NOISE, kind), TYPES[kind], SourceType.FROM_WORDS)

    finished = finish(catalogue, signer, answer, kind, PHOTO if has_picture else None)
    untouched = finish(catalogue, None, answer, kind)

    store = read_store(finished.data, TYPES[kind])
    assert (store["validation_state"], list_failures(store)) == ("Valid", set())
    relationships = {one["title"]: one["relationship"] for one in get_active(store)["ingredients"]}
    source = {"the source picture": "inputTo"} if has_picture else {}
    assert relationships == {"the model's answer": "parentOf", **source}
    assert len(store["manifests"]) == 2
    assert (untouched.data, untouched.credentials) == (answer, Credentials.MODEL)
    assert read_store(untouched.data, TYPES[kind])["validation_state"] == "Valid"


@pytest.mark.parametrize("is_answer_signed", [False, True])
def test_a_picture_of_a_style_is_an_input(
    catalogue: Catalogue, signer: PictureSigner, *, is_answer_signed: bool
) -> None:
    answer = encode_image(NOISE, "PNG")
    if is_answer_signed:
        answer = sign_picture(answer, "image/png", SourceType.FROM_WORDS)

    store = read_store(finish(catalogue, signer, answer, "PNG", PHOTO, style=PHOTO).data, "image/png")

    assert (store["validation_state"], list_failures(store)) == ("Valid", set())
    relationships = {one["title"]: one["relationship"] for one in get_active(store)["ingredients"]}
    assert relationships["a picture in the wanted style"] == "inputTo"
    assert relationships["the source picture"] == ("inputTo" if is_answer_signed else "parentOf")


@pytest.mark.parametrize("kind", TYPES)
def test_an_anonymous_copy_has_neither_settings_nor_broken_credentials(
    catalogue: Catalogue, signer: PictureSigner, kind: str
) -> None:
    signed = finish(catalogue, signer, encode_image(NOISE, kind), kind, job_id="123").data
    anonymous = remove_settings(signed, SourceType.FROM_WORDS)
    assert not has_content_credentials(anonymous)
    assert read_marks(anonymous).removed_credentials == "shown without its author"
    assert b"secret" not in anonymous


@pytest.mark.parametrize("is_signed", [False, True])
def test_a_picture_that_cannot_be_signed_is_delivered_all_the_same(
    catalogue: Catalogue, caplog: pytest.LogCaptureFixture, *, is_signed: bool
) -> None:
    broken = PictureSigner(b"no chain", b"no key", "es256", "", datetime.now(UTC))
    data = encode_image(NOISE, "PNG")
    answer = sign_picture(data, "image/png", SourceType.FROM_WORDS) if is_signed else data

    finished = finish(catalogue, broken, answer, "PNG", job_id="123")

    assert "job 123: its picture cannot be signed" in caplog.text
    if is_signed:
        assert (finished.data, finished.credentials) == (answer, Credentials.MODEL)
    else:
        assert finished.credentials is None
        assert read_marks(finished.data).source_type == SourceType.FROM_WORDS


def test_many_threads_sign_at_once(catalogue: Catalogue, signer: PictureSigner) -> None:
    data = encode_image(NOISE, "PNG")
    with ThreadPoolExecutor(16) as threads:
        finished = list(threads.map(lambda _: finish(catalogue, signer, data, "PNG"), range(64)))
    assert {read_store(one.data, "image/png")["validation_state"] for one in finished} == {"Valid"}


# ---- Ingredients


@pytest.mark.parametrize("length", [0, 1, 65_511, 65_512, 65_513, 300_000])
def test_an_ingredient_travels_in_a_jpeg_and_leaves_it_as_it_was(length: int) -> None:
    archive = bytes(n % 251 for n in range(length)) or None
    carrier = attach_ingredient(PHOTO, archive)
    assert detach_ingredient(carrier) == (PHOTO, archive)
    with Image.open(io.BytesIO(carrier)) as image:
        image.load()
    assert sum(1 for _ in iterate_jpeg_segments(carrier)) < 20
    assert detach_ingredient(PHOTO) == (PHOTO, None)


def test_pictures_are_stored_without_the_ingredient_that_they_carry() -> None:
    mask = encode_image(NOISE.convert("L"), "PNG")
    for pictures in (Pictures(PHOTO), Pictures(PHOTO, mask)):
        plain = pack_pictures(pictures) or b""
        carried = pack_pictures(replace(pictures, source=attach_ingredient(PHOTO, b"an archive"))) or b""
        assert b"an archive" in carried
        assert [remove_ingredient(data) for data in (plain, carried)] == [plain, plain]


def test_an_upload_without_readable_credentials_is_no_ingredient(monkeypatch: pytest.MonkeyPatch) -> None:
    png = encode_image(NOISE, "PNG")
    broken = png[:33] + make_png_chunk(b"caBX", b"\0\0\0\x10jumb" + bytes(40)) + png[33:]
    assert [build_ingredient(data) for data in (b"", png, broken)] == 3 * [None]
    monkeypatch.setattr(ingredients_module, "MAX_ARCHIVE_BYTES", 100)
    assert build_ingredient(sign_picture(png, "image/png", SourceType.FROM_WORDS)) is None


def test_a_parser_that_hangs_or_crashes_is_survived(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    signed = sign_picture(PHOTO, "image/jpeg", SourceType.FROM_WORDS)
    monkeypatch.setattr(ingredients_module, "_TIMEOUT_SECONDS", 1.0)
    for number, script in enumerate(["import time; time.sleep(60)", "import os; os.abort()"]):
        path = tmp_path / f"{number}.py"
        path.write_text(script)
        monkeypatch.setattr(ingredients_module, "_SCRIPT", str(path))
        assert build_ingredient(signed) is None


@pytest.fixture
def remote() -> Iterator[tuple[str, list[Any]]]:
    """A server that a picture may name, and the connections that it gets."""
    connections: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        stopped = threading.Event()

        def accept() -> None:
            while not stopped.is_set():
                try:
                    connections.append(server.accept())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/manifest", connections
        stopped.set()
        thread.join()
        for connection, _ in connections:
            connection.close()


def test_a_picture_that_names_a_server_makes_nobody_call_it(remote: tuple[str, list[Any]]) -> None:
    url, connections = remote
    png = sign_picture(encode_image(NOISE, "PNG"), "image/png", SourceType.FROM_WORDS, remote_url=url)
    assert url.encode() in png
    assert build_ingredient(png[:33] + make_png_chunk(b"caBX", b"\0\0\0\x10jumb" + bytes(40)) + png[33:]) is None
    assert connections == []


# ---- Settings


def test_a_certificate_and_its_key_go_together(tmp_path: Path) -> None:
    paths = get_certificate().write(tmp_path)
    for name, path in paths.items():
        with pytest.raises(InvalidSettingsError, match="Set both C2PA_CERTIFICATE_FILE and this, or neither"):
            load_settings(**{name: path})
    assert load_settings(**paths).c2pa_private_key_file == paths["c2pa_private_key_file"]
    assert load_signer(None, None) is None


def make_rsa_key(password: bytes | None = None) -> bytes:
    algorithm = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, algorithm)


def make_self_signed() -> tuple[bytes, bytes]:
    """Give the authority's own certificate alone, which the key is not of."""
    chain, key = get_certificate()
    return chain[chain.index(b"-----BEGIN", 10) :], key


WRONG: dict[str, tuple[Any, str]] = {
    "no certificate": (lambda: (b"hello", get_certificate().key), "has no certificate in PEM"),
    "no key": (lambda: (get_certificate().chain, b"hello"), "holds no private key in PEM"),
    "a key with a password": (lambda: (get_certificate().chain, make_rsa_key(b"secret")), "the key has a password"),
    "another key": (lambda: (get_certificate().chain, make_rsa_key()), "does not belong to the first certificate"),
    "the issuer first": (make_self_signed, "does not belong to the first certificate"),
    "expired": (lambda: make_certificate(days=-1), "is valid from"),
    "not for signing": (lambda: make_certificate(for_signing=False), "it cannot sign content credentials"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_certificate_or_key_is_reported_at_the_start(case: str, tmp_path: Path) -> None:
    make, words = WRONG[case]
    chain, key = make()
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key)
    with pytest.raises(InvalidSettingsError, match=words) as rejected:
        load_signer(tmp_path / "chain.pem", tmp_path / "key.pem")
    assert str(rejected.value).startswith("C2PA_")
    assert "-----" not in str(rejected.value)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingsError, match=r"C2PA_CERTIFICATE_FILE is wrong: .* cannot be read \(No such file"):
        load_signer(tmp_path / "nothing.pem", tmp_path / "nothing.pem")


@pytest.mark.parametrize(("key_size", "algorithm"), [(256, "es256"), (384, "es384")])
def test_the_algorithm_is_that_of_the_key_which_is_never_shown(
    key_size: int, algorithm: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        loaded = load_signer(**name_paths(make_certificate(key_size=key_size, days=3).write(tmp_path)))
    assert loaded is not None
    assert (loaded.algorithm, loaded.organisation) == (algorithm, ORGANISATION)
    assert "PRIVATE KEY" not in repr(loaded)
    assert "expires on" in caplog.text


# ---- Jobs


class FakeQueue:
    """Keeps the pictures of one job, and how it ended."""

    def __init__(self, upload: bytes) -> None:
        self.picture = upload
        self.outcome: Any = None

    def fetch_upload(self, _job_id: str) -> bytes:
        return self.picture

    fetch_prepared = fetch_upload

    def promote(self, _claim: Claim, prepared: bytes) -> bool:
        self.picture = prepared
        return True

    def start_call(self, _claim: Claim) -> bool:
        return True

    def finish(self, _claim: Claim, outcome: Any, picture: bytes | None = None) -> bool:
        self.outcome, self.picture = outcome, picture or b""
        return True


class FakeClient:
    """Answers with a picture, and keeps the one that it was given."""

    def authorize(self, *_: Any) -> None:
        pass

    def generate(self, request: Any, model: Any, pictures: Pictures, *_: Any) -> GeneratedImage:
        self.sent = pictures.source
        return GeneratedImage(encode_image(NOISE, "PNG"), "image/png", *NOISE.size, 9, 1.0)


def test_a_job_carries_the_credentials_of_its_upload_to_the_signature_and_the_model_does_not_get_them(
    catalogue: Catalogue, signer: PictureSigner
) -> None:
    upload = sign_picture(encode_image(make_noise_image((1024, 1024)), "PNG"), "image/png", SourceType.FROM_WORDS)
    request = build_request(catalogue, prompt="fog", has_picture=True).request
    job: Any = make_job(request)
    queue: Any = FakeQueue(upload)
    client: Any = FakeClient()

    prepare_job(queue, catalogue, Claim(Stage.PREPARE, job, "token", 0), keeps_credentials=True)
    carried = queue.picture
    GenerateJob(queue, client, catalogue, 60, signer).run(Claim(Stage.GENERATE, job, "token", 0))

    jpeg, archive = detach_ingredient(carried)
    assert archive is not None
    assert client.sent == jpeg
    assert queue.outcome.credentials is Credentials.OWN
    assert queue.outcome.sha256 == hashlib.sha256(queue.picture).hexdigest()
    store = read_store(queue.picture, "image/png")
    assert (store["validation_state"], list_failures(store), len(store["manifests"])) == ("Valid", set(), 2)

    queue = FakeQueue(upload)
    prepare_job(queue, catalogue, Claim(Stage.PREPARE, job, "token", 0))
    assert queue.picture == jpeg, "without a certificate, nothing is carried along"
