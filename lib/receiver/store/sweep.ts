/** Removes what interrupted requests left in `uploads/`, and what has waited there for too long. */
import type { HostId } from "../../episode/mod.ts";
import type { Log } from "../../events/mod.ts";
import { type Clock, isFsError, type PlainFs, unlinkIfThere } from "../../sys/mod.ts";
import type { UploadKey } from "../store.ts";
import { type Layout, parseHostName, parseStateName } from "./layout.ts";
import type { Partials } from "./partials.ts";

interface Parts {
  readonly fs: PlainFs;
  readonly clock: Clock;
  readonly log: Log;
}

/** At the start, when no request is under way: whatever is neither a partial with its state nor set aside. */
export async function sweepLeftovers({ fs, log }: Parts, layout: Layout): Promise<void> {
  for (const { name } of fs.list(layout.uploads)) {
    // The store's own probe, and nothing else, lies beside the hosts' directories.
    if (name?.startsWith("probe~")) await unlinkIfThere(fs, `${layout.uploads}/${name}`);
  }
  for (const host of hostsIn(fs, layout)) {
    const directory = layout.uploadsOf(host);
    const names = new Set(fs.list(directory).flatMap(({ name }) => name ?? []));
    for (const name of names) {
      const stateName = name.replace(/\.partial$/, ".json");
      const isPartial = name.endsWith(".partial") && names.has(stateName);
      const isState = parseStateName(host, name) !== undefined &&
        names.has(name.replace(/\.json$/, ".partial"));
      if (isPartial || isState || name.endsWith(".aside")) continue;
      await unlinkIfThere(fs, `${directory}/${name}`);
      log("leftover-swept", { path: `${directory}/${name}` });
    }
  }
}

/** While serving: partials and things set aside older than `keepMs`, and partials of episodes that are stored. */
export async function sweepOld(
  { fs, clock, log }: Parts,
  layout: Layout,
  partials: Partials,
  options: { readonly keepMs: number; readonly isStored: (key: UploadKey) => boolean },
): Promise<void> {
  const before = clock.now() - options.keepMs;
  for (const partial of partials.list()) {
    if (partials.isOpen(partial)) continue;
    if (partial.touchedMs >= before && !options.isStored(partial)) continue;
    await partials.drop(partial);
    const { host, id, offsetBytes: bytes } = partial;
    log("partial-swept", { host, id, bytes });
  }
  for (const host of hostsIn(fs, layout)) {
    for (const { name } of fs.list(layout.uploadsOf(host))) {
      if (!name?.endsWith(".aside")) continue;
      const path = `${layout.uploadsOf(host)}/${name}`;
      try {
        // Its ctime is when it was given this name; its mtime is the archive's own.
        if (Number(fs.lstat(path).ctimeNs / 1_000_000n) >= before) continue;
        await fs.unlink(path);
        log("leftover-swept", { path });
      } catch (error) {
        if (!isFsError(error, "gone")) throw error;
      }
    }
  }
}

function hostsIn(fs: PlainFs, layout: Layout): HostId[] {
  return fs.list(layout.uploads).flatMap(({ name }) => parseHostName(name) ?? []);
}
