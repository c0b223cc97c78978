/** The way to the receiver, layer by layer, each only when the one below it holds. */
import { HEALTH_PATH, type Pong } from "../wire/mod.ts";
import { type Layer, LAYERS, type Refused } from "./answer.ts";
import { type PongAnswer, readPong } from "./classify.ts";
import { withDeadline } from "./deadline.ts";
import { CONNECT_TIMEOUT_MS, dialTcp, dialTls, resolveName } from "./dial.ts";
import { describeFailure } from "./failure.ts";
import { formatTarget } from "./target.ts";
import { PING, type TransportOptions, wire, type WireParts, type Wiring } from "./transport.ts";
import { fixFor, fixForWrongHost } from "./probe_fixes.ts";

export interface LayerReport {
  readonly layer: Layer;
  readonly state: "ok" | "failed" | "not-tried" | "not-used";
  /** How long it took; undefined when it was not tried. */
  readonly ms: number | undefined;
  /** What was found, or why it failed. */
  readonly words: string;
  /** The command that mends it, or shows more. */
  readonly fix: string | undefined;
}

export interface ProbeReport {
  readonly ok: boolean;
  /** One for each layer, in order. */
  readonly layers: readonly LayerReport[];
  /** Of the receiver's name; empty when it has none. */
  readonly addresses: readonly string[];
  readonly pong: Pong | undefined;
  /** The receiver's clock minus ours, by its pong, else to the second by its first answer; undefined without both. */
  readonly clockDifferenceMs: number | undefined;
}

/** How one layer was found. `layer` of a failure is the one at fault, which may be a later one. */
type Step =
  | { readonly kind: "ok"; readonly words: string }
  | { readonly kind: "not-used" }
  | Failed;

interface Failed {
  readonly kind: "failed";
  readonly layer: Layer;
  readonly why: string;
  readonly fix?: string | undefined;
}

/**
 * Never throws but for a bug. Name and TCP together take `connectMs` at most (unless said, 10 s each), TLS 10 s, the last
 * three layers half a minute each.
 */
export async function probeReceiver(
  parts: WireParts,
  options: TransportOptions,
  signal: AbortSignal,
  connectMs?: number,
): Promise<ProbeReport> {
  const wiring = wire(parts, options);
  try {
    return await new Probe(parts, options, wiring, signal, connectMs).run();
  } finally {
    wiring.http.close();
  }
}

class Probe {
  readonly #beganMs: number;
  #addresses: readonly string[] = [];
  #pong: Pong | undefined;
  #clockDifferenceMs: number | undefined;

  constructor(
    private readonly parts: WireParts,
    private readonly options: TransportOptions,
    private readonly wiring: Wiring,
    private readonly signal: AbortSignal,
    private readonly connectMs: number | undefined,
  ) {
    this.#beganMs = parts.clock.monotonic();
  }

  async run(): Promise<ProbeReport> {
    const layers: LayerReport[] = [];
    let failed: { readonly layer: Layer; readonly report: LayerReport } | undefined;
    for (const layer of LAYERS) {
      if (failed !== undefined) {
        layers.push(failed.layer === layer ? failed.report : notTried(layer));
        continue;
      }
      const { clock } = this.parts;
      const began = clock.monotonic();
      const step = await this.#limited(layer);
      const ms = clock.monotonic() - began;
      if (step.kind !== "failed") {
        layers.push(
          step.kind === "ok"
            ? { layer, state: "ok", ms, words: step.words, fix: undefined }
            : { layer, state: "not-used", ms: undefined, words: "", fix: undefined },
        );
        continue;
      }
      // What stands in the way can belong to a later layer: nothing but that layer's files or its answer.
      const at = LAYERS.indexOf(step.layer) > LAYERS.indexOf(layer) ? step.layer : layer;
      const fix = step.fix ?? fixFor(at, this.wiring.target, this.options);
      failed = { layer: at, report: { layer: at, state: "failed", ms, words: step.why, fix } };
      layers.push(at === layer ? failed.report : notTried(layer));
    }
    return {
      ok: failed === undefined,
      layers,
      addresses: this.#addresses,
      pong: this.#pong,
      clockDifferenceMs: this.#clockDifferenceMs,
    };
  }

  async #limited(layer: Layer): Promise<Step> {
    const run = this.#steps[layer];
    try {
      // What Http sends has limits of its own.
      if (layer !== "name" && layer !== "tcp" && layer !== "tls") return await run(this.signal);
      const { limitMs, words } = this.#limitOf(layer);
      const step = await withDeadline(this.parts.clock, limitMs, this.signal, run);
      if (step.kind === "done") return step.value;
      const why = step.kind === "aborted" ? this.#givenUp() : `no answer within ${words}`;
      return { kind: "failed", layer, why };
    } catch (error) {
      return { kind: "failed", ...describeFailure(error) };
    }
  }

  /** RFC 9110, section 6.6.1: whole seconds, from whoever answers, token or not. A pong tells it better. */
  #readDate(headers: Headers): void {
    const dateMs = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(dateMs)) return;
    this.#clockDifferenceMs = dateMs + 500 - Math.round(this.parts.clock.now());
  }

  #limitOf(layer: Layer): { readonly limitMs: number; readonly words: string } {
    // TLS comes after somebody has answered: on a slow link it is no sign of a dead one.
    const allMs = layer === "tls" ? undefined : this.connectMs;
    if (allMs === undefined) {
      return { limitMs: CONNECT_TIMEOUT_MS, words: `${CONNECT_TIMEOUT_MS / 1000} s` };
    }
    const spentMs = this.parts.clock.monotonic() - this.#beganMs;
    return { limitMs: Math.max(1, allMs - spentMs), words: `${allMs / 1000} s` };
  }

  #givenUp(): string {
    const { reason } = this.signal;
    const isLate = reason instanceof DOMException && reason.name === "TimeoutError";
    return isLate ? "no answer in time" : "given up";
  }

  readonly #steps: Readonly<Record<Layer, (signal: AbortSignal) => Promise<Step>>> = {
    name: async () => {
      const { hostname } = this.wiring.target;
      this.#addresses = await resolveName(hostname);
      const [first] = this.#addresses;
      if (first === undefined) {
        return { kind: "failed", layer: "name", why: `${hostname} has no address` };
      }
      const words = first === hostname
        ? `${hostname} is an address`
        : `${hostname} is ${this.#addresses.join(", ")}`;
      return { kind: "ok", words };
    },
    tcp: async () => {
      const { target } = this.wiring;
      await dialTcp(this.#addresses[0] ?? target.hostname, target.port);
      return { kind: "ok", words: `${formatTarget(target)} accepts connections` };
    },
    tls: async () => {
      if (!this.wiring.target.secure) return { kind: "not-used" };
      const preflight = this.wiring.certificates?.check();
      // Without authorities the receiver's certificate can't be judged, and that is the files' fault.
      if (preflight?.kind === "not-ready" && preflight.caBundle === undefined) {
        return { kind: "failed", layer: "certificate", why: preflight.why };
      }
      try {
        await dialTls(this.wiring.target, preflight);
      } catch (error) {
        // With TLS 1.2 our certificate is refused within the handshake, after the receiver's was found good.
        if (describeFailure(error).layer !== "certificate") throw error;
      }
      return { kind: "ok", words: "the receiver's certificate is good" };
    },
    certificate: async (signal) => {
      if (!this.wiring.target.secure) return { kind: "not-used" };
      const preflight = this.wiring.certificates?.check();
      if (preflight?.kind === "not-ready") {
        return { kind: "failed", layer: "certificate", why: preflight.why };
      }
      // With TLS 1.3 only a request shows whether the certificate was accepted. Any answer says that it was.
      const sent = await this.wiring.http.send({
        method: "GET",
        path: HEALTH_PATH,
        timeoutMs: PING.timeoutMs,
        anonymous: true,
      }, signal);
      if (sent.kind === "unreachable") {
        return { kind: "failed", layer: sent.layer, why: sent.why };
      }
      if (sent.kind === "answer") this.#readDate(sent.headers);
      if (preflight === undefined) return { kind: "ok", words: "none configured" };
      const days = Math.floor((preflight.expiresAtMs - this.parts.clock.now()) / 86_400_000);
      const complaint = preflight.complaint === undefined ? "" : `; ${preflight.complaint}`;
      return {
        kind: "ok",
        words: `accepted, ${days === 1 ? "1 day" : `${days} days`} left${complaint}`,
      };
    },
    token: async (signal) => {
      const answer = await this.#ping("token", signal);
      if (answer.kind === "failed") return answer;
      if (answer.kind === "refused") {
        // Identity is checked before anything else: another refusal says that it has passed.
        if (answer.name !== "unauthorized" && answer.name !== "wrong-host") {
          return { kind: "ok", words: "accepted" };
        }
        // The remediation of the protocol can't know this host's name; the fix of this layer does.
        const fix = answer.name === "wrong-host"
          ? fixForWrongHost(this.wiring.target, this.options)
          : undefined;
        return { kind: "failed", layer: "token", why: describeRefusal(answer).why, fix };
      }
      if (answer.pong.host !== this.options.host) {
        const why = `the token is ${answer.pong.host}'s, and this host is ${this.options.host}`;
        return { kind: "failed", layer: "token", why };
      }
      return { kind: "ok", words: `accepted as ${answer.pong.host}` };
    },
    receiver: async (signal) => {
      const { clock } = this.parts;
      const began = clock.monotonic();
      const answer = await this.#ping("receiver", signal);
      if (answer.kind === "failed") return answer;
      if (answer.kind === "refused") {
        return { kind: "failed", layer: "receiver", ...describeRefusal(answer) };
      }
      const halfway = clock.now() - (clock.monotonic() - began) / 2;
      this.#pong = answer.pong;
      this.#clockDifferenceMs = Math.round(Date.parse(answer.pong.time) - halfway);
      return { kind: "ok", words: describePong(answer.pong, this.#clockDifferenceMs) };
    },
  };

  async #ping(
    layer: Layer,
    signal: AbortSignal,
  ): Promise<Failed | Exclude<PongAnswer, { kind: "foreign" }>> {
    const sent = await this.wiring.http.send(PING, signal);
    if (sent.kind === "aborted") return { kind: "failed", layer, why: this.#givenUp() };
    const answer = sent.kind === "answer" ? readPong(sent, this.parts.clock.now()) : sent;
    if (answer.kind === "unreachable") {
      return { kind: "failed", layer: answer.layer, why: answer.why };
    }
    // Whoever answered like this was not asked for a token.
    if (answer.kind === "foreign") return { kind: "failed", layer: "receiver", why: answer.why };
    return answer;
  }
}

function describeRefusal({ problem }: Refused): { why: string; fix: string | undefined } {
  const { title, detail, remediation } = problem;
  return { why: detail === undefined ? title : `${title}: ${detail}`, fix: remediation };
}

function describePong({ receiver, window }: Pong, differenceMs: number): string {
  const accepted = window === null
    ? "no window yet"
    : `window of ${window.size} from ${window.source}, newest ${window.newest.slice(0, 12)}`;
  const seconds = (Math.abs(differenceMs) / 1000).toFixed(1);
  const clock = seconds === "0.0"
    ? "clocks agree"
    : `its clock is ${seconds} s ${differenceMs > 0 ? "ahead" : "behind"}`;
  return `cis490 ${receiver}, ${accepted}, ${clock}`;
}

function notTried(layer: Layer): LayerReport {
  return { layer, state: "not-tried", ms: undefined, words: "", fix: undefined };
}
