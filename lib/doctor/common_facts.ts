/** Looks at what both roles have: unit, journal, directories and their space, the lab's code. */
import type { Clock, PlainFs, RunProgram } from "../sys/mod.ts";
import type { Build, CommonFacts } from "./facts.ts";
import type { Account } from "./look/account.ts";
import { type Directory, findReclaimable, findSpace, lookAtDirectory } from "./look/directories.ts";
import { readJournal } from "./look/journal.ts";
import { findMount } from "./look/mount.ts";
import { findGranted } from "./look/acl.ts";
import { type Barrier, findBarrier, mayWrite, RIGHT } from "./look/rights.ts";
import { lookAtRepository } from "./look/repository.ts";
import { lookAtUnits } from "./look/units.ts";
import { tally } from "./tally.ts";

/** How the doctor looks. */
export interface LookParts {
  readonly fs: PlainFs;
  readonly clock: Clock;
  readonly run: RunProgram;
  /** A user of this machine, by name. */
  readonly findAccount: (name: string) => Account | undefined;
  readonly build: Build;
  /** Where the configuration was read. */
  readonly file: string;
  /** The role's unit, without suffix. */
  readonly unit: string;
  /** How far back the journal is read, in milliseconds. */
  readonly sinceMs: number;
}

interface Where {
  /** The role's main directory, and those in it that are to be written. */
  readonly directory: string;
  readonly inside: readonly string[];
  /** Files that the unit reads, besides its configuration. */
  readonly reads: readonly string[];
  /** The configuration's. */
  readonly minFreeBytes: number;
  /** Units to ask for besides the role's own. */
  readonly units: readonly string[];
  /** Units whose journal is read besides the role's own. */
  readonly speakers?: readonly string[];
}

export async function gatherCommonFacts(
  parts: LookParts,
  { directory, inside, reads, minFreeBytes, units: more, speakers = [] }: Where,
): Promise<CommonFacts> {
  const { fs, clock, run, build, file, unit, sinceMs } = parts;
  const [units, journal, mount, repository] = await Promise.all([
    lookAtUnits(run, [`${unit}.service`, ...more]),
    readJournal(run, { units: [unit, ...speakers], sinceMs }),
    findMount(run, directory),
    lookAtRepository({ run, fs }, build.commit),
  ]);
  const main = lookAtDirectory(fs, directory);
  const user = units.kind === "seen" ? units.value.get(`${unit}.service`)?.user ?? "" : "";
  const who = parts.findAccount(user) ?? ownerOf(main);
  const directories = inside.map((path) => lookAtDirectory(fs, path));
  const barriers = who === undefined
    ? new Map<string, Barrier>()
    : barriersOf(fs, who, [file, ...reads]);
  const granted = await findGranted(run, who, [
    ...[main, ...directories].flatMap((each) =>
      each.kind === "there" && who !== undefined && !mayWrite(who, each.stat)
        ? [{ path: each.path, rights: RIGHT.write + RIGHT.execute }]
        : []
    ),
    ...[...barriers.values()].map(({ path, isDirectory }) => ({
      path,
      rights: isDirectory ? RIGHT.execute : RIGHT.read,
    })),
  ]);
  for (const [path, barrier] of barriers) if (granted.has(barrier.path)) barriers.delete(path);
  return {
    file,
    nowMs: clock.now(),
    unit,
    units,
    main,
    directories,
    granted,
    who,
    barriers,
    space: findSpace(fs, directory),
    minFreeBytes,
    reclaimable: findReclaimable(fs, directory),
    mount,
    journal: journal.kind === "unseen" ? journal : {
      kind: "seen",
      value: { ...tally(journal.value), isCut: journal.value.isCut },
    },
    sinceMs,
    repository,
    build,
  };
}

function barriersOf(fs: LookParts["fs"], who: Account, files: readonly string[]) {
  const found = files.flatMap((file): [string, Barrier][] => {
    const barrier = findBarrier(fs, who, file);
    return barrier === undefined ? [] : [[file, barrier]];
  });
  return new Map(found);
}

function ownerOf(directory: Directory): Account | undefined {
  if (directory.kind !== "there") return undefined;
  const { uid, gid } = directory.stat;
  return { name: String(uid), uid, gids: [gid], groups: [] };
}
