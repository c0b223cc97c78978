/** Directories, whose they are, and their space: the same for both roles. */
import type { CommonFacts } from "../facts.ts";
import { AS_ROOT, type Check, type Finding } from "../finding.ts";
import { userName } from "../look/account.ts";
import { mayWrite } from "../look/rights.ts";
import { quoted, sizeInWords } from "../words.ts";

type Facts = Pick<
  CommonFacts,
  | "main"
  | "directories"
  | "granted"
  | "who"
  | "space"
  | "minFreeBytes"
  | "mount"
  | "reclaimable"
  | "unit"
>;

export function directoryCheck(code: string, title: string): Check<Facts> {
  return {
    code,
    title,
    dependsOn: ["configuration-bad"],
    judge: judgeDirectories,
    means:
      "The directory is missing, is something else, or the unit's user may not add and remove names in it.",
    comes: "It was made or copied by root, or another disk was mounted over it.",
    mend: "The printed command gives it to the unit's user.",
  };
}

export function readOnlyCheck(code: string, dependsOn: readonly string[]): Check<Facts> {
  return {
    code,
    title: "mount",
    dependsOn,
    judge: ({ mount, main, unit }) => {
      if (mount === undefined) {
        return { severity: "green", cause: "nothing is known against it", evidence: {} };
      }
      const { target, isReadOnly } = mount;
      const evidence = { directory: main.path, mount_point: target };
      if (!isReadOnly) return { severity: "green", cause: `${target} is writable`, evidence };
      return {
        severity: "red",
        cause: `${target}, the file system of ${main.path}, is mounted read-only`,
        fix: `sudo mount -o remount,rw ${quoted(target)} && sudo systemctl restart ${unit}`,
        evidence,
      };
    },
    means: "The file system is mounted read-only: nothing can be packed, moved or stored.",
    comes: "The kernel remounts a file system so after an error of the disk, or somebody did.",
    mend:
      "The printed command mounts it writable again. If the kernel did it, `journalctl -k -p warning` names the disk: it " +
      "will need to be replaced.",
  };
}

export function spaceCheck(
  code: string,
  dependsOn: readonly string[],
  options: { readonly stops: string },
): Check<Facts> {
  return {
    code,
    title: "free space",
    dependsOn,
    judge: (facts) => judgeSpace(facts, options.stops),
    means: `Less than \`min_free_mb\` is free, so ${options.stops}; yellow below twice as much.`,
    comes:
      "The disk fills with what the experiments write, with logs, or with episodes that can't leave.",
    mend:
      "When caches of this machine are enough, the printed command empties them. If not, it shows what takes the room: " +
      "delete what is not needed, but nothing below `episodes/` that was not shipped. The shipper itself removes the oldest " +
      "shipped episodes once the receiver has confirmed them.",
  };
}

function judgeDirectories({ main, directories, granted, who, unit }: Facts): Finding {
  const evidence = { directory: main.path, ...(who === undefined ? {} : { user: who.name }) };
  const unseen = [main, ...directories].find((each) => each.kind === "unseen");
  if (unseen !== undefined && unseen.kind === "unseen") {
    return {
      severity: "unseen",
      cause: `${unseen.path} may not be looked at by this user (${unseen.error.errno})`,
      fix: AS_ROOT,
      evidence,
    };
  }
  const user = userName(who);
  if (main.kind !== "there") {
    return {
      severity: "red",
      cause: `${main.path} is not there`,
      fix: `sudo install -d -o ${user} -g ${user} -m 750 ${
        quoted(main.path)
      } && sudo systemctl restart ${unit}`,
      evidence,
    };
  }
  for (const each of [main, ...directories]) {
    if (each.kind !== "there") continue;
    const { type, uid, gid } = each.stat;
    if (type !== "directory") {
      return {
        severity: "red",
        cause: `${each.path} is a ${type}, not a directory`,
        fix: `sudo mv -n ${quoted(each.path)} ${
          quoted(`${each.path}.odd`)
        } && sudo systemctl restart ${unit}`,
        evidence,
      };
    }
    if (who !== undefined && !mayWrite(who, each.stat) && !granted.has(each.path)) {
      return {
        severity: "red",
        cause: `${user} may not add to ${each.path}, nor take from it`,
        fix: `sudo chown ${user}:${user} ${quoted(each.path)} && sudo chmod u+rwx ${
          quoted(each.path)
        }`,
        evidence: { ...evidence, owner: `${uid}:${gid}`, mode: each.stat.mode.toString(8) },
      };
    }
  }
  const missing = directories.filter((each) => each.kind === "missing").map(({ path }) => path);
  return {
    severity: "green",
    cause: missing.length === 0
      ? `${main.path} is ${user}'s`
      : `${main.path} is there; the first start makes what is missing in it`,
    evidence: { ...evidence, missing },
  };
}

function judgeSpace(
  { main, space, minFreeBytes, reclaimable }: Facts,
  stops: string,
): Finding {
  const { path } = main;
  const look = `df -h ${quoted(path)}; sudo du -xh --max-depth=2 ${quoted(path)} | sort -h | tail`;
  if (space === undefined) {
    const cause = `the free space of ${path} can't be read`;
    return { severity: "unseen", cause, fix: AS_ROOT, evidence: { directory: path } };
  }
  const { freeBytes } = space;
  const evidence = {
    directory: path,
    free_bytes: freeBytes,
    min_free_bytes: minFreeBytes,
    reclaimable_bytes: reclaimable.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  const free = `${sizeInWords(freeBytes)} are free`;
  if (freeBytes >= 2 * minFreeBytes) return { severity: "green", cause: free, evidence };
  const isRed = freeBytes < minFreeBytes;
  const least = `min_free_mb = ${Math.floor(minFreeBytes / 2 ** 20)}`;
  return {
    severity: isRed ? "red" : "yellow",
    cause: isRed ? `${free}, less than ${least}: ${stops}` : `${free}, near ${least}`,
    fix: cleaning(reclaimable, 2 * minFreeBytes - freeBytes) ?? look,
    evidence,
  };
}

/** The fewest caches whose emptying makes room for `neededBytes`; undefined when all of them do not. */
function cleaning(reclaimable: Facts["reclaimable"], neededBytes: number): string | undefined {
  let sum = 0;
  const commands: string[] = [];
  for (const { bytes, command } of reclaimable) {
    commands.push(command);
    sum += bytes;
    if (sum >= neededBytes) return commands.join(" && ");
  }
  return undefined;
}
