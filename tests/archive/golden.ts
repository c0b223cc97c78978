/** The tree that holds format 1: its episode digest never changes. */
import { makeTree, type Planned } from "./tree.ts";

const SECOND = 1_000_000_000n;

export const GOLDEN_TREE: readonly Planned[] = [
  { path: "-leading dash", type: "file", content: "-rf\n" },
  { path: ".hidden", type: "file", content: "dot\n", mode: 0o600 },
  { path: "before 1970", type: "file", content: "old\n", mtimeNs: -2n * SECOND },
  { path: "empty directory", type: "directory", mode: 0o750, mtimeNs: 1n },
  { path: "empty file", type: "file", content: "", mode: 0o444, mtimeNs: 0n },
  { path: "far future", type: "file", content: "new\n", mtimeNs: 9_000_000_000n * SECOND + 1n },
  { path: "latest", type: "symlink", target: "telemetry/proc.jsonl", mtimeNs: 42n * SECOND },
  { path: "long", type: "directory" },
  { path: `long/${"d".repeat(145)}`, type: "directory", mode: 0o700 },
  { path: `long/${"d".repeat(145)}/${"f".repeat(149)}`, type: "file", content: "300 bytes\n" },
  { path: "new\nline", type: "file", content: "\n", mode: 0o755 },
  { path: "telemetry", type: "directory", mtimeNs: 1_700_000_000n * SECOND + 123_456_789n },
  { path: "telemetry/proc.jsonl", type: "file", content: '{"utime":1}\n'.repeat(100) },
  { path: "telemetry/zeros.bin", type: "file", content: new Uint8Array(512) },
  { path: "to long", type: "symlink", target: `long/${"d".repeat(145)}/${"f".repeat(149)}` },
  { path: "e\u0301 decomposed", type: "file", content: "two code points\n" },
  { path: "ümläut", type: "directory" },
  { path: "ümläut/\u{ffff} before \u{10000}", type: "file", content: "by UTF-8\n" },
  { path: "ümläut/\u{10000}", type: "file", content: "not by UTF-16\n", mtimeNs: 1_500_000_000n },
];

/** `zstd -dc <archive> | sha256sum` of the tree, on every machine. */
export const GOLDEN_DIGEST = "beddfc6a227e1af10c0ef49f7a52989e54133d98218bd8f4b2c04ccc139e9216";

export function makeGoldenTree(root: string): void {
  makeTree(root, GOLDEN_TREE);
}
