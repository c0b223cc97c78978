import { run } from "./cmd/run.ts";

Deno.exit(await run(Deno.args));
