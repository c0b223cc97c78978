/**
 * The rooms of the program, from top to bottom. A room may import from rooms below its own row, only through their
 * mod.ts; rooms of one row never meet. Printed into docs/architecture.md by tools/docs/architecture.ts.
 */

/** One row of rooms, and what they are there for. */
export interface Rank {
  readonly rooms: readonly string[];
  readonly does: string;
}

export const RANKS: readonly Rank[] = [
  { rooms: ["main"], does: "argv to a command" },
  { rooms: ["cmd"], does: "builds the parts from the configuration, prints, gives the exit code" },
  { rooms: ["doctor"], does: "what is wrong, and the command that mends it" },
  {
    rooms: ["shipper", "receiver"],
    does: "the two programs: what an answer means, what to answer",
  },
  {
    rooms: ["queue", "transport", "window"],
    does: "episodes on disk; bytes on the wire; the gate",
  },
  { rooms: ["archive"], does: "format 1: pack and verify" },
  { rooms: ["wire"], does: "what both ends say: headers, problems, receipts" },
  { rooms: ["episode"], does: "an episode's identity: id, stamp, tree, digests" },
  { rooms: ["events", "sys"], does: "what may be logged; the machine" },
];

/** A room beside the rows: who may import it, and what it may import. */
export interface SideRoom {
  readonly importedBy: readonly string[];
  readonly imports: readonly string[];
  readonly does: string;
  /** The only file of it that other rooms may import; in a room of one file, that file. */
  readonly face: string;
}

export const SIDE_ROOMS: Readonly<Record<string, SideRoom>> = {
  config: {
    importedBy: ["cmd", "doctor"],
    imports: ["wire", "episode", "events", "sys"],
    does: "the configuration file; every other room takes its own options",
    face: "lib/config/mod.ts",
  },
  build_info: {
    importedBy: ["main", "cmd"],
    imports: [],
    does: "version, commit and target of this build",
    face: "lib/build_info.ts",
  },
  closest: {
    importedBy: ["cmd", "config"],
    imports: [],
    does: "the name that was meant by a misspelt one, for commands and for keys",
    face: "lib/closest.ts",
  },
};

/** The room that a file below the root belongs to, or undefined. */
export function findRoom(path: string): string | undefined {
  if (path === "main.ts") return "main";
  const side = Object.keys(SIDE_ROOMS).find((name) => SIDE_ROOMS[name]?.face === path);
  if (side !== undefined) return side;
  const room = /^(?:lib\/([a-z_]+)|(cmd))\//.exec(path);
  const name = room?.[1] ?? room?.[2];
  return name !== undefined && (name in SIDE_ROOMS || rankOf(name) >= 0) ? name : undefined;
}

/** The only file of a room that other rooms may import; undefined where any may be, as main.ts may those of cmd/. */
export function faceOf(room: string): string | undefined {
  if (room === "cmd") return undefined;
  return SIDE_ROOMS[room]?.face ?? `lib/${room}/mod.ts`;
}

/** May files of `from` import from `to`, another room? */
export function mayImport(from: string, to: string): boolean {
  const side = SIDE_ROOMS[to];
  if (side !== undefined) return side.importedBy.includes(from);
  const own = SIDE_ROOMS[from];
  if (own !== undefined) return own.imports.includes(to);
  return rankOf(from) < rankOf(to);
}

function rankOf(room: string): number {
  return RANKS.findIndex(({ rooms }) => rooms.includes(room));
}
