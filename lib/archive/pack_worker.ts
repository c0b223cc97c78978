/** The worker's side: packs one episode at a time, with the real file system. */
import { blockingFs, Libc } from "../sys/mod.ts";
import { formatFailure, type FromPacker, type FromWorker, type ToWorker } from "./border.ts";
import { pack } from "./pack.ts";
import { turn } from "./turn.ts";

const fs = blockingFs(new Libc());

globalThis.addEventListener("message", (event: Event) => {
  if (!(event instanceof MessageEvent)) return;
  const job: ToWorker = event.data;
  const [port] = event.ports;
  if (port !== undefined) run(job, port);
});

async function run(job: ToWorker, port: MessagePort): Promise<void> {
  const answer = (message: FromWorker) => port.postMessage(message);
  const abort = new AbortController();
  port.onmessage = (event: MessageEvent<FromPacker>) => {
    if (event.data.kind === "abort") abort.abort();
  };
  try {
    const packed = await pack(fs, job, {
      signal: abort.signal,
      turn,
      onProgress: (tarBytes) => answer({ kind: "progress", tarBytes }),
    });
    answer({ kind: "packed", packed });
  } catch (error) {
    answer({ kind: "failed", failure: formatFailure(error, abort.signal.aborted) });
  }
}
