/**
 * Which uploads are under way, and what they may take of the disk. Of the space above the reserve each host is promised
 * what it announced, but no more than its fair share while others want some: one host that announces everything it can
 * think of keeps nobody out.
 */
import type { HostId } from "../episode/mod.ts";
import type { Clock, Space } from "../sys/mod.ts";
import type { ReceiverLimits } from "./limits.ts";
import { Refusal, retryAfter } from "./refusal.ts";
import { shareOut } from "./share_out.ts";
import type { Announcement, PartialUpload } from "./store.ts";

/** What an upload is known by in memory, and what of it is still to come. */
export interface Coming {
  readonly key: string;
  readonly host: HostId;
  readonly leftBytes: number;
}

type Limits = Pick<
  ReceiverLimits,
  "maxUploadsPerHost" | "minFreeBytes" | "maxPartialsPerHost" | "maxPartialsBytes"
>;

interface Entry extends Coming {
  readonly movedMs: number;
}

/**
 * An admitted upload that has not moved for so long takes no place and no space: its partial may wait for days, and
 * must not keep others out meanwhile.
 */
const IDLE_MS = 15 * 60_000;

const MIB = 1024 * 1024;

export class InFlight {
  readonly #entries = new Map<string, Entry>();
  /** Hosts that have announced more than their share. */
  #over: ReadonlySet<HostId> = new Set();

  constructor(
    private readonly parts: { readonly clock: Clock; readonly space: () => Space },
    private limits: Limits,
  ) {}

  /** Uploads that have a place. */
  get count(): number {
    this.#forgetIdle();
    return this.#entries.size;
  }

  /** Other limits from now on; what is under way stays. */
  changeLimits(limits: Limits): void {
    this.limits = limits;
  }

  /** Takes a place. Throws Refusal `too-many-uploads` or `disk-reserve`. */
  admit(coming: Coming): void {
    const { key, host, leftBytes } = coming;
    this.#forgetIdle();
    this.#entries.delete(key);
    const own = this.#of(host).length;
    if (own >= this.limits.maxUploadsPerHost) {
      throw tooMany(`${own} uploads of ${host} are under way`);
    }
    this.checkReserve(host, leftBytes);
    this.moved(coming);
  }

  /**
   * Throws Refusal `too-many-uploads` when an archive may not come in pieces besides these partials, idle ones as well.
   * Of announcements at the very same moment some may get past this; `admit` counts those.
   */
  checkPartials(
    { host, archiveBytes }: Pick<Announcement, "host" | "archiveBytes">,
    partials: readonly PartialUpload[],
  ): void {
    const { maxPartialsPerHost, maxPartialsBytes } = this.limits;
    const own = partials.filter((partial) => partial.host === host).length;
    if (own >= maxPartialsPerHost) throw tooMany(`${host} has ${own} unfinished uploads`);
    const wants = new Map<HostId, number>([[host, archiveBytes]]);
    for (const partial of partials) add(wants, partial.host, partial.archiveBytes);
    const want = wants.get(host) ?? 0;
    const share = shareOut(maxPartialsBytes, wants).get(host) ?? 0;
    if (want <= share) return;
    throw tooMany(
      `the unfinished uploads of ${host} would take ${mib(want)} of the ${mib(maxPartialsBytes)} ` +
        `that all may take, more than its share; send those first that are announced`,
    );
  }

  /** Bytes came: the upload is under way. */
  moved(coming: Coming): void {
    const isNew = !this.#entries.has(coming.key);
    this.#entries.set(coming.key, { ...coming, movedMs: this.parts.clock.monotonic() });
    if (isNew) this.#over = this.#findOver(this.#wants(), this.#available().bytes);
  }

  end(key: string): void {
    this.#entries.delete(key);
  }

  /**
   * Throws Refusal `disk-reserve` when an upload of so many bytes would eat into the reserve, or into what is promised
   * to others. Without a host: of one that has nothing under way.
   */
  checkReserve(host: HostId | undefined, bytes: number): void {
    const wants = new Map<HostId | undefined, number>(this.#wants());
    add(wants, host, bytes);
    const { bytes: available, freeBytes } = this.#available();
    const share = shareOut(available, wants).get(host) ?? 0;
    if (available >= 0 && (wants.get(host) ?? 0) <= share) return;
    let coming = 0;
    for (const want of wants.values()) coming += want;
    throw diskReserve(
      `${mib(freeBytes)} are free and ${mib(coming)} are to come, ${mib(wants.get(host) ?? 0)} ` +
        `of this host; ${mib(this.limits.minFreeBytes)} must stay free`,
    );
  }

  /**
   * Throws Refusal `disk-reserve` when so many bytes of an admitted upload can't be written now: the disk has filled
   * by other hands, or its host has announced more than its share and what is left is promised to others.
   */
  checkRoom(host: HostId, bytes: number): void {
    const { bytes: available, freeBytes } = this.#available();
    let promised = 0;
    if (this.#over.has(host)) {
      for (const [other, want] of this.#wants()) if (!this.#over.has(other)) promised += want;
    }
    if (bytes <= available - promised) return;
    throw diskReserve(
      `${mib(freeBytes)} are free, ${mib(promised)} of it promised to other hosts; ` +
        `${mib(this.limits.minFreeBytes)} must stay free`,
    );
  }

  #available(): { readonly bytes: number; readonly freeBytes: number } {
    const { freeBytes } = this.parts.space();
    return { bytes: freeBytes - this.limits.minFreeBytes, freeBytes };
  }

  #wants(): Map<HostId, number> {
    const wants = new Map<HostId, number>();
    for (const { host, leftBytes } of this.#entries.values()) add(wants, host, leftBytes);
    return wants;
  }

  #findOver(wants: ReadonlyMap<HostId, number>, available: number): ReadonlySet<HostId> {
    const shares = shareOut(available, wants);
    return new Set(
      [...wants].flatMap(([host, want]) => want > (shares.get(host) ?? 0) ? host : []),
    );
  }

  #of(host: HostId): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.host === host);
  }

  #forgetIdle(): void {
    const before = this.parts.clock.monotonic() - IDLE_MS;
    for (const [key, entry] of this.#entries) {
      if (entry.movedMs < before) this.#entries.delete(key);
    }
  }
}

function add<Who>(sums: Map<Who, number>, who: Who, bytes: number): void {
  sums.set(who, (sums.get(who) ?? 0) + bytes);
}

/** This one host has too much under way. */
export function tooMany(detail: string): Refusal {
  return new Refusal("too-many-uploads", detail, { headers: retryAfter(10) });
}

export function diskReserve(detail: string, cause?: unknown): Refusal {
  return new Refusal("disk-reserve", detail, { headers: retryAfter(60), cause });
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
