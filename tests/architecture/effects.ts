/**
 * The files that touch the outside world by themselves, each with what it uses and why. Every other file takes what it
 * needs as a parameter, so that a test can put a model in its place.
 */

import type { Allowed } from "./rules.ts";

export const EFFECTS: Readonly<Record<string, Allowed>> = {
  "main.ts": { uses: ["Deno"], why: "argv, the exit code" },
  "cmd/data_dir.ts": { uses: ["Deno"], why: "who runs this: root gives its files away" },
  "cmd/doctor_looks.ts": {
    uses: ["Deno"],
    why: "which configurations are there; why a socket does not answer",
  },
  "cmd/receive.ts": { uses: ["Deno"], why: "SIGHUP; its own pid, in the name of a socket" },
  "cmd/service.ts": { uses: ["Deno"], why: "signals end a daemon; its own pid, for the watchdog" },
  "cmd/ship.ts": { uses: ["Deno"], why: "signals end a pass" },
  "cmd/ship_daemon.ts": { uses: ["Deno"], why: "signals end the daemon; its own pid" },
  "cmd/ship_parts.ts": { uses: ["Deno"], why: "its own pid, for the lock" },
  "cmd/receive_reconcile.ts": { uses: ["Deno"], why: "reads receipts from a pipe or a file" },
  "cmd/receive_token.ts": {
    uses: ["Deno", "crypto random"],
    why: "who runs this: root's tokens file is for the receiver's group; a lock; the token itself",
  },
  "cmd/run.ts": {
    uses: ["Deno", "globalThis", "performance.now"],
    why: "the process's fence: real streams, environment and permissions, the last catch",
  },
  "cmd/parse.ts": { uses: ["node:util"], why: "parseArgs, which computes and touches nothing" },

  "lib/build_info.ts": { uses: ["Deno"], why: "reads the file that the build embedded" },
  "lib/config/load.ts": { uses: ["Deno"], why: "reads the configuration, before there are parts" },
  "lib/config/secret.ts": { uses: ["Deno"], why: "reads secrets from their files, likewise" },

  "lib/sys/background.ts": { uses: ["Deno"], why: "priorities and the page cache, through FFI" },
  "lib/sys/clock.ts": {
    uses: ["Date.now", "performance.now", "setTimeout"],
    why: "the real Clock",
  },
  "lib/sys/random.ts": { uses: ["Math.random"], why: "the real Random" },
  "lib/sys/fs_plain.ts": { uses: ["Deno", "node:fs"], why: "the real Fs" },
  "lib/sys/libc.ts": { uses: ["Deno"], why: "the C library through FFI" },
  "lib/sys/libc_notify.ts": { uses: ["Deno"], why: "sendto(2) to an abstract socket, through FFI" },
  "lib/sys/process.ts": { uses: ["Deno"], why: "starts programs" },
  "lib/sys/watch.ts": { uses: ["Deno"], why: "inotify" },

  "lib/episode/tree.ts": { uses: ["node:crypto"], why: "sha256 of the source signature" },
  "lib/archive/turn.ts": { uses: ["node:timers"], why: "a turn of the event loop" },
  "lib/archive/pack_worker.ts": {
    uses: ["globalThis"],
    why: "a worker's own message port, and a turn for what comes in by it",
  },
  "lib/archive/tar_frames.ts": { uses: ["node:crypto"], why: "sha256 of the tar stream" },
  "lib/archive/partial_writer.ts": {
    uses: ["node:crypto", "node:zlib"],
    why: "sha256 of the archive; the native zstd compressor",
  },
  "lib/archive/verify.ts": { uses: ["node:crypto", "node:timers"], why: "sha256 of both streams" },
  "lib/archive/zstd_decoder.ts": { uses: ["node:zlib"], why: "the native zstd decompressor" },
  "lib/receiver/catalogue/sqlite.ts": { uses: ["node:sqlite"], why: "the catalogue's database" },
  "lib/receiver/fair_places.ts": { uses: ["node:timers"], why: "a turn of the event loop" },
  "lib/receiver/identity.ts": { uses: ["node:crypto"], why: "comparison in constant time" },
  "lib/receiver/pieces.ts": { uses: ["node:crypto"], why: "sha256 of a piece" },
  "lib/receiver/routes/window.ts": { uses: ["node:crypto"], why: "sha256 of an ETag" },
  "lib/receiver/scrub.ts": { uses: ["node:crypto"], why: "sha256 of what is stored" },
  "lib/receiver/self_check.ts": { uses: ["Deno"], why: "a connection to its own socket" },
  "lib/receiver/server.ts": { uses: ["Deno"], why: "listens" },
  "lib/receiver/tokens.ts": {
    uses: ["node:buffer", "node:crypto"],
    why: "sha256 of tokens; comparison in constant time",
  },
  "lib/receiver/export.ts": {
    uses: ["node:crypto"],
    why: "digests, which compute and touch nothing",
  },
  "lib/receiver/verification.ts": {
    uses: ["node:crypto", "node:timers"],
    why: "sha256 of what arrives; a turn of the event loop",
  },
  "lib/transport/archive_file.ts": { uses: ["node:crypto"], why: "sha256 of a piece" },
  "lib/transport/dial.ts": {
    uses: ["Deno", "node:dns"],
    why: "the layers of ping, each by itself",
  },
  "lib/transport/http.ts": { uses: ["Deno", "fetch"], why: "the only file that sends requests" },
  "lib/transport/pem.ts": { uses: ["node:crypto"], why: "reads certificates and keys" },
  "lib/window/http.ts": {
    uses: ["Deno", "fetch"],
    why: "asks Forgejo; the system's authorities",
  },
  "lib/transport/tls_guard.ts": { uses: ["Deno"], why: "tries a pair where a fault is harmless" },
};
