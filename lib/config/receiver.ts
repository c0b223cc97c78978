/** `receiver.toml`: what the receiver is told. */
import * as v from "valibot";
import type { Stamp } from "../episode/mod.ts";
import {
  absolutePath,
  amount,
  commits,
  count,
  flag,
  httpOrigin,
  secretSource,
  text,
} from "./keys.ts";
import { hoursToMs, mbToBytes, secondsToMs } from "./units.ts";

/** Where the receiver listens. */
export type Listen =
  | { readonly transport: "unix"; readonly path: string }
  /** `hostname` is a name or an address, IPv6 without its brackets. */
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number };

/** `receiver.toml` in the program's own units. */
export interface ReceiverConfig {
  readonly listen: Listen;
  readonly storeDir: string;
  readonly tokensFile: string;
  /** The proxy names the client certificate's host; else the token alone does. */
  readonly proxyIdentity: boolean;
  /** For `readSecret`; defined when `proxyIdentity` is true and `listen` is TCP. */
  readonly proxySecretFile: string | undefined;
  readonly window: {
    readonly forgejo: {
      readonly url: string;
      /** `owner/name`. */
      readonly repository: string;
      /** For `readSecret`. */
      readonly tokenFile: string | undefined;
    } | undefined;
    readonly branch: string;
    readonly windowCommits: number;
    readonly refreshMs: number;
    readonly maxStaleMs: number;
    /** The repository to fall back to. `ifPresent`: nobody asked for it, so its absence is no fault. */
    readonly localRepo: { readonly path: string; readonly ifPresent: boolean } | undefined;
    readonly acceptExtra: readonly Stamp[];
  };
  readonly limits: {
    readonly maxArchiveBytes: number;
    readonly maxUnpackedBytes: number;
    readonly maxPartialsBytes: number;
    readonly minFreeBytes: number;
    readonly partialKeepMs: number;
  };
}

/** Looked at when `local_repo_path` is not set. */
const USUAL_REPOSITORY = "/opt/cis490/.git";

const LISTEN = "unix:/absolute/path, or host:port";

const window = v.object({
  forgejo_url: v.optional(httpOrigin(
    "The Forgejo server that knows the branch; needs `repository`. Not asked yet",
    "a URL like http://127.0.0.1:3000, without path, user or password",
  )),
  repository: v.optional(
    text(
      "The repository on it",
      "owner/name",
      (value) => /^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/.test(value),
    ),
  ),
  forgejo_token_file: v.optional(secretSource("A token for a repository that is not public")),
  branch: v.optional(
    text(
      "The branch whose newest commits are accepted",
      "the name of a branch (git-check-ref-format(1))",
      isBranchName,
    ),
    "main",
  ),
  window_commits: v.optional(count("How many of its newest commits are accepted", 1, 10_000), 50),
  refresh_s: v.optional(amount("How often they are read anew", "seconds", 1, 86_400), 60),
  max_stale_hours: v.optional(
    amount("How long the last known window is used when nothing answers", "hours", 0, 8760),
    72,
  ),
  local_repo_path: v.optional(
    text(
      "A repository that is asked by git log. Not set: " + USUAL_REPOSITORY +
        " if it is there; empty: none",
      'an absolute path, or ""',
      (value) => value === "" || value.startsWith("/"),
    ),
  ),
  accept_extra: v.optional(
    commits("Commits that are always accepted, for example those of a release"),
    [],
  ),
}, "a table");

const limits = v.object({
  max_archive_mb: v.optional(amount("The largest archive", "MiB", 1, 2 ** 30), 65_536),
  max_unpacked_mb: v.optional(amount("The largest episode, unpacked", "MiB", 1, 2 ** 30), 262_144),
  max_partials_mb: v.optional(
    amount("All unfinished uploads together; each host has a fair share", "MiB", 1, 2 ** 30),
    262_144,
  ),
  min_free_mb: v.optional(amount("Free space that is never used up", "MiB", 0, 2 ** 30), 1024),
  partial_keep_hours: v.optional(
    amount("How long an unfinished upload is kept after its last byte", "hours", 0.1, 8760),
    168,
  ),
}, "a table");

/** The keys, their kinds and defaults. */
export const receiverKeys = v.object({
  listen: v.optional(
    text("Where to listen", LISTEN, (value) => findListen(value) !== undefined),
    "unix:/run/cis490/receive.sock",
  ),
  store_dir: v.optional(absolutePath("Holds the archives and receipts"), "/var/lib/cis490/store"),
  tokens_file: v.optional(
    absolutePath("The hosts' tokens, written by `cis490 receive token add HOST`"),
    "/etc/cis490/tokens.toml",
  ),
  proxy_identity: v.optional(
    flag("The proxy in front names the client certificate; false: the token alone counts"),
    true,
  ),
  proxy_secret_file: v.optional(
    secretSource("What the proxy proves itself by; needed with proxy_identity on TCP"),
  ),
  window: v.optional(window, {}),
  limits: v.optional(limits, {}),
}, "a table");

/** From the keys of the file to the program's own names and units. */
export const receiverSchema = v.pipe(
  receiverKeys,
  v.forward(
    v.partialCheck(
      [["listen"], ["proxy_identity"], ["proxy_secret_file"]],
      (keys) =>
        keys.listen.startsWith("unix:") || !keys.proxy_identity ||
        keys.proxy_secret_file !== undefined,
      "a file, since listen is TCP and proxy_identity is true: anybody could claim to be the proxy",
    ),
    ["proxy_secret_file"],
  ),
  v.forward(
    v.partialCheck(
      [["window", "forgejo_url"], ["window", "repository"]],
      (keys) => (keys.window.forgejo_url === undefined) || keys.window.repository !== undefined,
      "owner/name, since forgejo_url is set",
    ),
    ["window", "repository"],
  ),
  v.rawTransform(({ dataset, addIssue, NEVER }): ReceiverConfig => {
    const keys = dataset.value;
    const listen = findListen(keys.listen);
    if (listen === undefined) {
      addIssue({ message: LISTEN });
      return NEVER;
    }
    const { forgejo_url: url, repository, forgejo_token_file: tokenFile } = keys.window;
    return {
      listen,
      storeDir: keys.store_dir,
      tokensFile: keys.tokens_file,
      proxyIdentity: keys.proxy_identity,
      proxySecretFile: keys.proxy_secret_file,
      window: {
        forgejo: url === undefined || repository === undefined
          ? undefined
          : { url, repository, tokenFile },
        branch: keys.window.branch,
        windowCommits: keys.window.window_commits,
        refreshMs: secondsToMs(keys.window.refresh_s),
        maxStaleMs: hoursToMs(keys.window.max_stale_hours),
        localRepo: localRepo(keys.window.local_repo_path),
        acceptExtra: keys.window.accept_extra,
      },
      limits: {
        maxArchiveBytes: mbToBytes(keys.limits.max_archive_mb),
        maxUnpackedBytes: mbToBytes(keys.limits.max_unpacked_mb),
        maxPartialsBytes: mbToBytes(keys.limits.max_partials_mb),
        minFreeBytes: mbToBytes(keys.limits.min_free_mb),
        partialKeepMs: hoursToMs(keys.limits.partial_keep_hours),
      },
    };
  }),
);

function localRepo(path: string | undefined): ReceiverConfig["window"]["localRepo"] {
  if (path === undefined) return { path: USUAL_REPOSITORY, ifPresent: true };
  return path === "" ? undefined : { path, ifPresent: false };
}

/** A socket's path is at most 107 bytes (unix(7)). */
export function findListen(value: string): Listen | undefined {
  if (value.startsWith("unix:")) {
    const path = value.slice("unix:".length);
    const fits = new TextEncoder().encode(path).length <= 107;
    return path.startsWith("/") && fits ? { transport: "unix", path } : undefined;
  }
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(value);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return hostname !== undefined && port <= 65_535
    ? { transport: "tcp", hostname, port }
    : undefined;
}

/** The rules of git-check-ref-format(1) that matter to a name on a command line. */
function isBranchName(value: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_./+-]*$/.test(value) && !value.includes("..") &&
    !value.includes("//") && !value.endsWith("/") && !value.endsWith(".lock") &&
    !value.endsWith(".");
}
