/**
 * Looks at a data directory from outside and says what is wrong with it. Imports nothing of the program: a table cannot
 * catch its own error. Names that are not UTF-8 are beyond it.
 */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

export type Where = "episodes" | "shipped" | "quarantine";

export interface Report {
  /** Where each episode was found, by the content that `contentOf` knows it by. */
  readonly found: ReadonlyMap<string, readonly string[]>;
  /** What must not be, in words. */
  readonly faults: readonly string[];
}

/** A digest over names, types, modes, times and bytes below `path`: two equal trees have the same. */
export function contentOf(path: string): string {
  const hash = createHash("sha256");
  const walk = (relative: string): void => {
    const full = relative === "" ? path : `${path}/${relative}`;
    const stat = lstatSync(full, { bigint: true });
    hash.update(`${JSON.stringify(relative)} ${stat.mode} ${stat.mtimeNs}\n`);
    if (stat.isFile()) hash.update(readFileSync(full));
    else if (stat.isSymbolicLink()) hash.update(readlinkSync(full));
    else if (stat.isDirectory()) {
      for (const name of readdirSync(full).sort()) {
        walk(relative === "" ? name : `${relative}/${name}`);
      }
    }
  };
  walk("");
  return hash.digest("hex");
}

const HISTORY = /^history-.+\.json$/;

/** The names below a directory; none when it is not there. */
function namesIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

/**
 * Checks that each of `expected` (contents, by a name for the message) lies in exactly one place, and that nothing lies
 * where nothing belongs.
 */
export function check(dataDir: string, expected: ReadonlyMap<string, string>): Report {
  const found = new Map<string, string[]>();
  const faults: string[] = [];
  const note = (place: string) => {
    const content = contentOf(`${dataDir}/${place}`);
    found.set(content, [...found.get(content) ?? [], place]);
  };
  for (const name of namesIn(`${dataDir}/episodes`)) note(`episodes/${name}`);
  for (
    const [shelf, file] of [["shipped", "receipt.json"], ["quarantine", "quarantine_reason.json"]]
  ) {
    for (const name of namesIn(`${dataDir}/${shelf}`)) {
      const place = `${shelf}/${name}`;
      const inside = namesIn(`${dataDir}/${place}`);
      // What is left of a stay that ended with a return to the queue.
      if (inside.length > 0 && inside.every((other) => HISTORY.test(other))) continue;
      if (inside.includes("episode")) note(`${place}/episode`);
      else faults.push(`${place} has no episode`);
      if (!inside.includes(file ?? "")) faults.push(`${place} has no ${file}`);
      else checkNote(`${dataDir}/${place}/${file}`, place, faults);
      for (const other of inside) {
        if (other !== "episode" && other !== file && !HISTORY.test(other)) {
          faults.push(`${place}/${other} belongs to nobody`);
        }
      }
    }
  }
  checkOutbox(dataDir, faults);
  for (const name of namesIn(`${dataDir}/.locks`)) faults.push(`.locks/${name} is left over`);
  for (const [name, content] of expected) {
    const places = found.get(content) ?? [];
    if (places.length === 0) faults.push(`${name} is lost`);
    if (places.length > 1) faults.push(`${name} is in ${places.join(" and ")}`);
  }
  return { found, faults };
}

function checkNote(path: string, place: string, faults: string[]): void {
  try {
    const note: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof note !== "object" || note === null || !("signature" in note)) {
      faults.push(`${place}: its note has no signature`);
    }
  } catch {
    faults.push(`${place}: its note is not JSON`);
  }
}

function checkOutbox(dataDir: string, faults: string[]): void {
  const names = namesIn(`${dataDir}/outbox`);
  for (const name of names) {
    const archive = /^(.+)\.tar\.zst$/.exec(name)?.[1];
    const record = /^(.+)\.json$/.exec(name)?.[1];
    const id = archive ?? record;
    if (id === undefined) faults.push(`outbox/${name} is left over`);
    else if (!existsSync(`${dataDir}/episodes/${id}`)) faults.push(`outbox/${name} is an orphan`);
    if (archive !== undefined && !names.includes(`${archive}.json`)) {
      faults.push(`outbox/${name} has no record`);
    }
  }
}
