/** Every command. What is not here does not exist. */
import { type Command, command } from "./command.ts";
import {
  CONFIG,
  CONFIG_VARIABLE,
  DATA_DIR,
  JSON_FLAG,
  LAB_HOST_FILES,
  RECEIVER_FILES,
  STORE_FILES,
} from "./flags.ts";
import { QUARANTINE_COMMANDS } from "./quarantine_commands.ts";

export const COMMANDS: readonly Command[] = [
  command({
    path: ["ship"],
    summary: "send the episodes that are ready to the receiver",
    description: [
      "Packs each ready episode, sends it, and moves it to shipped/ once the receiver has acknowledged that it is stored. " +
      "What can never be accepted goes to quarantine/ with its reason; what is refused for now stays. No episode is deleted " +
      "that was not acknowledged.",
      "One shipper works on a data directory at a time: a second one says which process has it, and ends.",
      "To the daemon, SIGHUP means: read the configuration again (a bad one is refused with its errors, the old one stays); " +
      "SIGUSR1 is what --now sends; SIGTERM and SIGINT end it, and the next start goes on where it was.",
    ],
    oneOf: ["once", "daemon", "now", "ping"],
    flags: {
      once: { kind: "switch", about: "One pass, then the end: what ship alone does" },
      daemon: { kind: "switch", about: "Pass after pass, until SIGTERM; what the unit runs" },
      now: {
        kind: "switch",
        about: "Has the running daemon start a pass at once, in which all that waits is due",
      },
      ping: { kind: "switch", about: "Tries the way to the receiver: the same as cis490 ping" },
      config: CONFIG,
      json: JSON_FLAG,
      noProgress: { kind: "switch", about: "Draws no progress bar" },
    },
    examples: [
      { about: "one pass", command: "sudo -u cis490 cis490 ship --once" },
      { about: "for a program", command: "cis490 ship --once --json" },
      { about: "as the unit does", command: "cis490 ship --daemon" },
      { about: "the network is back", command: "sudo cis490 ship --now" },
    ],
    exitCodes: {
      0: "done; what is held or not ready yet counts as done",
      1: "episodes are left, or another shipper is at work",
    },
    files: {
      ...LAB_HOST_FILES,
      "DATA_DIR/.cis490.lock": "held by the shipper that works on the data directory",
    },
    environment: {
      ...CONFIG_VARIABLE,
      CREDENTIALS_DIRECTORY: "where credential:NAME in the configuration is looked up",
      NOTIFY_SOCKET: "set by systemd: readiness, status and watchdog are told there",
      RUNTIME_DIRECTORY: "set by systemd: the daemon keeps status.json there",
    },
    permissions: ["read", "write", "net", "ffi", "env", "sys"],
    load: async () => (await import("./ship.ts")).run,
  }),
  command({
    path: ["ping"],
    summary: "try the way to the receiver, layer by layer",
    description: [
      "Prints a line for each layer (name, TCP, TLS, certificate, token, receiver) with its time. The first one that fails " +
      "says why, and what to do. Nothing is sent but the request, and nothing is stored.",
    ],
    flags: { config: CONFIG, json: JSON_FLAG },
    examples: [{ about: "is the way free?", command: "cis490 ping" }],
    exitCodes: { 0: "every layer holds", 1: "one does not" },
    files: LAB_HOST_FILES,
    environment: CONFIG_VARIABLE,
    permissions: ["read", "net", "env", "sys"],
    load: async () => (await import("./ping.ts")).run,
  }),
  command({
    path: ["receive"],
    summary: "take episodes from lab hosts, until told to stop",
    description: [
      "Listens where the configuration says, verifies every episode whole, stores and syncs it, and only then acknowledges " +
      "it. SIGTERM and SIGINT end it: requests under way have 20 seconds. SIGHUP reads the configuration again.",
      "Reads what others send, so it gives up the C library and all else that it does not need before it listens.",
    ],
    flags: { config: CONFIG },
    examples: [
      { about: "as the unit does", command: "cis490 receive" },
      { about: "another configuration", command: "cis490 receive --config ./receiver.toml" },
    ],
    exitCodes: { 0: "stopped by a signal", 1: "it can't listen, or the store can't be used" },
    files: RECEIVER_FILES,
    environment: {
      ...CONFIG_VARIABLE,
      CREDENTIALS_DIRECTORY: "where credential:NAME in the configuration is looked up",
      NOTIFY_SOCKET: "set by systemd: readiness, status and watchdog are told there",
    },
    // The C library is for NOTIFY_SOCKET, and given up by the command itself.
    permissions: ["read", "write", "net", "ffi", "run", "env", "sys"],
    load: async () => (await import("./receive.ts")).run,
  }),
  command({
    path: ["receive", "list"],
    summary: "list the stored episodes",
    description: [
      "A line for each episode, the oldest first: host, id, when it was stored, the size of its archive, the commit that " +
      "recorded it. With --json, the receipts. It only looks, also while the receiver serves.",
    ],
    flags: {
      host: { kind: "text", value: "HOST", about: "Only those of this lab host" },
      since: {
        kind: "text",
        value: "WHEN",
        about: "Only those stored since: 24h ago, or a time like 2026-01-02T03:04:05Z",
      },
      config: CONFIG,
      json: JSON_FLAG,
    },
    examples: [
      {
        about: "what came in today from one host",
        command: "sudo cis490 receive list --host lab-host-01 --since 24h",
      },
      { about: "for a program", command: "sudo cis490 receive list --json" },
    ],
    exitCodes: { 0: "listed", 1: "the store can't be read" },
    files: STORE_FILES,
    environment: CONFIG_VARIABLE,
    permissions: ["read", "env"],
    load: async () => (await import("./receive_list.ts")).run,
  }),
  command({
    path: ["receive", "export"],
    summary: "unpack a stored episode into a new directory",
    description: [
      "DIR becomes the episode's directory as it was recorded: modes, times to the nanosecond, links, empty directories. The " +
      "archive is compared with its receipt on the way; only when all of it agrees does DIR get its name, in one step. Until " +
      "then the files are in DIR.partial, which is removed when anything is wrong.",
      "Nothing is overwritten, and no file is made anywhere but below DIR. The stored archive stays as it is.",
    ],
    flags: {
      host: {
        kind: "text",
        value: "HOST",
        about: "The lab host; needed when several have an episode of that id",
      },
      config: CONFIG,
      noProgress: { kind: "switch", about: "Draws no progress bar" },
    },
    positionals: {
      id: { value: "ID", about: "The episode's id, as cis490 receive list shows it", count: "one" },
      dir: { value: "DIR", about: "The directory to make", count: "one" },
    },
    examples: [{ about: "to look at one", command: "sudo cis490 receive export ep-1 /tmp/ep-1" }],
    exitCodes: { 0: "unpacked", 1: "it is not stored, damaged, or DIR can't be made" },
    files: STORE_FILES,
    environment: CONFIG_VARIABLE,
    permissions: ["read", "write", "ffi", "env"],
    load: async () => (await import("./receive_export.ts")).run,
  }),
  command({
    path: ["receive", "scrub"],
    summary: "re-read the store and compare it with its receipts",
    description: [
      "Reads every archive from the disk and compares its size and digest with its receipt. A line for each finding, and " +
      "below them what to do: rot (it is not what it was), missing (a receipt without its archive), bad-receipt, " +
      "no-receipt (an archive that was never acknowledged), aside (the receiver moved it out of the way), stray (no " +
      "receiver made it).",
      "It changes nothing, may run while the receiver serves, and gives way to it: it asks for the lowest priority of " +
      "processor and disk, and leaves the page cache to others. --rate bounds it where the disk knows no priorities.",
    ],
    flags: {
      rate: { kind: "text", value: "MB", about: "Reads at most so many megabytes a second" },
      config: CONFIG,
      json: JSON_FLAG,
      noProgress: { kind: "switch", about: "Draws no progress bar" },
    },
    examples: [
      { about: "once a month, say", command: "sudo -u cis490 cis490 receive scrub --rate 20" },
      { about: "for a program", command: "sudo -u cis490 cis490 receive scrub --json" },
    ],
    exitCodes: {
      0: "all is as the receipts say",
      1: "something is not, or the store can't be read",
    },
    files: STORE_FILES,
    environment: CONFIG_VARIABLE,
    permissions: ["read", "ffi", "env"],
    load: async () => (await import("./receive_scrub.ts")).run,
  }),
  command({
    path: ["receive", "reconcile"],
    summary: "compare a lab host's receipts with the store",
    description: [
      "FILE holds receipt.json files of a lab host, one after another, as cat writes them. A line for each episode that was " +
      "acknowledged and that the store lacks, or has another one in place of. Archives are compared by their size; " +
      "cis490 receive scrub reads them.",
      "An episode that the store lacks is sent again by itself when its lab host is about to remove it from shipped/. It " +
      "changes nothing, and may run while the receiver serves.",
    ],
    flags: { config: CONFIG, json: JSON_FLAG },
    positionals: {
      file: { value: "FILE", about: "The receipts; - reads standard input", count: "one" },
    },
    examples: [{
      about: "after a restore from a backup; before it: ssh lab-host-01 " +
        "'cat /var/lib/cis490/shipped/*/receipt.json' |",
      command: "sudo -u cis490 cis490 receive reconcile -",
    }],
    exitCodes: { 0: "the store has all of them", 1: "it does not, or FILE holds no receipts" },
    files: STORE_FILES,
    environment: CONFIG_VARIABLE,
    permissions: ["read", "env"],
    load: async () => (await import("./receive_reconcile.ts")).run,
  }),
  command({
    path: ["receive", "token", "add"],
    summary: "let a host send episodes; prints its new token once",
    description: [
      "Prints the token alone on stdout. Only its SHA-256 is kept, so it can't be shown again. A host may have several: " +
      "that is how one is replaced without a gap.",
    ],
    flags: { config: CONFIG },
    positionals: {
      host: { value: "HOST", about: "host_id of the lab host's configuration", count: "one" },
    },
    examples: [{ about: "a new lab host", command: "sudo cis490 receive token add lab-host-01" }],
    exitCodes: { 0: "added", 1: "the tokens file can't be read or written" },
    files: RECEIVER_FILES,
    environment: CONFIG_VARIABLE,
    permissions: ["read", "write", "env", "sys"],
    load: async () => (await import("./receive_token.ts")).add,
  }),
  command({
    path: ["receive", "token", "list"],
    summary: "list the hosts that may send episodes",
    description: ["A line for each token: host, when it was made, the beginning of its SHA-256."],
    flags: { config: CONFIG, json: JSON_FLAG },
    examples: [{ about: "who may?", command: "sudo cis490 receive token list" }],
    exitCodes: { 0: "listed", 1: "the tokens file can't be read" },
    files: RECEIVER_FILES,
    environment: CONFIG_VARIABLE,
    permissions: ["read", "env", "sys"],
    load: async () => (await import("./receive_token.ts")).list,
  }),
  command({
    path: ["receive", "token", "revoke"],
    summary: "take all tokens of a host away",
    description: ["The running receiver notices by itself."],
    flags: { config: CONFIG },
    positionals: { host: { value: "HOST", about: "The host's name", count: "one" } },
    examples: [{
      about: "a host is gone",
      command: "sudo cis490 receive token revoke lab-host-01",
    }],
    exitCodes: { 0: "revoked", 1: "it has none, or the file can't be written" },
    files: RECEIVER_FILES,
    environment: CONFIG_VARIABLE,
    permissions: ["read", "write", "env", "sys"],
    load: async () => (await import("./receive_token.ts")).revoke,
  }),
  command({
    path: ["doctor"],
    summary: "say what is wrong, and the command that mends it",
    description: [
      "Prints a row for each check, its cause in one line, and below it the command that mends it. A row whose cause is " +
      "another row is left out. Nothing is changed.",
      "On a lab host it looks at configuration, directories, their rights and free space, the unit, clock, certificates, token, " +
      "the way to the receiver, its window, the journal of the last ten minutes, and all that waits or is in quarantine; on a " +
      "receiver at its unit, socket, store, window, proxy and tokens. docs/doctor.md has a section for each code.",
      "The first row is what to mend first. Without root it says what it could not see.",
    ],
    flags: {
      role: {
        kind: "choice",
        choices: ["lab-host", "receiver"],
        about: "What this machine is; unless said, each role whose configuration is there",
      },
      config: CONFIG,
      since: {
        kind: "duration",
        about: "How far back the journal is read; 10min unless said",
      },
      unit: {
        kind: "text",
        value: "UNIT",
        about: "The unit whose state and journal are read, instead of the role's own",
      },
      watch: { kind: "switch", about: "Looks again every five seconds, until it is interrupted" },
      json: JSON_FLAG,
    },
    oneOf: ["watch", "json"],
    examples: [
      { about: "what is wrong here?", command: "sudo cis490 doctor" },
      { about: "stay and see it become green", command: "sudo cis490 doctor --watch" },
      { about: "for a program", command: "cis490 doctor --role receiver --json" },
    ],
    exitCodes: {
      0: "all is well",
      1: "there is a warning",
      2: "something is wrong; or the command line is, and then nothing is printed but that",
      3: "something could not be looked at, and nothing is wrong",
    },
    files: { ...LAB_HOST_FILES, ...RECEIVER_FILES },
    environment: CONFIG_VARIABLE,
    permissions: ["read", "write", "net", "run", "env", "sys"],
    load: async () => (await import("./doctor.ts")).run,
  }),
  command({
    path: ["why"],
    summary: "tell one episode's story",
    description: [
      "Where it is, how often it was tried and what came of it, why it waits and until when, its receipt or the reason why it " +
      "is in quarantine, the lines of the journal that name it, and what to do next.",
    ],
    flags: {
      since: { kind: "duration", about: "How far back the journal is read; 24h unless said" },
      dataDir: DATA_DIR,
      config: CONFIG,
      json: JSON_FLAG,
    },
    positionals: {
      id: { value: "ID", about: "The name of its directory in episodes/", count: "one" },
    },
    examples: [
      { about: "why does this one wait?", command: "sudo cis490 why run-0042" },
    ],
    exitCodes: { 0: "it is known here", 1: "it is not known here" },
    files: LAB_HOST_FILES,
    environment: CONFIG_VARIABLE,
    permissions: ["read", "run", "env", "sys"],
    load: async () => (await import("./why.ts")).run,
  }),
  ...QUARANTINE_COMMANDS,
  command({
    path: ["completion"],
    summary: "print a completion script for a shell",
    description: ["The script is made from the same list of commands as this help."],
    flags: {},
    positionals: {
      shell: { value: "SHELL", about: "bash, zsh or fish", count: "one" },
    },
    examples: [
      {
        about: "for every new bash",
        command: "cis490 completion bash > /etc/bash_completion.d/cis490",
      },
    ],
    exitCodes: { 0: "printed" },
    permissions: [],
    load: async () => (await import("./completion.ts")).run,
  }),
  command({
    path: ["help"],
    summary: "tell how a command is used",
    description: ["The same as --help after the command."],
    flags: {},
    positionals: { path: { value: "COMMAND", about: "The words of the command", count: "many" } },
    examples: [{ about: "one command", command: "cis490 help receive token add" }],
    exitCodes: { 0: "printed" },
    permissions: ["env"],
    load: async () => (await import("./help_command.ts")).run,
  }),
  command({
    path: ["version"],
    summary: "print version, commit, target and the version of Deno",
    description: ["The same as --version."],
    flags: { json: JSON_FLAG },
    examples: [{ about: "for a program", command: "cis490 --version --json" }],
    exitCodes: { 0: "printed" },
    permissions: ["read"],
    load: async () => (await import("./version.ts")).run,
  }),
];
