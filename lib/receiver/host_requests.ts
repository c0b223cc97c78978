/**
 * How many requests of each host are under way. A connection carries one at a time (RFC 9112, section 9.3), so this is
 * also how many of a host's connections make us work, or wait for us.
 */
import type { HostId } from "../episode/mod.ts";
import { Refusal, retryAfter } from "./refusal.ts";

export class HostRequests {
  readonly #underWay = new Map<HostId, number>();

  constructor(private readonly most: number) {}

  /**
   * One more of `host`.
   *
   * @returns what ends it. Throws Refusal `too-many-uploads`.
   */
  begin(host: HostId): () => void {
    const before = this.#underWay.get(host) ?? 0;
    if (before >= this.most) {
      throw new Refusal("too-many-uploads", `${before} requests of ${host} are under way`, {
        headers: retryAfter(10),
      });
    }
    this.#underWay.set(host, before + 1);
    return () => {
      const left = (this.#underWay.get(host) ?? 0) - 1;
      if (left > 0) this.#underWay.set(host, left);
      else this.#underWay.delete(host);
    };
  }
}
