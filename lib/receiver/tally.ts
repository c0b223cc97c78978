/** How much of something each client has under way, and no more than so much. */

export class Tally {
  readonly #underWay = new Map<string, number>();

  constructor(private readonly most: number) {}

  /**
   * One more of `who`.
   *
   * @returns what ends it; undefined when there are as many as there may be
   */
  begin(who: string): (() => void) | undefined {
    const before = this.#underWay.get(who) ?? 0;
    if (before >= this.most) return undefined;
    this.#underWay.set(who, before + 1);
    return () => {
      const left = (this.#underWay.get(who) ?? 0) - 1;
      if (left > 0) this.#underWay.set(who, left);
      else this.#underWay.delete(who);
    };
  }
}
