/** Where everything of a lab host's queue lies. The only file that knows how these paths are spelled. */
import { type EpisodeId, findEpisodeId } from "../episode/mod.ts";

/** Where an episode goes for good. */
export type Shelf = "shipped" | "quarantine";

const ARCHIVE = ".tar.zst";
const PARTIAL = `${ARCHIVE}.partial`;
const RECORD = ".json";
/** What `writeFileDurably` calls a record that it has not finished. */
const RECORD_NEW = `${RECORD}.new`;

/** Begins the name of what is being removed from a shelf: no id begins with a dot. */
const REMOVED = ".removed-";

/** What says why an episode lies on a shelf. */
const NOTES: Readonly<Record<Shelf, string>> = {
  shipped: "receipt.json",
  quarantine: "quarantine_reason.json",
};

/** The paths of one episode's place on a shelf. */
export interface Place {
  readonly directory: string;
  /** `receipt.json` or `quarantine_reason.json`. */
  readonly note: string;
  /** The name, in that directory, of a note that `writeFileDurably` has not finished. */
  readonly noteNew: string;
  readonly episode: string;
}

export interface Layout {
  readonly dataDir: string;
  readonly episodes: string;
  readonly outbox: string;
  readonly locks: string;
  /** The lock of the one shipper of this directory. */
  readonly shipperLock: string;
  /** When the shelves were last looked through for what is old. */
  readonly lastLook: string;
  shelf(shelf: Shelf): string;
  episode(id: EpisodeId): string;
  partial(id: EpisodeId): string;
  archive(id: EpisodeId): string;
  record(id: EpisodeId): string;
  recordNew(id: EpisodeId): string;
  lock(id: EpisodeId): string;
  /** `name` is an id, or a numbered sibling of one. */
  place(shelf: Shelf, name: string): Place;
  /** What the place `name` is called while it is being removed. */
  removed(shelf: Shelf, name: string): string;
}

export function layoutOf(dataDir: string): Layout {
  const outbox = `${dataDir}/outbox`;
  return {
    dataDir,
    outbox,
    episodes: `${dataDir}/episodes`,
    locks: `${dataDir}/.locks`,
    shipperLock: `${dataDir}/.cis490.lock`,
    lastLook: `${dataDir}/.cis490.pruned`,
    shelf: (shelf) => `${dataDir}/${shelf}`,
    episode: (id) => `${dataDir}/episodes/${id}`,
    partial: (id) => `${outbox}/${id}${PARTIAL}`,
    archive: (id) => `${outbox}/${id}${ARCHIVE}`,
    record: (id) => `${outbox}/${id}${RECORD}`,
    recordNew: (id) => `${outbox}/${id}${RECORD_NEW}`,
    lock: (id) => `${dataDir}/.locks/${id}`,
    place: (shelf, name) => {
      const directory = `${dataDir}/${shelf}/${name}`;
      const note = `${directory}/${NOTES[shelf]}`;
      return { directory, note, noteNew: `${NOTES[shelf]}.new`, episode: `${directory}/episode` };
    },
    removed: (shelf, name) => `${dataDir}/${shelf}/${REMOVED}${name}`,
  };
}

/** Whose file a name in outbox/ is; undefined for a name that this program does not give. */
export function findOutboxId(name: string): EpisodeId | undefined {
  // No suffix is the end of a longer one that stands behind it, so an id like `a.json` is told apart.
  const suffix = [PARTIAL, ARCHIVE, RECORD_NEW, RECORD].find((suffix) => name.endsWith(suffix));
  return suffix === undefined ? undefined : findEpisodeId(name.slice(0, -suffix.length));
}

/** `<id>`, then `<id>~2`, `<id>~3`: no id has a `~`, so no sibling has another episode's name. */
export function siblingName(id: EpisodeId, number: number): string {
  return number === 1 ? id : `${id}~${number}`;
}

/** Whose place `name` on a shelf is, sibling or not; undefined for a name that this program does not give. */
export function findShelfId(name: string): EpisodeId | undefined {
  return findEpisodeId(name.replace(/~[1-9][0-9]*$/, ""));
}

/** Which place is being removed under the name `name` on a shelf; undefined for any other name. */
export function findRemovedName(name: string): string | undefined {
  return name.startsWith(REMOVED) ? name.slice(REMOVED.length) : undefined;
}
