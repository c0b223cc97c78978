/** Archives that are nearly ones: tar streams with anything in their headers, zstd with anything in its frames. */
import { digestsOf, type Sample, sampleOf } from "../api/sample.ts";
import { concat, END, file, type Header, header, pax, zstd } from "../archive/tar.ts";
import { type Dice, join } from "./dice.ts";

const NAMES = [
  ...["meta.json", "a", "a/", "a/b", "/etc/passwd", "../x", "a/../../x", "./a", ".", "..", ""],
  ...["a//b", "a\0b", "x".repeat(100), "é", "\u202e", "CON", "a/b/c/d", "episodes", "~"],
];
const TYPES = [..."01234567xgLKSVDMN\0", " "];
const PAX_KEYS = [
  "path",
  "linkpath",
  "size",
  "mtime",
  "uid",
  "GNU.sparse.major",
  "",
  "a=b",
  "path\n",
];
const PAX_VALUES = [
  ...["0", "1", "-1", "99999999999999999999", "1.5", "1e9", "", "\0", "/x", "../x", "a"],
  "x".repeat(5000),
];

/** An archive for `stamp`, whose digests mostly are its own. */
export function archive(dice: Dice, stamp: string): Sample {
  const made = dice.pick([
    () => good(dice, stamp),
    () => sampleOf(tar(dice, stamp)),
    () => digestsOf(zstdFrames(dice, tar(dice, stamp))),
    () => {
      const { bytes, episodeDigest } = good(dice, stamp);
      return { ...digestsOf(dice.mangle(bytes)), episodeDigest };
    },
    () => sampleOf(dice.mangle(tar(dice, stamp))),
    () => digestsOf(dice.bytes(dice.int(2000))),
  ])();
  // Damaged on the way: the digest in the header is the right one's.
  return dice.chance(0.1) ? { ...made, bytes: dice.mangle(made.bytes) } : made;
}

function good(dice: Dice, stamp: string): Sample {
  const meta = file("meta.json", JSON.stringify({ code_version: { commit: stamp } }));
  const noise = Array.from({ length: dice.int(1000) }, () => dice.int(1000)).join(" ");
  return sampleOf(concat(meta, file("noise.txt", noise), END));
}

function tar(dice: Dice, stamp: string): Uint8Array {
  const meta = dice.pick([
    JSON.stringify({ code_version: { commit: stamp } }),
    JSON.stringify({ code_version: { commit: stamp }, note: "x".repeat(dice.int(3000)) }),
    "{}",
    "[".repeat(dice.int(20_000)),
    "\ufeff{}",
  ]);
  const entries = Array.from({ length: dice.int(6) }, () => entry(dice));
  const first = dice.chance(0.85) ? file("meta.json", meta) : entry(dice);
  const end = dice.chance(0.9) ? END : dice.bytes(dice.int(2000));
  return concat(first, ...entries, end);
}

function entry(dice: Dice): Uint8Array[] {
  const name = dice.pick(NAMES).slice(0, 100);
  const content = "x".repeat(dice.int(1500));
  const more: Partial<Header> = {
    ...(dice.chance(0.5) ? { type: dice.pick(TYPES) } : {}),
    ...(dice.chance(0.3) ? { linkname: dice.pick(NAMES).slice(0, 100) } : {}),
    ...(dice.chance(0.2) ? { size: dice.pick([0, 1, 511, 513, 2 ** 33 - 1]) } : {}),
    ...(dice.chance(0.2) ? { mode: dice.int(0o7777) } : {}),
    ...(dice.chance(0.1) ? { uid: 1 } : {}),
    ...(dice.chance(0.2) ? { patch: (block) => block.set(dice.bytes(4), dice.int(508)) } : {}),
  };
  const plain = dice.chance(0.2) ? [header({ name, ...more })] : file(name, content, more);
  if (!dice.chance(0.3)) return plain;
  const records = Array.from({ length: 1 + dice.int(3) }, (): [string, string] => [
    dice.pick(PAX_KEYS),
    dice.pick(PAX_VALUES),
  ]);
  return [...pax(records, dice.pick(["x", "x", "x", "g"])), ...plain];
}

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** RFC 8878, section 3.1.2. */
const SKIPPABLE = [0x50, 0x2a, 0x4d, 0x18];

function zstdFrames(dice: Dice, bytes: Uint8Array): Uint8Array {
  const cut = dice.int(bytes.byteLength + 1);
  const [front, back] = [bytes.subarray(0, cut), bytes.subarray(cut)];
  const frame = zstd(bytes);
  return dice.pick([
    () => join(zstd(front), zstd(back)),
    () => join(Uint8Array.from([...SKIPPABLE, 4, 0, 0, 0]), dice.bytes(4), frame),
    () => join(frame, Uint8Array.from([...SKIPPABLE, ...dice.bytes(4)])),
    // The frame header's descriptor and what follows it.
    () => frame.map((byte, at) => at >= 4 && at < 8 && dice.chance(0.5) ? dice.int(256) : byte),
    // A window of any size, and blocks of any.
    () => join(Uint8Array.from([...MAGIC, 0b100, dice.int(256)]), dice.bytes(dice.int(64))),
    () => rawBlocks(dice, bytes),
    () => frame.subarray(0, dice.int(frame.byteLength)),
    () => join(frame, dice.bytes(1 + dice.int(20))),
  ])();
}

/** RLE blocks that unpack to far more than they are; RFC 8878, section 3.1.1.2. */
function rawBlocks(dice: Dice, bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.from([...MAGIC, 0, dice.pick([0x00, 0x58, 0x88, 0xff])])];
  const blocks = 1 + dice.int(200);
  for (let at = 0; at < blocks; at++) {
    const size = dice.pick([0, 1, 1000, 2 ** 17, 2 ** 21 - 1]);
    const type = dice.pick([0, 1, 1, 1, 2, 3]);
    const field = size << 3 | type << 1 | (at === blocks - 1 ? 1 : 0);
    parts.push(Uint8Array.from([field & 255, field >> 8 & 255, field >> 16 & 255]));
    parts.push(type === 1 ? Uint8Array.of(0) : bytes.subarray(0, Math.min(size, 100)));
  }
  return join(...parts);
}
