import assert from "node:assert/strict";
import { findSessionFiles, PROGRAMS, ROOT } from "./sessions/files.ts";
import { parseSession } from "./sessions/parse.ts";
import { runSession } from "./sessions/run.ts";
import { needs } from "./skip.ts";

for (const path of await findSessionFiles()) {
  const text = await Deno.readTextFile(`${ROOT}/${path}`);
  const session = parseSession(text);
  if (session.steps.length === 0) continue;
  Deno.test({
    ...needs(`${path} shows what really happens`, { commands: session.needs }),
    async fn() {
      await Deno.stat(`${PROGRAMS}/cis490`).catch(() => {
        throw new Error("there is no dist/cis490 yet: ./denow task build");
      });
      const { differences } = await runSession(text, { programs: PROGRAMS, repository: ROOT });
      assert.equal(differences.join("\n"), "", "`./denow task sessions --update` rewrites it");
    },
  });
}
