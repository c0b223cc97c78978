/** What entries format 1 allows, and in which order: checked in constant memory, whatever their number. */
import { compareUtf8, linkStaysInside, META_LIMIT_BYTES, META_NAME } from "../episode/mod.ts";
import { ArchiveError, showPath } from "./error.ts";
import type { TarEntry } from "./format.ts";

const encoder = new TextEncoder();

/** Why a path can't be an entry's, in words; undefined when it can. */
export function findPathFault(path: string, maxPathBytes: number): string | undefined {
  if (path === "") return "is an entry without a name";
  if (path.includes("\0")) return "has a NUL in its name";
  if (path.startsWith("/")) return "is an absolute path";
  if (utf8Bytes(path) > maxPathBytes) {
    return `has a path of more than ${maxPathBytes} bytes`;
  }
  for (const part of path.split("/")) {
    if (part === "") return "has an empty part in its path";
    if (part === "." || part === "..") return `has the part ${part} in its path`;
  }
  return undefined;
}

/**
 * The order of format 1: `meta.json`, then depth first, siblings ascending by their UTF-8 bytes. One entry's
 * path is all that must be remembered, for in this order a parent is always the previous entry or an ancestor
 * of it, and a name that was there before is never larger than the last. So there are no duplicates, no
 * missing parents, and no path leads through a link or a file.
 */
export class EntryOrder {
  /** The previous entry, `meta.json` aside, as the parts of its path; none yet is the root itself. */
  #previous: readonly string[] = [];
  #previousIsDirectory = true;
  #first = true;

  /** Throws `unsafe-entry` or `bad-meta`. */
  check(entry: TarEntry): void {
    if (this.#first) {
      this.#first = false;
      return checkMeta(entry);
    }
    const parts = entry.path.split("/");
    const depth = parts.length - 1;
    const fault = this.#findFault(parts, depth);
    if (fault !== undefined) {
      throw new ArchiveError("unsafe-entry", showPath(entry.path), fault);
    }
    this.#previous = parts;
    this.#previousIsDirectory = entry.type === "directory";
  }

  #findFault(parts: readonly string[], depth: number): string | undefined {
    const previous = this.#previous;
    const name = parts[depth] ?? "";
    if (depth === 0 && name === META_NAME) return "is there twice";
    const open = this.#previousIsDirectory ? previous.length : previous.length - 1;
    if (depth > open || parts.slice(0, depth).some((part, at) => part !== previous[at])) {
      const parent = showPath(parts.slice(0, depth).join("/"));
      return `lies in ${parent}, which is no directory that the archive is just in`;
    }
    const sibling = previous[depth];
    if (sibling === undefined) return undefined;
    const order = compareUtf8(sibling, name);
    if (order === 0) return "is there twice";
    return order > 0 ? `comes after ${showPath(sibling)}, out of order` : undefined;
  }
}

function checkMeta(entry: TarEntry): void {
  if (entry.path !== META_NAME) {
    const where = entry.path.endsWith(`/${META_NAME}`) ? "only in a directory" : "not there";
    throw new ArchiveError(
      "bad-meta",
      META_NAME,
      `is ${where}, or not first: the first entry is ${showPath(entry.path)}`,
    );
  }
  if (entry.type !== "file") {
    throw new ArchiveError("bad-meta", META_NAME, `is a ${entry.type}, not a file`);
  }
  if (entry.sizeBytes > META_LIMIT_BYTES) {
    throw new ArchiveError(
      "bad-meta",
      META_NAME,
      `has ${entry.sizeBytes} bytes; at most ${META_LIMIT_BYTES} are allowed`,
    );
  }
}

/** Throws `unsafe-entry` for a link that may lead out of the episode, or has too long a target. */
export function checkLink(entry: TarEntry, maxPathBytes: number): void {
  if (utf8Bytes(entry.target) > maxPathBytes) {
    const detail = `is a link to a path of more than ${maxPathBytes} bytes`;
    throw new ArchiveError("unsafe-entry", showPath(entry.path), detail);
  }
  if (entry.type === "symlink" && !linkStaysInside(entry.path, entry.target)) {
    throw new ArchiveError(
      "unsafe-entry",
      showPath(entry.path),
      `is a link that may leave the episode (to ${showPath(entry.target)})`,
    );
  }
}

function utf8Bytes(text: string): number {
  return encoder.encode(text).byteLength;
}
