/** What the model file system is made of: files and directories, live and on the disk, and the changes in between. */
import type { FileType, Random, Stat } from "../../lib/sys/mod.ts";

export interface Inode {
  readonly number: bigint;
  readonly type: FileType;
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
  /** Files: what a process sees, and what is on the disk. Links: the target. */
  live: Uint8Array;
  durable: Uint8Array;
  /** Directories: the names as a process sees them, and those on the disk. */
  readonly names: Map<string, Inode>;
  durableNames: Map<string, Inode>;
}

export interface Change {
  readonly directory: Inode;
  readonly name: string;
  readonly inode: Inode | undefined;
}

/** Changes of names that reach the disk together or not at all. */
export type Operation = readonly Change[];

export function statOf(inode: Inode): Stat {
  return {
    type: inode.type,
    mode: inode.mode,
    sizeBytes: inode.live.byteLength,
    device: 1n,
    inode: inode.number,
    uid: inode.uid,
    gid: inode.gid,
    mtimeNs: inode.mtimeNs,
    ctimeNs: inode.ctimeNs,
  };
}

export function persist(operation: Operation): void {
  for (const { directory, name, inode } of operation) {
    if (inode === undefined) directory.durableNames.delete(name);
    else directory.durableNames.set(name, inode);
  }
}

export function overlap(earlier: Operation, later: Operation): boolean {
  return earlier.some((a) => later.some((b) => a.directory === b.directory && a.name === b.name));
}

/** What is on the disk of one file after a cut: what was synced stays, whatever came behind it may not. */
export function afterCut(inode: Inode, random: Random): Uint8Array {
  const { live, durable } = inode;
  if (inode.type !== "file" || live === durable) return live;
  const choice = random();
  if (choice < 0.3) return durable;
  if (choice < 0.5) return live;
  const unit = choice < 0.75 ? 512 : 4096;
  const reached = Math.floor(random() * (live.byteLength / unit + 1)) * unit;
  const kept = live.slice(0, Math.max(reached, Math.min(durable.byteLength, live.byteLength)));
  if (choice < 0.9) return kept;
  // The length reached the disk and the bytes did not: old blocks shine through.
  const garbage = new Uint8Array(live.byteLength).map(() => Math.floor(random() * 256));
  garbage.set(kept);
  return garbage;
}
