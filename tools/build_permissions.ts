/**
 * What the compiled program may do, baked in by `deno compile`: the one list. Each subcommand revokes at its start what it
 * does not use, and the systemd units narrow paths and addresses, which are only known from the configuration.
 */

/** One flag of `deno compile`, and why the program needs it. */
export interface Permission {
  readonly flag: string;
  readonly why: string;
}

/**
 * Programs that cis490 starts; anything else can't be started. Deno looks these names up on PATH when the process starts,
 * and refuses to start where PATH is not set at all.
 */
const PROGRAMS = {
  git: "the window from a local repository; this host's commit in the doctor",
  journalctl: "the doctor reads what the shipper said",
  systemctl: "the doctor asks for the state of the units",
  findmnt: "the doctor names the file system behind a full or read-only directory",
  getfacl: "the doctor sees what access control lists allow the shipper",
  timedatectl: "the doctor asks whether somebody keeps the clock right",
};

/** Environment variables that cis490 or an npm package in it reads. Reading any other throws. */
const VARIABLES = {
  CIS490_CONFIG: "the configuration file",
  NOTIFY_SOCKET: "sd_notify(3)",
  WATCHDOG_USEC: "sd_watchdog_enabled(3)",
  WATCHDOG_PID: "sd_watchdog_enabled(3)",
  JOURNAL_STREAM: "systemd.exec(5): is stderr the journal?",
  RUNTIME_DIRECTORY: "systemd.exec(5): where status.json and the own notify socket go",
  STATE_DIRECTORY: "systemd.exec(5)",
  CREDENTIALS_DIRECTORY: "systemd.exec(5): secrets by LoadCredential=",
  NO_COLOR: "no-color.org",
  TERM: "a dumb terminal gets no colours and no progress bar",
  COLUMNS: "the width of tables and help",
  HOME: "paths in messages; git needs it in its own environment",
  PATH: "which of the programs above are there",
  TMPDIR: "tmpnam(3)",
  HTTP_PROXY: "taken out at the start, as the five below: no request of ours goes through a proxy",
  HTTPS_PROXY: "as above",
  ALL_PROXY: "as above",
  http_proxy: "as above",
  https_proxy: "as above",
  all_proxy: "as above",
};

/** The permissions, in the order in which they are given. */
export const PERMISSIONS: readonly Permission[] = [
  { flag: "--no-prompt", why: "a daemon has nobody to ask: what is not granted is an error" },
  { flag: "--allow-read", why: "data and store directories come from the configuration" },
  { flag: "--allow-write", why: "the same; systemd's ReadWritePaths= narrows it" },
  { flag: "--allow-net", why: "the receiver's address comes from the configuration" },
  { flag: "--allow-ffi", why: "statx, getdents64, flock, renameat2, sendto: see lib/sys/libc.ts" },
  { flag: `--allow-run=${Object.keys(PROGRAMS).join(",")}`, why: listed(PROGRAMS) },
  { flag: `--allow-env=${Object.keys(VARIABLES).join(",")}`, why: listed(VARIABLES) },
  {
    flag: "--allow-sys=statfs,hostname,uid,gid",
    why: "free space, the default host id, whose files are made",
  },
];

/**
 * Other flags of `deno compile`. V8 takes its heap limit from the machine's memory and ignores a unit's MemoryMax=, so a
 * limit of our own is given, in MiB; one too for each of the two spaces of what is young, which V8 would let grow to 16 MiB
 * rather than collect more often: that cost the shipper 40 MB, and saved no time. The code cache would lie in /tmp under a name
 * that anyone can take, be run by whoever starts the program next, root too, and saves nothing that can be measured.
 *
 * The baseline compiler works on the main thread: with one of its own, the two threads get into each other's way while the
 * program starts, and the one that waits sleeps for three milliseconds to find out how fast the processor's clock is.
 */
export const ENGINE_FLAGS: readonly string[] = [
  "--v8-flags=--max-old-space-size=160,--max-semi-space-size=4,--no-concurrent-sparkplug",
  "--no-code-cache",
];

/** Modules that are started by URL, as workers, and so are not found by following imports. */
export const WORKERS: readonly string[] = ["lib/archive/pack_worker.ts"];

function listed(entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries).map(([name, why]) => `${name}: ${why}`).join("; ");
}
