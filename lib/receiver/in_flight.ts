/** Which uploads are under way: how many of each host, and how many bytes are still to come. */
import type { HostId } from "../episode/mod.ts";
import type { Clock, Space } from "../sys/mod.ts";
import type { ReceiverLimits } from "./limits.ts";
import { Refusal, retryAfter } from "./refusal.ts";

interface Entry {
  readonly host: HostId;
  leftBytes: number;
  movedMs: number;
}

/**
 * An admitted upload that has not moved for so long takes no place and no space: its partial may wait for days, and
 * must not keep others out meanwhile.
 */
const IDLE_MS = 15 * 60_000;

const MIB = 1024 * 1024;

export class InFlight {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly parts: { readonly clock: Clock; readonly space: () => Space },
    private limits: Pick<ReceiverLimits, "maxUploadsPerHost" | "minFreeBytes">,
  ) {}

  /** Uploads that have a place. */
  get count(): number {
    this.#forgetIdle();
    return this.#entries.size;
  }

  /** Other limits from now on; what is under way stays. */
  changeLimits(limits: Pick<ReceiverLimits, "maxUploadsPerHost" | "minFreeBytes">): void {
    this.limits = limits;
  }

  /** Takes a place. Throws Refusal `too-many-uploads` or `disk-reserve`. `key` is the upload's own. */
  admit(key: string, host: HostId, bytes: number): void {
    this.#forgetIdle();
    this.#entries.delete(key);
    const own = [...this.#entries.values()].filter((entry) => entry.host === host).length;
    if (own >= this.limits.maxUploadsPerHost) {
      throw new Refusal("too-many-uploads", `${own} uploads of ${host} are under way`, {
        headers: retryAfter(10),
      });
    }
    this.checkReserve(bytes);
    this.moved(key, host, bytes);
  }

  /** Bytes came: the upload is under way, with so many still to come. */
  moved(key: string, host: HostId, leftBytes: number): void {
    this.#entries.set(key, { host, leftBytes, movedMs: this.parts.clock.monotonic() });
  }

  end(key: string): void {
    this.#entries.delete(key);
  }

  /** Throws Refusal `disk-reserve` when `bytes` more would eat into the reserve. */
  checkReserve(bytes: number): void {
    let comingBytes = bytes;
    for (const entry of this.#entries.values()) comingBytes += entry.leftBytes;
    const { freeBytes } = this.parts.space();
    if (freeBytes - comingBytes >= this.limits.minFreeBytes) return;
    throw diskReserve(
      `${mib(freeBytes)} are free and ${mib(comingBytes)} are to come; ` +
        `${mib(this.limits.minFreeBytes)} must stay free`,
    );
  }

  #forgetIdle(): void {
    const before = this.parts.clock.monotonic() - IDLE_MS;
    for (const [key, entry] of this.#entries) {
      if (entry.movedMs < before) this.#entries.delete(key);
    }
  }
}

export function diskReserve(detail: string, cause?: unknown): Refusal {
  return new Refusal("disk-reserve", detail, { headers: retryAfter(60), cause });
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
