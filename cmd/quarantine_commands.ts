/** The commands around quarantine/. */
import { type Command, command } from "./command.ts";
import { CONFIG, CONFIG_VARIABLE, DATA_DIR, JSON_FLAG, LAB_HOST_FILES } from "./flags.ts";

/** Which queue, and how it is told. */
const QUEUE_FLAGS = { dataDir: DATA_DIR, config: CONFIG, json: JSON_FLAG } as const;
const AROUND = { files: LAB_HOST_FILES, environment: CONFIG_VARIABLE } as const;
const LOOKS = { ...AROUND, permissions: ["read", "env"] } as const;
/** Episodes are seen exactly, and locked, by the C library. */
const MOVES = { ...AROUND, permissions: ["read", "write", "env", "ffi", "sys"] } as const;

export const QUARANTINE_COMMANDS: readonly Command[] = [
  command({
    path: ["quarantine-unstamped"],
    summary: "move episodes that could never be accepted out of the queue",
    description: [
      "Every episode whose meta.json names no commit of the lab code (code_version.commit, 40 lower-case hex digits) " +
      "goes to quarantine/ with a reason: no receiver would take it. Nothing is deleted or overwritten.",
      "An episode without meta.json goes there only when nothing in it changed for --min-age, since one that is being " +
      "recorded looks the same. Works beside a running shipper; an episode that it has in hand is reported, not waited for.",
      "The last line counts: kept and quarantined together are all that could be judged; missing-meta and collision say " +
      "how many of the quarantined had no meta.json, or got a numbered name (ID~2) because theirs was taken.",
    ],
    flags: {
      dryRun: { kind: "switch", about: "Says what would be done, and changes nothing" },
      minAge: { kind: "duration", about: "For episodes without meta.json; 24h unless said" },
      ...QUEUE_FLAGS,
    },
    examples: [
      { about: "look first", command: "sudo cis490 quarantine-unstamped --dry-run" },
      { about: "then move", command: "sudo cis490 quarantine-unstamped" },
    ],
    exitCodes: { 0: "done", 1: "some episodes were busy or could not be moved" },
    ...MOVES,
    load: async () => (await import("./quarantine_unstamped.ts")).run,
  }),
  command({
    path: ["quarantine", "list"],
    summary: "list what is in quarantine, and why",
    description: [
      "A line for each episode: its name, since when, the code of the reason, and the reason.",
    ],
    flags: {
      code: { kind: "text", value: "CODE", about: "Only episodes with this code" },
      ...QUEUE_FLAGS,
    },
    examples: [{ about: "only these", command: "cis490 quarantine list --code unstamped" }],
    exitCodes: { 0: "listed" },
    ...LOOKS,
    load: async () => (await import("./quarantine.ts")).list,
  }),
  command({
    path: ["quarantine", "show"],
    summary: "tell why one episode is in quarantine, and where it lies",
    description: ["Shows the reason, the command that mends its cause, and the paths of both."],
    flags: QUEUE_FLAGS,
    positionals: {
      id: { value: "ID", about: "Its name in the list, for example ep-1 or ep-1~2", count: "one" },
    },
    examples: [{ about: "one episode", command: "cis490 quarantine show ep-1" }],
    exitCodes: { 0: "shown", 1: "it is not in quarantine" },
    ...LOOKS,
    load: async () => (await import("./quarantine.ts")).show,
  }),
  command({
    path: ["quarantine", "add"],
    summary: "give episodes up: move them from the queue to quarantine",
    description: [
      "What waits for something that will not come, and is to be in the way no longer. Nothing is deleted or overwritten, " +
      "and cis490 quarantine retry takes it back; the code is given-up.",
      "An episode in which something changed within settle_s stays, and one that a shipper has in hand is reported, not " +
      "waited for.",
    ],
    flags: {
      held: { kind: "switch", about: "Every episode that is held: its commit is not accepted" },
      olderThan: {
        kind: "duration",
        about: "With --held: it was refused so long ago the first time",
      },
      dryRun: { kind: "switch", about: "Says what would be done, and changes nothing" },
      ...QUEUE_FLAGS,
    },
    positionals: {
      ids: { value: "ID", about: "Names in episodes/", count: "many" },
    },
    examples: [
      { about: "one episode", command: "sudo cis490 quarantine add ep-1" },
      {
        about: "what the receiver has not wanted for two weeks",
        command: "sudo cis490 quarantine add --held --older-than 14d --dry-run",
      },
    ],
    exitCodes: { 0: "done", 1: "some stay in the queue" },
    ...MOVES,
    load: async () => (await import("./quarantine_add.ts")).run,
  }),
  command({
    path: ["quarantine", "retry"],
    summary: "put quarantined episodes back into the queue",
    description: [
      "For when the cause is mended. Each starts afresh, as if it had just been recorded, and packs to the same digest as " +
      "before; why it was in quarantine stays there as history. A running shipper notices by itself.",
      "An episode whose name another one has taken in the queue stays in quarantine, and is reported.",
    ],
    oneOf: ["code", "all"],
    flags: {
      code: { kind: "text", value: "CODE", about: "Every episode with this code" },
      all: { kind: "switch", about: "Every episode" },
      dryRun: { kind: "switch", about: "Says what would be done, and changes nothing" },
      ...QUEUE_FLAGS,
    },
    positionals: {
      ids: { value: "ID", about: "Names in the list, for example ep-1 or ep-1~2", count: "many" },
    },
    examples: [
      { about: "one episode", command: "sudo cis490 quarantine retry ep-1" },
      {
        about: "when the lab code is mended",
        command: "sudo cis490 quarantine retry --code bad-meta",
      },
    ],
    exitCodes: { 0: "all of them are back in the queue", 1: "some stay" },
    ...MOVES,
    load: async () => (await import("./quarantine_retry.ts")).run,
  }),
  command({
    path: ["quarantine", "remove"],
    summary: "remove quarantined episodes for good",
    description: [
      "No receiver has what lies in quarantine, so this asks for --yes, and without it only says what would be removed. " +
      "Left alone, they go after quarantine_keep_days by themselves.",
    ],
    flags: {
      yes: { kind: "switch", about: "Really removes them" },
      ...QUEUE_FLAGS,
    },
    positionals: {
      ids: { value: "ID", about: "Names in the list, for example ep-1 or ep-1~2", count: "many" },
    },
    examples: [
      { about: "what would go", command: "sudo cis490 quarantine remove ep-1 ep-2" },
      { about: "it goes", command: "sudo cis490 quarantine remove ep-1 ep-2 --yes" },
    ],
    exitCodes: { 0: "removed", 1: "some stay" },
    ...MOVES,
    load: async () => (await import("./quarantine_remove.ts")).run,
  }),
];
