/** Compares what the receiver stored with what was recorded, using no code of this program. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { run } from "./processes.ts";

export interface Check {
  readonly id: string;
  readonly archiveBytes: number;
  readonly digest: string;
  readonly sameTree: boolean;
  readonly sameDigest: boolean;
}

export interface Paths {
  readonly original: string;
  readonly archive: string;
  readonly receipt: string;
  /** A folder to unpack into. */
  readonly scratch: string;
}

export async function checkArrived(id: string, paths: Paths): Promise<Check> {
  const unpacked = `${paths.scratch}/${id}`;
  await Deno.mkdir(unpacked, { recursive: true });
  const tar = `${paths.scratch}/${id}.tar`;
  await decompress(paths.archive, tar);
  const sum = await run("sha256sum", [tar]);
  await run("tar", ["-xf", tar, "-C", unpacked]);
  await Deno.remove(tar);
  const digest = sum.stdout.slice(0, 64);
  const receipt: unknown = JSON.parse(await Deno.readTextFile(paths.receipt));
  return {
    id,
    archiveBytes: (await Deno.stat(paths.archive)).size,
    digest,
    sameTree: await describe(paths.original) === await describe(unpacked),
    sameDigest: JSON.stringify(receipt).includes(`sha256:${digest}`),
  };
}

/** By the zstd program; where it is not installed, by the runtime's own decoder. */
async function decompress(archive: string, to: string): Promise<void> {
  try {
    await run("zstd", ["-q", "-d", "-f", archive, "-o", to]);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("   (zstd is not installed: the runtime's decoder takes its place)");
    await pipeline(createReadStream(archive), createZstdDecompress(), createWriteStream(to));
  }
}

/** Every entry's name, type, mode and time to the nanosecond, with the digest of each file. */
async function describe(root: string): Promise<string> {
  const listing = await run("find", [root, "-mindepth", "1", "-printf", "%P\\0%y %m %T@ %l\\0"]);
  const fields = listing.stdout.split("\0");
  const lines: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [name = "", facts = ""] = fields.slice(at, at + 2);
    const content = facts.startsWith("f")
      ? createHash("sha256").update(await Deno.readFile(`${root}/${name}`)).digest("hex")
      : "";
    lines.push(`${name} ${facts} ${content}`);
  }
  return lines.sort().join("\n");
}
