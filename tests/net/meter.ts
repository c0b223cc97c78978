/**
 * A relay in front of the receiver that tells what comes by: run as a process of its own in a network namespace.
 *
 *     deno run meter.ts HOSTNAME PORT UPSTREAM_PORT DELAY_MS
 *
 * Prints a line of JSON for each piece that begins.
 */
import { startRelay } from "../fakes/relay.ts";

/** A piece, or a whole archive, that a client began to send. */
export interface Begun {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
}

if (import.meta.main) {
  const [hostname = "", port = "", upstream = "", delay = "0"] = Deno.args;
  const heads = new Map<number, string>();
  const relay = startRelay(Number(upstream), {
    hostname,
    port: Number(port),
    onClientBytes(bytes, connection) {
      // A head may come in two reads; what is random in the bodies does not look like one.
      const text = (heads.get(connection) ?? "") + new TextDecoder("latin1").decode(bytes);
      const pattern =
        /(?:PATCH|PUT) \S*?(\/v1\/\S+) HTTP\/1\.1\r\n((?:[\w-]+: [^\r\n]*\r\n)+)\r\n/g;
      let end = Math.max(0, text.length - 4096);
      for (const match of text.matchAll(pattern)) {
        end = Math.max(end, match.index + match[0].length);
        const field = (name: string) =>
          Number(new RegExp(`^${name}: (\\d+)`, "mi").exec(match[2] ?? "")?.[1] ?? 0);
        const begun: Begun = {
          path: match[1] ?? "",
          offset: field("upload-offset"),
          bytes: field("content-length"),
        };
        if (begun.bytes > 0) console.log(JSON.stringify(begun));
      }
      heads.set(connection, text.slice(end));
    },
  });
  relay.delayMs = Number(delay);
  console.log(JSON.stringify({ ready: true }));
}
