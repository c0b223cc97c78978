import assert from "node:assert/strict";
import { readSecret, SecretError } from "./secret.ts";

async function withFile(content: string, test: (path: string, folder: string) => void) {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/token`, content);
    test(`${folder}/token`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert(error instanceof SecretError, String(error));
    return error.code;
  }
  return "none";
}

Deno.test("a secret is the file's text without the white space around it", async () => {
  await withFile("  s3cret\n", (path) => {
    assert.equal(readSecret(path, undefined).reveal(), "s3cret");
  });
});

Deno.test("a secret shows itself in no string, JSON or console output", async () => {
  await withFile("s3cret\n", (path) => {
    const secret = readSecret(path, undefined);
    const shown = [`${secret}`, JSON.stringify({ secret }), Deno.inspect(secret), String(secret)];
    assert(shown.every((text) => !text.includes("s3cret")), shown.join(" "));
  });
});

Deno.test("credential:NAME is a file in CREDENTIALS_DIRECTORY", async () => {
  await withFile("s3cret\n", (_path, folder) => {
    assert.equal(readSecret("credential:token", folder).reveal(), "s3cret");
    assert.equal(codeOf(() => readSecret("credential:token", undefined)), "no-credentials");
  });
});

Deno.test("what is no secret is told apart, and never quoted", async () => {
  assert.equal(codeOf(() => readSecret("/nowhere/token", undefined)), "missing");
  await withFile(" \n", (path) => assert.equal(codeOf(() => readSecret(path, undefined)), "empty"));
  await withFile("two s3cret\n", (path) => {
    assert.throws(
      () => readSecret(path, undefined),
      (error: unknown) =>
        error instanceof SecretError && error.code === "malformed" &&
        !error.message.includes("s3cret"),
    );
  });
});
