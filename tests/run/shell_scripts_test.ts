import assert from "node:assert/strict";
import { findShellScripts } from "./shell_scripts.ts";

Deno.test("a shell script is known by its name or its first line", async () => {
  const root = await Deno.makeTempDir();
  try {
    const files = {
      "a.sh": "echo",
      "plain": "echo #!/bin/sh",
      "sh": "#!/bin/sh\n",
      "bash": "#!/usr/bin/env bash\n",
      "dash": "#! /bin/dash -e\n",
      "python": "#!/usr/bin/python3\n",
      "fish": "#!/usr/bin/fish\n",
      "empty": "",
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${root}/${name}`, text);
    }
    const found = await findShellScripts(root, [...Object.keys(files), "gone"]);
    assert.deepEqual(found, ["a.sh", "sh", "bash", "dash"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
