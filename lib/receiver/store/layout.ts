/**
 * The only owner of paths in a store's directory.
 *
 * ```
 * episodes/<host>/<id>.tar.zst  + <id>.json            an archive and its receipt
 * uploads/<host>/<id>~<digest>.partial + .json         an upload in pieces, and its state
 * uploads/<host>/<id>~<n>.incoming                     the body of one request
 * uploads/<host>/<id>~<n>.new                          a file on its way to a name
 * uploads/<host>/<id>~<n>.aside                        moved out of the way, for a person to look at
 * catalogue.sqlite3                                    an index of the receipts
 * ```
 *
 * `~` is in no id, so no two of these names collide; and as ids hold no `/` and never begin with a dot, no name leads
 * out of its directory.
 */
import { ARCHIVE_SUFFIX } from "../../archive/mod.ts";
import {
  type EpisodeId,
  findDigest,
  findEpisodeId,
  findHostId,
  type HostId,
} from "../../episode/mod.ts";
import type { UploadKey } from "../store.ts";

/** In the store's directory: the index of the receipts. SQLite puts two files beside it. */
export const CATALOGUE_NAME = "catalogue.sqlite3";

const RECEIPT = ".json";
const STATE = /^(.+)~([0-9a-f]{64})\.json$/;

export class Layout {
  constructor(readonly root: string) {}

  get episodes(): string {
    return `${this.root}/episodes`;
  }
  get uploads(): string {
    return `${this.root}/uploads`;
  }
  episodesOf(host: HostId): string {
    return `${this.episodes}/${host}`;
  }
  uploadsOf(host: HostId): string {
    return `${this.uploads}/${host}`;
  }
  archive(host: HostId, id: EpisodeId): string {
    return `${this.episodesOf(host)}/${id}${ARCHIVE_SUFFIX}`;
  }
  receipt(host: HostId, id: EpisodeId): string {
    return `${this.episodesOf(host)}/${id}${RECEIPT}`;
  }
  partial({ host, id, archiveDigest }: UploadKey): string {
    return `${this.uploadsOf(host)}/${id}~${archiveDigest}.partial`;
  }
  state({ host, id, archiveDigest }: UploadKey): string {
    return `${this.uploadsOf(host)}/${id}~${archiveDigest}.json`;
  }
  numbered(
    host: HostId,
    id: EpisodeId,
    number: number,
    kind: "incoming" | "new" | "aside",
  ): string {
    return `${this.uploadsOf(host)}/${id}~${number}.${kind}`;
  }
}

/** What a name in `episodes/<host>/` is. */
export function parseEpisodeName(
  name: string,
): { readonly kind: "archive" | "receipt"; readonly id: EpisodeId } | undefined {
  for (const [kind, suffix] of [["archive", ARCHIVE_SUFFIX], ["receipt", RECEIPT]] as const) {
    const id = name.endsWith(suffix) ? findEpisodeId(name.slice(0, -suffix.length)) : undefined;
    if (id !== undefined) return { kind, id };
  }
  return undefined;
}

/** The upload whose state has this name in `uploads/<host>/`. */
export function parseStateName(host: HostId, name: string): UploadKey | undefined {
  const match = STATE.exec(name);
  const id = findEpisodeId(match?.[1] ?? "");
  const archiveDigest = findDigest(match?.[2] ?? "");
  return id && archiveDigest ? { host, id, archiveDigest } : undefined;
}

/** The host whose directory has this name. */
export function parseHostName(name: string | undefined): HostId | undefined {
  return name === undefined ? undefined : findHostId(name);
}
