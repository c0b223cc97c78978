import assert from "node:assert/strict";
import { needs } from "../../tests/skip.ts";
import { Background } from "./background.ts";
import { isFsError } from "./fs.ts";
import { Libc } from "./libc.ts";

const background = new Background(new Libc());

/** In a process of its own: a priority can't be raised again. */
const LOWERED = `
  import { Background } from "${import.meta.resolve("./background.ts")}";
  import { Libc } from "${import.meta.resolve("./libc.ts")}";
  const wasLowered = new Background(new Libc()).lowerPriority();
  // proc_pid_stat(5): the 19th field, the 17th after the name's parenthesis.
  const nice = Deno.readTextFileSync("/proc/self/stat").split(") ")[1].split(" ")[16];
  const ionice = new Deno.Command("ionice", { args: ["-p", String(Deno.pid)] }).outputSync();
  console.log(wasLowered, nice, new TextDecoder().decode(ionice.stdout).trim());
`;

Deno.test({
  ...needs("the thread that reads has the lowest priority of processor and disk", {
    commands: ["ionice"],
  }),
  async fn() {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", LOWERED],
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert.equal(text(stdout), "true 19 idle\n", text(stderr));
  },
});

Deno.test("a file is read as it is, whether the page cache could be dropped or not", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const path = `${directory}/file`;
    Deno.writeTextFileSync(path, "0123456789");
    const handle = background.openRead(path);
    const block = new Uint8Array(4);
    assert.equal(handle.read(block), 4);
    assert.equal(new TextDecoder().decode(block), "0123");
    assert.equal(handle.readAt(block, 8), 2);
    assert.equal(handle.stat().sizeBytes, 10);
    handle.close();
    handle.close();
    assert.throws(() => background.openRead(directory), isFsError);
    assert.throws(() => background.openRead(`${path}2`), (error) => isFsError(error, "gone"));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
