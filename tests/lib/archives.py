# SPDX-License-Identifier: Apache-2.0
"""Archives of images, good and hostile, for tests/scenario/27-sources.sh and
tests/attack/archives.sh.

    archives.py layout DIR          an OCI layout: registry.example/app:1, two plain layers
    archives.py docker FILE [TAG]   the same image as `docker save` writes it
    archives.py hostile DIR         one file a case, NAME.oci or NAME.docker

Headers that tarfile will not write are made by hand."""

import gzip
import hashlib
import io
import json
import os
import struct
import sys
import tarfile

NAME = "registry.example/app:1"
OCI = "application/vnd.oci.image."


def digest(data):
    return hashlib.sha256(data).hexdigest()


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def header(name, size=0, kind=b"0", link="", magic=b"ustar\x0000", size_field=None, prefix=""):
    field = b"%011o\0" % size if size_field is None else size_field
    block = struct.pack(
        "100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x",
        name.encode("latin-1"), b"0000644\0", b"0000000\0", b"0000000\0", field,
        b"00000000000\0", b" " * 8, kind, link.encode(), magic, b"", b"", b"", b"",
        prefix.encode())
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def pad(data):
    return data + bytes(-len(data) % 512)


def member(name, data=b"", **how):
    return header(name, how.pop("size", len(data)), **how) + pad(data)


def pax(records, kind=b"x"):
    out = b""
    for key, value in records:
        body = b" " + key + b"=" + value + b"\n"
        n = len(body) + 1
        while len(str(n)) + len(body) != n:
            n += 1
        out += str(n).encode() + body
    return member("PaxHeaders/x", out, kind=kind)


END = bytes(1024)


def layer(name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.size = 5000
        tar.addfile(info, io.BytesIO(name.encode() * 5000))
    return out.getvalue()


LAYERS = [layer("a"), layer("b")]
CONFIG = compact({
    "architecture": "amd64", "os": "linux", "config": {},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest(x) for x in LAYERS]}})


def descriptor(kind, data, **more):
    return dict({"mediaType": OCI + kind, "digest": "sha256:" + digest(data),
                 "size": len(data)}, **more)


MANIFEST = compact({
    "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
    "config": descriptor("config.v1+json", CONFIG),
    "layers": [descriptor("layer.v1.tar", x) for x in LAYERS]})


def index(*extra, **annotations):
    names = {"org.opencontainers.image.ref.name": NAME}
    return compact({"schemaVersion": 2, "manifests": [
        descriptor("manifest.v1+json", MANIFEST, annotations=dict(names, **annotations)), *extra]})


def oci():
    """Name and bytes of every file of the layout."""
    files = [("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", index())]
    return files + [("blobs/sha256/" + digest(x), x) for x in [MANIFEST, CONFIG, *LAYERS]]


def docker(tags=(NAME,)):
    names = [digest(x) + ".tar" for x in LAYERS]
    listed = compact([{"Config": digest(CONFIG) + ".json", "RepoTags": list(tags),
                       "Layers": names}])
    return [*zip(names, LAYERS), (digest(CONFIG) + ".json", CONFIG), ("manifest.json", listed)]


def archive(files, before=b"", after=b"", end=END):
    return before + b"".join(member(n, d) for n, d in files) + after + end


def replaced(files, name, data):
    return [(n, data if n == name else d) for n, d in files]


def hostile():
    o, d = oci(), docker()
    docker_name = d[0][0]
    first = "blobs/sha256/" + digest(LAYERS[0])
    one = lambda name, **how: {name + ".oci": archive(o, **how)}
    both = lambda name, **how: dict(one(name, **how), **{name + ".docker": archive(d, **how)})
    cases = {}

    # names
    for title, name in {
            "cve-2007-4131-dot-dot": "../evil", "cve-2001-1267-absolute": "/etc/evil",
            "row-55-dot-dot-inside": "blobs/../../evil", "row-58-dot-dot-end": "blobs/..",
            "row-77-empty-part": "blobs//x", "row-77-dot-part": "blobs/./x", "row-77-dot": "./.",
            "row-77-no-name": "", "row-77-only-dots": "././x", "row-77-backslash": "a\\..\\b",
            "row-77-control": "a\x1b[2J", "row-77-latin-1": "a\xff", "row-77-space": "a b",
            "row-77-drive": "C:\\x"}.items():
        cases.update(one(title, before=member(name, b"x")))
    cases.update(one("row-77-slash-behind-a-file", before=member("evil/", b"x")))
    cases["row-55-prefix-dot-dot.oci"] = archive(o, before=member("x", b"x", prefix=".."))
    cases["twice.oci"] = archive([*o, ("index.json", index())])
    cases["twice-other-spelling.oci"] = archive([*o, ("./index.json", index())])
    cases["twice-other-case.oci"] = archive([*o, ("INDEX.json", index())])
    cases["twice-a-blob.oci"] = archive([*o, (first, LAYERS[1])])
    cases["twice-folder-and-file.oci"] = archive(
        o, before=member("blobs/", kind=b"5") + member("blobs", b"x"))
    cases["two-manifests.docker"] = archive([*d, d[-1]])
    cases["two-manifests-other-spelling.docker"] = archive([*d, ("./manifest.json", d[-1][1])])
    cases["row-77-two-kinds.docker"] = archive([*d, *o])

    # what is no file
    for title, kind, link in (
            ("cve-2026-50163-hard-link", b"1", "/etc/shadow"), ("device", b"3", ""),
            ("block-device", b"4", ""), ("fifo", b"6", ""), ("contiguous", b"7", ""),
            ("gnu-dumpdir", b"D", ""), ("gnu-multi-volume", b"M", ""), ("gnu-volume", b"V", ""),
            ("gnu-sparse", b"S", ""), ("unknown-type", b"Z", "")):
        cases.update(one("row-59-" + title if link else "row-78-" + title,
                         before=member("evil", kind=kind, link=link)))
    for title, link in (("absolute", "/etc/passwd"), ("dot-dot", "../../etc/passwd"),
                        ("folder", ".."), ("nothing", "../nothing"), ("itself", "../evil")):
        cases.update(both("cve-2026-29064-link-" + title,
                          before=member("evil", kind=b"2", link=link)))
    cases["cve-2026-50162-link-chain.docker"] = archive(
        d, before=member("a", kind=b"2", link="../b") +
        member("b", kind=b"2", link="../" + docker_name))
    cases["cve-2021-29136-blob-is-a-link.oci"] = archive(
        [x for x in o if x[0] != first], after=member(first, kind=b"2", link="/etc/passwd"))
    cases["cve-2018-20990-folder-is-a-link.oci"] = archive(
        o, before=member("blobs", kind=b"2", link="/etc"))
    cases["link-for-the-index.oci"] = archive(
        [x for x in o if x[0] != "index.json"],
        after=member("index.json", kind=b"2", link="../index"))
    cases["link-with-bytes.docker"] = archive(
        d, before=member("a", b"x" * 512, kind=b"2", link="../" + docker_name))

    # sizes
    for title, field in {
            "negative": b"\xff" * 12, "2-to-the-63": b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7,
            "2-to-the-95": b"\x80" + b"\xff" * 11, "small-in-binary": b"\x80" + bytes(10) + b"\x01",
            "minus-octal": b"-0000000001\0", "none": bytes(12), "spaces": b" " * 12,
            "decimal": b"00000000009\0", "hexadecimal": b"0x000000010\0",
            "beyond-the-end": b"77777777777\0"}.items():
        cases.update(one("cve-2022-48303-size-" + title,
                         before=header("evil", size_field=field)))
    cases["cve-2026-33055-pax-size-beside-a-size.oci"] = archive(
        o, before=pax([(b"size", b"0")]) + member("evil", archive(o, end=b"")))
    cases["cve-2025-62518-pax-size-smuggles.oci"] = archive(
        o, before=pax([(b"size", b"512")]) + header("evil", 0) + member("smuggled", b""))
    cases["pax-size-2-to-the-63.oci"] = archive(
        o, before=pax([(b"size", b"9223372036854775807")]) + header("evil", 0))
    cases["pax-size-twice.oci"] = archive(
        o, before=pax([(b"size", b"8589934592"), (b"size", b"1")]) + header("evil", 0))

    # pax and GNU
    for key, value in ((b"path", b"../evil"), (b"path", b"evil"), (b"linkpath", b"/etc/passwd"),
                       (b"GNU.sparse.realsize", b"1125899906842624"), (b"GNU.sparse.major", b"1"),
                       (b"SCHILY.xattr.user.x", b"1"), (b"SCHILY.acl.access", b"user::rwx"),
                       (b"hdrcharset", b"BINARY"), (b"path", b"a\0b"), (b"unheard.of", b"1"),
                       (b"mtime\0x", b"1")):
        title = "cve-2026-32766-pax-" + "".join(c if c.isalnum() else "-" for c in key.decode())
        while title + ".oci" in cases:
            title += "-more"
        cases.update(one(title, before=pax([(key, value)]) + member("evil", b"x")))
    cases.update(both("pax-for-all", before=pax([(b"mtime", b"1")], b"g")))
    for title, data in {"no-length": b" mtime=1\n", "length-beyond": b"999 mtime=1\n",
                        "length-short": b"3 mtime=1\n", "length-zero": b"0 mtime=1\n",
                        "no-equals": b"8 mtime\n", "no-line-end": b"10 mtime=1",
                        "length-negative": b"-9 mtime=1\n", "leading-zero": b"011 mtime=1\n"}.items():
        cases["cve-2026-32766-pax-" + title + ".oci"] = archive(
            o, before=member("x", data, kind=b"x") + member("evil", b"x"))
    cases["pax-twice.oci"] = archive(
        o, before=pax([(b"mtime", b"1")]) + pax([(b"mtime", b"1")]) + member("evil", b"x"))
    cases["pax-before-nothing.oci"] = archive(o, after=pax([(b"mtime", b"1")]))
    cases["cve-2017-14992-pax-bomb.oci"] = archive(
        o, before=pax([(b"comment", b"x" * (8 << 20))]) + member("evil", b"x"))
    cases["cve-2023-39804-long-xattr.oci"] = archive(
        o, before=pax([(b"SCHILY.xattr.user." + b"x" * 60000, b"1")]) + member("evil", b"x"))
    cases.update(both("gnu-long-name",
                      before=member("././@LongLink", b"blobs/" + b"x" * 300 + b"\0", kind=b"L",
                                    magic=b"ustar  \0") + member("blobs/x", b"x")))
    cases.update(one("gnu-long-link",
                     before=member("././@LongLink", b"/etc/passwd\0", kind=b"K",
                                   magic=b"ustar  \0") + member("x", kind=b"2", link="y")))
    cases["gnu-fields-in-a-header.oci"] = archive(
        o, before=member("x", b"x", magic=b"ustar  \0", prefix="12345"))

    # the end
    whole = archive(o)
    cases["truncated-within-a-layer.oci"] = whole[:-3000]
    cases["truncated-between-members.oci"] = whole[:-1024]
    cases["truncated-one-block-of-zeros.oci"] = whole[:-512]
    cases["truncated-within-a-header.oci"] = whole[:700]
    cases["empty.oci"] = b""
    cases["zeros-alone.oci"] = bytes(10240)
    cases["cve-2017-14992-zeros-behind.oci"] = whole + bytes(4 << 20)
    cases["row-79-archive-behind-the-end.oci"] = whole + whole
    cases["row-79-bytes-behind-the-end.oci"] = whole + b"x" * 512
    cases["zeros-between.oci"] = archive(o[:2], end=bytes(512)) + archive(o[2:])
    cases["other-checksum.oci"] = whole[:148] + b"0000000\0" + whole[156:]
    cases["old-tar.oci"] = archive(o, before=member("x", b"x", magic=bytes(8)))

    # other forms
    cases["nested-in-gzip.oci"] = gzip.compress(gzip.compress(whole), mtime=0)
    cases["nested-tar.oci"] = archive([("layout.tar", whole)])
    cases["nested-docker.docker"] = archive([("image.tar", archive(d))])
    cases["gzip-truncated.oci"] = gzip.compress(whole, mtime=0)[:-9]
    cases["gzip-and-more.oci"] = gzip.compress(whole, mtime=0) + b"more"
    cases["gzip-bomb.oci"] = gzip.compress(whole + bytes(128 << 20), 9, mtime=0)
    cases["xz.oci"] = b"\xfd7zXZ\0" + bytes(100)
    cases["bzip2.oci"] = b"BZh91AY&SY" + bytes(100)
    cases["zip.oci"] = b"PK\x03\x04" + bytes(1000)
    cases["cpio.oci"] = b"070701" + b"0" * 1000
    cases["text.oci"] = b"#mtree\n./x type=file\n" * 100
    cases["zstd-of-nothing.oci"] = b"\x28\xb5\x2f\xfd" + b"\xff" * 200

    # digests and documents
    cases["cve-2022-47633-layer-of-other-bytes.oci"] = archive(
        replaced(o, first, LAYERS[0][:-1] + b"x"))
    cases["layer-too-short.oci"] = archive(replaced(o, first, LAYERS[0][:-1]))
    cases["manifest-of-other-bytes.oci"] = archive(
        replaced(o, "blobs/sha256/" + digest(MANIFEST), MANIFEST + b" "))
    cases["layer-is-missing.oci"] = archive([x for x in o if x[0] != first])
    cases["no-index.oci"] = archive([x for x in o if x[0] != "index.json"])
    cases["no-header.oci"] = archive([x for x in o if x[0] != "oci-layout"])
    cases["another-version.oci"] = archive(
        replaced(o, "oci-layout", b'{"imageLayoutVersion":"2.0.0"}'))
    cases["row-119-docker-as-oci.oci"] = archive(d)
    cases["row-119-oci-as-docker.docker"] = archive(o)
    cases["unknown-media-type.oci"] = archive(replaced(
        o, "index.json", index().replace(b"image.manifest.v1", b"image.manifest.v9")))
    cases["index-of-17-MiB.oci"] = archive(replaced(o, "index.json", index() + b" " * (17 << 20)))

    listed = json.loads(d[-1][1])

    def with_listed(**what):
        return archive(replaced(d, "manifest.json", compact([dict(listed[0], **what)])))

    cases["cve-2014-9358-config-dot-dot.docker"] = with_listed(Config="../../etc/passwd")
    cases["cve-2014-9356-layer-absolute.docker"] = with_listed(Layers=["/etc/passwd"] * 2)
    cases["config-is-missing.docker"] = with_listed(Config="nothing.json")
    cases["config-is-a-layer.docker"] = with_listed(Config=docker_name)
    cases["a-layer-too-few.docker"] = with_listed(Layers=[docker_name])
    cases["a-layer-too-many.docker"] = with_listed(Layers=[n for n, _ in d[:2]] + [docker_name])
    cases["layers-in-another-order.docker"] = with_listed(Layers=[d[1][0], d[0][0]])
    cases["layers-5000.docker"] = with_listed(Layers=[docker_name] * 5000)
    cases["layer-is-no-name.docker"] = with_listed(Layers=[{"x": 1}, 7])
    cases["tags-are-no-names.docker"] = with_listed(RepoTags=[1])
    cases["tag-with-a-line-end.docker"] = with_listed(RepoTags=[NAME + "\nACCEPTED"])
    cases["manifest-is-no-list.docker"] = archive(replaced(d, "manifest.json", b"{}"))
    cases["manifest-of-nothing.docker"] = archive(replaced(d, "manifest.json", b"[]"))
    cases["manifest-with-a-key-twice.docker"] = archive(replaced(
        d, "manifest.json", d[-1][1].replace(b'"Layers"', b'"Config":"x","Layers"')))
    cases["manifest-cut.docker"] = archive(replaced(d, "manifest.json", d[-1][1][:-1]))
    cases["manifest-126-deep.docker"] = archive(replaced(d, "manifest.json", b"[" * 1000000))
    cases["cve-2022-47633-layer-of-other-bytes.docker"] = archive(
        replaced(d, docker_name, LAYERS[0][:-1] + b"x"))
    cases["one-name-for-two-images.docker"] = archive(replaced(d, "manifest.json", compact(
        [listed[0], dict(listed[0], Config="other.json")])) + [("other.json", CONFIG + b"\n")])
    for title, config in {"no-layers": b"{}", "null": b"null", "diff-ids-no-digests":
                          CONFIG.replace(b"sha256:", b"md5:"), "no-json": b"\0"}.items():
        cases["config-" + title + ".docker"] = archive(replaced(d, d[2][0], config))

    return cases


def write_many(path, count):
    """Members of nothing; of their headers only digits and the checksum differ."""
    base = bytearray(header("blobs/x000000"))
    rest = sum(base[:148]) + 8 * 32 + sum(base[156:]) - 6 * ord("0")
    with open(path, "wb") as f:
        f.write(archive(oci(), end=b""))
        for i in range(count):
            text = b"%06d" % i
            base[7:13] = text
            base[148:154] = b"%06o" % (rest + sum(text))
            f.write(base)
        f.write(END)


def main(verb, path, *rest):
    if verb == "layout":
        for name, data in oci():
            os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
            with open(os.path.join(path, name), "wb") as f:
                f.write(data)
    elif verb == "docker":
        with open(path, "wb") as f:
            f.write(archive(docker(rest or (NAME,))))
    elif verb == "hostile":
        os.makedirs(path, exist_ok=True)
        write_many(os.path.join(path, "row-62-260000-members.oci"), 260000)
        for name, data in hostile().items():
            with open(os.path.join(path, name), "wb") as f:
                f.write(data)
        for name, data in (("good.oci", archive(oci())), ("good.docker", archive(docker()))):
            with open(os.path.join(path, name), "wb") as f:
                f.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
