/** What can be decided about a PUT from its headers, in order, before a byte of the body is read. */
import type { HostId } from "../episode/mod.ts";
import { parseEpisodePath } from "../wire/mod.ts";
import type { Judgement } from "../window/mod.ts";
import { stored } from "./answers.ts";
import { type Claim, parseClaim } from "./claim.ts";
import { adopt, differentEpisode } from "./commit.ts";
import { checkPathHost } from "./identity.ts";
import { keyOf, type Parts } from "./parts.ts";
import { resume } from "./pieces.ts";
import { Refusal, retryAfter } from "./refusal.ts";
import type { Asked } from "./routes/route.ts";

/** A PUT that waits for its decision. What is read of it is read when it is first asked for. */
export class Attempt {
  static #number = 0;
  #host: HostId | undefined;
  #claim: Claim | undefined;
  #place: string | undefined;

  constructor(private readonly asked: Asked) {}

  /** Throws Refusal `unauthorized`, `wrong-host`, `too-many-uploads`. */
  get host(): HostId {
    return this.#host ??= this.asked.identify();
  }

  /** Throws Refusal, also `bad-id`. */
  get claim(): Claim {
    return this.#claim ??= this.#parse();
  }

  /** Its place among the uploads under way: each whole archive has its own, an upload in pieces always the same. */
  get place(): string {
    return this.#place ??= this.claim.kind === "whole"
      ? `whole ${++Attempt.#number}`
      : keyOf(this.claim);
  }

  #parse(): Claim {
    const { path, request } = this.asked;
    const named = parseEpisodePath(path);
    if (named === undefined) throw badId();
    checkPathHost(this.host, named.host);
    return parseClaim(named.host, named.id, request.headers);
  }
}

export function badId(): Refusal {
  return new Refusal("bad-id", "the path is not of the form /v1/episodes/{host}/{id}");
}

/** Answers, throws a Refusal, or leaves the decision to the next one. */
type Check = (attempt: Attempt, parts: Parts) => Promise<Response | undefined> | undefined;

/** The order is a promise: what is stored stays so whatever the window or the disk say; an admission holds. */
export const CHECKS: readonly { readonly name: string; readonly check: Check }[] = [
  { name: "identity", check: (attempt) => void attempt.host },
  { name: "syntax", check: (attempt) => void attempt.claim },
  { name: "already stored", check: answerStored },
  { name: "already admitted", check: answerAdmitted },
  { name: "window", check: checkWindow },
  { name: "size", check: checkSize },
  { name: "partials", check: checkPartials },
  { name: "reserve", check: takePlace },
];

/** Runs the checks; undefined when the PUT is admitted, with a place of its own. Throws Refusal. */
export async function admit(attempt: Attempt, parts: Parts): Promise<Response | undefined> {
  for (const { check } of CHECKS) {
    const answer = await check(attempt, parts);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

async function answerStored({ claim }: Attempt, parts: Parts): Promise<Response | undefined> {
  const { host, id, episodeDigest } = claim;
  if (parts.adoptions.has(`${host}/${id}`)) await adopt(parts, host, id);
  const receipt = await parts.store.find(host, id);
  if (receipt === undefined) return undefined;
  if (receipt.episode_digest !== episodeDigest) throw differentEpisode(receipt);
  return stored(receipt, true);
}

async function answerAdmitted({ claim }: Attempt, parts: Parts): Promise<Response | undefined> {
  return claim.kind === "announced" ? await resume(parts, claim) : undefined;
}

async function checkWindow({ claim }: Attempt, { window }: Parts): Promise<undefined> {
  const judgement = await window.judge(claim.stamp);
  if (judgement.kind !== "accepted") throw refusalOf(judgement, claim, (read) => window.ageS(read));
}

type Unaccepted = Exclude<Judgement, { readonly kind: "accepted" }>;

function refusalOf(
  judgement: Unaccepted,
  { stamp }: Claim,
  ageS: Parts["window"]["ageS"],
): Refusal {
  switch (judgement.kind) {
    case "no-window":
      return windowUnknown();
    case "unknown-yet":
      return new Refusal(
        "commit-unknown",
        `${stamp} is not known, and Forgejo, which may know it, does not answer`,
        {
          headers: retryAfter(30),
        },
      );
    case "out-of-window": {
      const { branch, commits, source } = judgement.window;
      const newest = commits[0] ?? "none";
      return new Refusal(
        "out-of-window",
        `${stamp} is not among the ${commits.length} commits of ${branch} that are accepted, the newest ${newest}`,
        { details: { stamp, newest, source, age_s: ageS(judgement.window) } },
      );
    }
  }
}

export function windowUnknown(): Refusal {
  return new Refusal("window-unknown", "no source of the accepted commits answers", {
    headers: retryAfter(30),
  });
}

function checkSize({ claim }: Attempt, { limits }: Parts): undefined {
  if (claim.archiveBytes <= limits.maxArchiveBytes) return;
  throw new Refusal(
    "too-large",
    `the archive has ${claim.archiveBytes} bytes; at most ${limits.maxArchiveBytes} are taken`,
  );
}

async function checkPartials({ claim }: Attempt, { inFlight, store }: Parts): Promise<undefined> {
  if (claim.kind === "whole") return;
  // An older archive of the same episode gives way to this one.
  const isOther = (id: string, host: string) => host !== claim.host || id !== claim.id;
  inFlight.checkPartials(
    claim,
    (await store.partials()).filter(({ id, host }) => isOther(id, host)),
  );
}

function takePlace({ place, claim }: Attempt, { inFlight }: Parts): undefined {
  inFlight.admit({ key: place, host: claim.host, leftBytes: claim.archiveBytes });
}
