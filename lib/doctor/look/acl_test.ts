import assert from "node:assert/strict";
import { findGranted, grants } from "./acl.ts";
import { findBarrier, may, RIGHT } from "./rights.ts";

const WHO = { uid: 990, gids: [990, 40] };
const WRITE = RIGHT.write + RIGHT.execute;

function listed(...entries: string[]): string {
  return ["# file: x", "# owner: 1000", "# group: 1000", "user::rwx", ...entries, "other::---"]
    .join("\n");
}

Deno.test("an entry counts as far as the mask lets it through, and one's own before the groups'", () => {
  const may = (...entries: string[]) => grants(listed(...entries), WHO, WRITE);
  assert(may("user:990:rwx", "group::r-x", "mask::rwx"));
  assert(may("group::r-x", "group:40:rwx", "mask::rwx"));
  assert(!may("user:990:rwx\t#effective:r-x", "group::r-x", "mask::r-x"));
  assert(!may("user:990:r-x", "group:40:rwx", "mask::rwx"));
  assert(!may("user:991:rwx", "group::rwx", "mask::rwx"));
  assert(!may("group::rwx"), "without a mask there is no list");
});

Deno.test("each path is told by its place; without getfacl nothing is granted", async () => {
  const stdout = [listed("user:990:rwx", "mask::rwx"), listed("group::rwx")].join("\n\n") + "\n\n";
  const wishes = ["/a", "/b"].map((path) => ({ path, rights: WRITE }));
  const answer = { code: 0, stdout, stderr: "" };
  assert.deepEqual([...await findGranted(() => Promise.resolve(answer), WHO, wishes)], ["/a"]);
  const failed = { ...answer, code: 1 };
  assert.equal((await findGranted(() => Promise.resolve(failed), WHO, wishes)).size, 0);
  assert.equal((await findGranted(() => Promise.reject(new Error("asked")), WHO, [])).size, 0);
});

Deno.test("bits are the owner's, else the group's, else everybody's; root needs none", () => {
  const stat = { uid: 990, gid: 40, mode: 0o057 };
  assert(!may(WHO, RIGHT.read, stat));
  assert(may({ uid: 1, gids: [40] }, RIGHT.read + RIGHT.execute, stat));
  assert(!may({ uid: 1, gids: [40] }, RIGHT.write, stat));
  assert(may({ uid: 1, gids: [1] }, RIGHT.write, stat));
  assert(may({ uid: 0, gids: [0] }, RIGHT.write, stat));
});

Deno.test("the first barrier on the way to a file, a directory or itself", () => {
  const modes: Record<string, number> = {
    "/": 0o755,
    "/etc": 0o755,
    "/etc/c": 0o750,
    "/etc/c/f": 0o600,
  };
  const fs = (changed: Record<string, number> = {}) => ({
    lstat: (path: string) => ({
      type: path.endsWith("f") ? "file" as const : "directory" as const,
      mode: { ...modes, ...changed }[path] ?? 0,
      sizeBytes: 0,
      device: 1n,
      inode: 1n,
      uid: 0,
      gid: 0,
      mtimeNs: 0n,
      ctimeNs: 0n,
    }),
  });
  assert.deepEqual(findBarrier(fs(), WHO, "/etc/c/f"), { path: "/etc/c", isDirectory: true });
  assert.deepEqual(findBarrier(fs({ "/etc/c": 0o755 }), WHO, "/etc/c/f"), {
    path: "/etc/c/f",
    isDirectory: false,
  });
  assert.equal(findBarrier(fs({ "/etc/c": 0o755, "/etc/c/f": 0o644 }), WHO, "/etc/c/f"), undefined);
});
