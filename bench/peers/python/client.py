"""Ships every episode of a directory, one at a time: tar | zstd -3 -T0 to a file, its sha256, one PUT, done.

    client.py DATA_DIR WORK_DIR URL CA CERTIFICATE KEY
"""

import hashlib
import json
import os
import ssl
import subprocess
import sys

import httpx

data_dir, work_dir, url, ca, certificate, key = sys.argv[1:]


def pack(episode, archive):
    with open(archive, "wb") as file:
        tar = subprocess.Popen(["tar", "-C", episode, "-cf", "-", "."], stdout=subprocess.PIPE)
        subprocess.run(["zstd", "-3", "-T0", "-q"], stdin=tar.stdout, stdout=file, check=True)
        if tar.wait() != 0:
            raise SystemExit(f"tar failed for {episode}")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def blocks(path):
    with open(path, "rb") as file:
        while block := file.read(1024 * 1024):
            yield block


context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(certificate, key)
os.makedirs(f"{data_dir}/shipped", exist_ok=True)
with httpx.Client(base_url=url, verify=context, timeout=300) as client:
    for name in sorted(os.listdir(f"{data_dir}/episodes")):
        episode = f"{data_dir}/episodes/{name}"
        archive = f"{work_dir}/{name}.tar.zst.out"
        pack(episode, archive)
        with open(f"{episode}/meta.json", encoding="utf-8") as file:
            commit = json.load(file)["code_version"]["commit"]
        sha256 = digest(archive)
        answer = client.put(
            f"/episodes/{name}",
            content=blocks(archive),
            headers={
                "content-length": str(os.path.getsize(archive)),
                "x-sha256": sha256,
                "x-code-commit": commit,
            },
        )
        if answer.status_code != 201 or answer.json()["sha256"] != sha256:
            raise SystemExit(f"{name}: {answer.status_code} {answer.text}")
        os.makedirs(f"{data_dir}/shipped/{name}", exist_ok=True)
        os.rename(episode, f"{data_dir}/shipped/{name}/episode")
        os.unlink(archive)
