"""The file in which a model version travels from one installation to another.

A zip archive whose members are stored, not compressed, in a fixed order with fixed times: the same
version gives the same bytes. `manifest.json` names every other member with its size and SHA-256;
`manifest.sig.json`, when there, is an Ed25519 signature (RFC 8032) over the manifest's bytes. Who
trusts the manifest's key and finds every digest right holds what was exported.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import stat
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

FORMAT, VERSION = "modelyard-bundle", 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig.json"
MODEL, CARD, INTERFACE = "model.json", "card.md", "signature.json"
LOCK, LINEAGE, FILES = "environment.lock", "lineage.json", "files/"
DOCUMENTS = (MODEL, CARD, INTERFACE, LOCK, LINEAGE)
NEEDED = (MODEL, INTERFACE, LINEAGE)
KEY_PREFIX = "ed25519:"

MOST_MEMBERS = 20_000
MOST_DOCUMENT_BYTES = 8 * 1024 * 1024
_MOST_DIRECTORY_BYTES = 32 * 1024 * 1024
_CHUNK = 1024 * 1024
_LONGEST_PATH = 1024
_KEY_BYTES, _SIGNATURE_BYTES = 32, 64
_LOCAL_HEADER_BYTES = 30
_EPOCH = (1980, 1, 1, 0, 0, 0)
_BROKEN = (
    zipfile.BadZipFile,
    ValueError,
    NotImplementedError,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    struct.error,
)


class BundleRefused(Exception):
    """The file is no bundle, or not the one that was exported; `code` says which."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code, self.says = code, says


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a bundle, as its manifest names it."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says it holds."""

    model: str
    number: int
    digest: str
    """Of the model's content, as both installations compute it."""
    members: tuple[Member, ...]

    def as_bytes(self) -> bytes:
        """Give the one way to write it."""
        return as_bytes(
            {
                "format": FORMAT,
                "version": VERSION,
                "model": self.model,
                "number": self.number,
                "digest": self.digest,
                "files": [
                    {"path": m.path, "size_bytes": m.size_bytes, "sha256": m.sha256}
                    for m in self.members
                ],
            }
        )


@dataclass(frozen=True, slots=True)
class Seal:
    """A detached signature over a manifest's bytes."""

    public_key: bytes
    signature: bytes

    @property
    def key(self) -> str:
        """The key as people write it."""
        return key_text(self.public_key)

    def as_bytes(self) -> bytes:
        """Write it."""
        return as_bytes(
            {
                "algorithm": "ed25519",
                "public_key": self.key,
                "signature": base64.b64encode(self.signature).decode(),
            }
        )


class Bundle:
    """An open bundle whose structure is sound; its content is compared while it is read."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest, raw: bytes) -> None:
        self._archive = archive
        self.manifest = manifest
        self.manifest_bytes = raw
        self.seal: Seal | None = None

    @property
    def manifest_sha256(self) -> str:
        """Names the bundle: the same version gives the same."""
        return hashlib.sha256(self.manifest_bytes).hexdigest()

    @property
    def files(self) -> list[Member]:
        """The model's own files; their paths begin with `files/`."""
        return [m for m in self.manifest.members if m.path.startswith(FILES)]

    def document(self, path: str) -> bytes | None:
        """Give a document, compared with its digest; `None` when the bundle has none.

        Raises:
            BundleRefused: it is too long or not what the manifest says.
        """
        member = next((m for m in self.manifest.members if m.path == path), None)
        if member is None:
            return None
        return b"".join(self.chunks(member))

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Give a member's content; the last step compares it with its digest.

        Raises:
            BundleRefused: it is not what the manifest says.
        """
        digest, size = hashlib.sha256(), 0
        try:
            with self._archive.open(member.path) as source:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    yield chunk
        except _BROKEN as error:
            raise BundleRefused("damaged", f"{member.path} cannot be read: {error}") from error
        if (size, digest.hexdigest()) != (member.size_bytes, member.sha256):
            raise BundleRefused("damaged", f"{member.path} is not what the manifest says.")

    def verify_content(self, on_member: Callable[[Member], None] | None = None) -> None:
        """Read everything and compare it with the manifest.

        Raises:
            BundleRefused: something is not what the manifest says.
        """
        for member in self.manifest.members:
            for _chunk in self.chunks(member):
                pass
            if on_member is not None:
                on_member(member)


def opened(stream: BinaryIO) -> Bundle:
    """Open a bundle; nothing is unpacked, and no more is read than its directory and manifest.

    Raises:
        BundleRefused: it is no bundle, of another version, or built to harm who opens it.
    """
    size = _refuse_large_directory(stream)
    try:
        archive = zipfile.ZipFile(stream)
    except _BROKEN as error:
        raise BundleRefused("not_a_bundle", f"This is no zip archive: {error}") from error
    present = _sound_members(archive, size)
    raw = _read_small(archive, present, MANIFEST)
    manifest = _read_manifest(raw)
    named = {m.path: m.size_bytes for m in manifest.members}
    extra = set(present) - set(named) - {MANIFEST, SIGNATURE}
    if extra or set(named) - set(present):
        odd = min(extra or set(named) - set(present))
        raise BundleRefused("damaged", f"The manifest and the archive differ: {odd}.")
    for path, size_bytes in named.items():
        if present[path].file_size != size_bytes:
            raise BundleRefused("damaged", f"{path} has another size than the manifest says.")
    bundle = Bundle(archive, manifest, raw)
    if SIGNATURE in present:
        bundle.seal = _read_seal(_read_small(archive, present, SIGNATURE))
    return bundle


def written(
    manifest: Manifest,
    seal: Seal | None,
    documents: Mapping[str, bytes],
    files: Mapping[str, Callable[[], BinaryIO]],
) -> Iterator[bytes]:
    """Write a bundle piece by piece, with constant memory.

    Raises:
        BundleRefused: a file is not what the manifest says; what was given so far is no bundle.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        heads = {MANIFEST: manifest.as_bytes()}
        if seal is not None:
            heads[SIGNATURE] = seal.as_bytes()
        for path, content in heads.items():
            archive.writestr(_entry(path, len(content)), content)
        for member in manifest.members:
            if member.path in documents:
                archive.writestr(_entry(member.path, member.size_bytes), documents[member.path])
            else:
                yield from _copied(archive, sink, member, files[member.path])
            yield sink.taken()
    yield sink.taken()


def member_of(path: str, content: bytes) -> Member:
    """Describe a document."""
    return Member(path, len(content), hashlib.sha256(content).hexdigest())


def as_bytes(value: Any) -> bytes:
    """Write JSON the same way every time."""
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def key_text(public_key: bytes) -> str:
    """Write a public key as people pass it on: `ed25519:<base64>`."""
    return KEY_PREFIX + base64.b64encode(public_key).decode()


def key_bytes(text: str) -> bytes:
    """Read a public key.

    Raises:
        BundleRefused: it is none.
    """
    try:
        raw = base64.b64decode(text.strip().removeprefix(KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise BundleRefused("key_unreadable", f"A public key reads {KEY_PREFIX}<44 characters>.")
    return raw


class _Sink:
    """Collects what `zipfile` writes; it cannot seek, so members are followed by their sizes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """Do nothing: the caller takes what is there."""

    def taken(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole


def _entry(path: str, size: int) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(path, _EPOCH)
    made.compress_type = zipfile.ZIP_STORED
    made.create_system = 3
    made.external_attr = (stat.S_IFREG | 0o644) << 16
    made.file_size = size
    return made


def _copied(
    archive: zipfile.ZipFile, sink: _Sink, member: Member, source: Callable[[], BinaryIO]
) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    large = member.size_bytes >= zipfile.ZIP64_LIMIT
    entry = _entry(member.path, member.size_bytes)
    with source() as opened_file, archive.open(entry, "w", force_zip64=large) as target:
        while chunk := opened_file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            target.write(chunk)
            yield sink.taken()
    if (size, digest.hexdigest()) != (member.size_bytes, member.sha256):
        raise BundleRefused("damaged", f"{member.path} is damaged in the artifact store.")


def _refuse_large_directory(stream: BinaryIO) -> int:
    """Read the end of the archive, before anything trusts its sizes; give the file's size."""
    size = stream.seek(0, 2)
    stream.seek(max(size - 22, 0))
    end = stream.read(22)
    if len(end) < 22 or end[:4] != b"PK\x05\x06" or end[20:] != b"\0\0":
        raise BundleRefused("not_a_bundle", "This is no bundle, or its end is missing.")
    members, directory = struct.unpack("<HI", end[10:16])
    if members == 0xFFFF or directory == 0xFFFFFFFF or end[16:20] == b"\xff" * 4:
        stream.seek(max(size - 42, 0))
        locator = stream.read(20)
        at = struct.unpack("<Q", locator[8:16])[0] if locator[:4] == b"PK\x06\x07" else size
        if at + 56 > size:
            raise BundleRefused("not_a_bundle", "The end of the archive is damaged.")
        stream.seek(at)
        members, directory = struct.unpack("<QQ", stream.read(56)[32:48])
    if members > MOST_MEMBERS + 2 or directory > _MOST_DIRECTORY_BYTES:
        raise BundleRefused("too_many_files", f"A bundle has at most {MOST_MEMBERS} files.")
    stream.seek(0)
    return size


def _sound_members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Give the members by path when nothing about them is odd.

    Stored members cannot be bombs: together they are as long as the archive, unless they overlap.
    """
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    end = 0
    for entry in entries:
        if not is_plain(entry.filename) or entry.orig_filename != entry.filename:
            raise BundleRefused("path_refused", f"A path is not allowed: {entry.filename[:200]!r}.")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if entry.flag_bits & 0x1 or kind not in {0, stat.S_IFREG}:
            raise BundleRefused("path_refused", f"{entry.filename} is no plain file.")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise BundleRefused("compressed", f"{entry.filename} is compressed; bundles are not.")
        if entry.header_offset < end:
            raise BundleRefused("overlapping", f"{entry.filename} overlaps another member.")
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.file_size
        if end > size:
            raise BundleRefused("damaged", f"{entry.filename} is longer than the archive.")
    present = {entry.filename: entry for entry in entries}
    if len(present) != len(entries):
        raise BundleRefused("path_refused", "A path is in the archive twice.")
    return present


def is_plain(path: str) -> bool:
    """Tell whether a path is relative and made of names and slashes only."""
    names = path.split("/")
    return (
        0 < len(path) <= _LONGEST_PATH
        and path.isprintable()
        and "\\" not in path
        and ":" not in names[0]
        and not any(name in {"", ".", ".."} for name in names)
    )


def _read_small(
    archive: zipfile.ZipFile, present: Mapping[str, zipfile.ZipInfo], path: str
) -> bytes:
    entry = present.get(path)
    if entry is None:
        raise BundleRefused("not_a_bundle", f"The archive has no {path}.")
    if entry.file_size > MOST_DOCUMENT_BYTES:
        raise BundleRefused("too_large", f"{path} is longer than {MOST_DOCUMENT_BYTES} bytes.")
    try:
        return archive.read(entry)
    except _BROKEN as error:
        raise BundleRefused("damaged", f"{path} cannot be read: {error}") from error


def json_of(raw: bytes, path: str) -> dict[str, Any]:
    """Read a document that is a JSON object.

    Raises:
        BundleRefused: it is none.
    """
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BundleRefused("damaged", f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise BundleRefused("damaged", f"{path} is no JSON object.")
    return found


def _read_manifest(raw: bytes) -> Manifest:
    found = json_of(raw, MANIFEST)
    if found.get("format") != FORMAT:
        raise BundleRefused("not_a_bundle", "The manifest is not that of a bundle.")
    if found.get("version") != VERSION:
        raise BundleRefused(
            "unknown_version",
            f"The bundle has version {found.get('version')!r}; this program reads {VERSION}.",
        )
    try:
        members = tuple(
            Member(str(m["path"]), int(m["size_bytes"]), str(m["sha256"])) for m in found["files"]
        )
        made = Manifest(str(found["model"]), int(found["number"]), str(found["digest"]), members)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleRefused("damaged", f"The manifest lacks something: {error}") from error
    paths = [m.path for m in members]
    if len(set(paths)) != len(paths) or {MANIFEST, SIGNATURE} & set(paths):
        raise BundleRefused("damaged", "The manifest names a file twice, or itself.")
    for member in members:
        if member.path not in DOCUMENTS and not member.path.startswith(FILES):
            raise BundleRefused("damaged", f"{member.path} has no place in a bundle.")
        if member.path in DOCUMENTS and member.size_bytes > MOST_DOCUMENT_BYTES:
            raise BundleRefused("too_large", f"{member.path} is too long.")
    if not set(NEEDED) <= set(paths) or not any(path.startswith(FILES) for path in paths):
        raise BundleRefused("damaged", "The manifest names no model.")
    return made


def _read_seal(raw: bytes) -> Seal:
    found = json_of(raw, SIGNATURE)
    if found.get("algorithm") != "ed25519":
        raise BundleRefused("signature_wrong", "The signature is not an Ed25519 one.")
    try:
        signature = base64.b64decode(str(found.get("signature")), validate=True)
    except (binascii.Error, ValueError):
        signature = b""
    if len(signature) != _SIGNATURE_BYTES:
        raise BundleRefused("signature_wrong", "The signature cannot be read.")
    return Seal(key_bytes(str(found.get("public_key"))), signature)


def refuse_unless_signed(
    bundle: Bundle, key: str | None, verifies: Callable[[bytes, bytes, bytes], bool]
) -> None:
    """Check a bundle's signature, and that it is of `key` when one is asked for.

    `verifies(public_key, signature, message)` is Ed25519's verification.

    Raises:
        BundleRefused: the signature is wrong or of another key, or there is none and one is asked.
    """
    seal = bundle.seal
    if seal is not None and not verifies(seal.public_key, seal.signature, bundle.manifest_bytes):
        raise BundleRefused("signature_wrong", "The signature does not fit the manifest.")
    if not key:
        return
    wanted = key_bytes(key)
    if seal is None:
        raise BundleRefused("not_signed", "The bundle is not signed.")
    if seal.public_key != wanted:
        raise BundleRefused("signed_by_another", f"The bundle is signed by {seal.key}.")


def joined_documents(documents: Mapping[str, bytes], files: Iterable[Member]) -> tuple[Member, ...]:
    """List what a manifest names: documents in their order, then files by path."""
    made = [member_of(path, documents[path]) for path in DOCUMENTS if path in documents]
    return (*made, *sorted(files, key=lambda member: member.path))
