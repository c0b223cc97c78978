/** Large archives at once, each from a host of its own, in pieces. */
import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import { createZstdCompress } from "node:zlib";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { TestReceiver } from "../api/receiver.ts";
import { digestField, pieceHeaders } from "../api/sample.ts";
import { concat, END, file } from "../archive/tar.ts";
import { inParallel, MIB, sleep, startReceiver } from "./crowd.ts";

export interface LargeUploadsFigures {
  readonly archiveBytes: number;
  readonly seconds: number;
  readonly mbPerSecond: number;
  readonly peakRssBytes: number;
}

interface LargeArchive {
  readonly path: string;
  readonly bytes: number;
  readonly archiveDigest: string;
  readonly episodeDigest: string;
}

/** Throws when one of them is not stored. */
export async function largeUploads(
  uploads: number,
  fileBytes: number,
): Promise<LargeUploadsFigures> {
  await using receiver = await startReceiver();
  const archive = await writeArchive(`${receiver.root}/archive`, receiver.stamp, fileBytes);
  const tokens: string[] = [];
  for (let at = 0; at < uploads; at++) tokens.push(await receiver.token(`lab-${at}`));
  const startedMs = performance.now();
  await inParallel(uploads, uploads, (at) => upload(receiver, archive, at, tokens[at] ?? ""));
  const seconds = (performance.now() - startedMs) / 1000;
  const stored = receiver.files().filter((name) => name.endsWith(".tar.zst"));
  assert.equal(stored.length, uploads);
  for (const name of stored) {
    assert.equal(Deno.statSync(`${receiver.storeDir}/${name}`).size, archive.bytes);
  }
  const mbPerSecond = uploads * archive.bytes / 1e6 / seconds;
  const peakRssBytes = receiver.rssBytes("VmHWM");
  return { archiveBytes: archive.bytes, seconds, mbPerSecond, peakRssBytes };
}

const PIECE_BYTES = 8 * MIB;

async function upload(
  receiver: TestReceiver,
  archive: LargeArchive,
  at: number,
  token: string,
): Promise<void> {
  const announce = () =>
    receiver.ask({
      method: "PUT",
      path: `/v1/episodes/lab-${at}/large`,
      headers: {
        "content-type": "application/zstd",
        "repr-digest": digestField(archive.archiveDigest),
        "cis490-episode-digest": digestField(archive.episodeDigest),
        "cis490-code-commit": receiver.stamp,
        "upload-complete": "?0",
        "upload-length": `${archive.bytes}`,
      },
    }, token);
  const announced = await announce();
  assert.equal(announced.status, 201, announced.text);
  const path = announced.headers.get("location") ?? "";
  using reading = await Deno.open(archive.path);
  const piece = new Uint8Array(PIECE_BYTES);
  for (let offset = 0; offset < archive.bytes;) {
    let filled = 0;
    while (filled < piece.byteLength) {
      const count = await reading.read(piece.subarray(filled));
      if (count === null) break;
      filled += count;
    }
    const body = piece.subarray(0, filled);
    const headers = pieceHeaders(body, offset, offset + filled === archive.bytes);
    let answer = await receiver.ask({ method: "PATCH", path, headers, body }, token);
    offset += filled;
    while (answer.problem === "verifying") {
      await sleep(1000);
      answer = await announce();
    }
    const expected = offset === archive.bytes ? [200, 201] : [204];
    assert.ok(expected.includes(answer.status), `${answer.status} ${answer.text}`);
  }
}

/** An archive of format 1 with one file of noise, which does not shrink. */
async function writeArchive(
  path: string,
  stamp: string,
  fileBytes: number,
): Promise<LargeArchive> {
  const [archiveHash, episodeHash] = [createHash("sha256"), createHash("sha256")];
  const compressor = createZstdCompress({ params: { 100: 1, 201: 1 } }); // level 1, with checksum
  const out = createWriteStream(path);
  let bytes = 0;
  compressor.on("data", (chunk: Uint8Array) => {
    archiveHash.update(chunk);
    bytes += chunk.byteLength;
    if (!out.write(chunk)) {
      compressor.pause();
      out.once("drain", () => compressor.resume());
    }
  });
  const write = async (part: Uint8Array) => {
    episodeHash.update(part);
    if (!compressor.write(part)) await once(compressor, "drain");
  };
  const meta = JSON.stringify({ code_version: { commit: stamp } });
  const [header = END] = file("noise.bin", "", { size: fileBytes });
  await write(concat(...file("meta.json", meta), header));
  const noise = new Uint8Array(MIB);
  for (let at = 0; at < fileBytes; at += MIB) {
    for (let part = 0; part < MIB; part += 65_536) {
      crypto.getRandomValues(noise.subarray(part, part + 65_536));
    }
    await write(noise.slice(0, Math.min(MIB, fileBytes - at)));
  }
  await write(concat(new Uint8Array((512 - fileBytes % 512) % 512), END));
  compressor.end();
  await once(compressor, "end");
  out.end();
  await once(out, "finish");
  const hex = (hash: Hash) => hash.digest("hex");
  return { path, bytes, archiveDigest: hex(archiveHash), episodeDigest: hex(episodeHash) };
}
