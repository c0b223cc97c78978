/** What each step of the rules does, and what comes after it. */
import { clearOutbox, dropArchive, finishMove } from "./moves.ts";
import type { Look } from "./look.ts";
import type { Queue } from "./queue.ts";
import { removeRecord } from "./record.ts";
import { type Rule, ruleFor, type Step } from "./rules.ts";

/** How an episode lies there when no more is to be done for it in this pass. */
export type Rest = "gone" | "waiting" | "not-ready" | "retired" | "quarantined";

/** What is left to somebody who can pack and send. */
export type Job = "pack" | "ship" | "quarantine-unfit";

export type Next =
  | { readonly kind: "look-again" }
  | { readonly kind: "rest"; readonly rest: Rest }
  | { readonly kind: "job"; readonly job: Job };

type Do = (queue: Queue, look: Look, rule: Rule) => Promise<Next> | Next;

const AGAIN: Next = { kind: "look-again" };
const rest = (rest: Rest): Next => ({ kind: "rest", rest });
const job = (job: Job): Do => () => ({ kind: "job", job });

const STEPS: Readonly<Record<Step, Do>> = {
  forget: () => rest("gone"),
  sweep: async (queue, { id }, rule) => {
    await clearOutbox(queue, id);
    queue.log("outbox-swept", { id, why: rule.name });
    return rest("gone");
  },
  "finish-retire": (queue, look) => finish(queue, look, "retired"),
  "finish-quarantine": (queue, look) => finish(queue, look, "quarantined"),
  "drop-partial": drop,
  "drop-archive": drop,
  reset: async (queue, { id }) => {
    await removeRecord(queue.fs, queue.layout, id);
    return AGAIN;
  },
  wait: () => rest("waiting"),
  leave: () => rest("not-ready"),
  "quarantine-unfit": job("quarantine-unfit"),
  ship: job("ship"),
  pack: job("pack"),
};

async function drop(queue: Queue, { id, found }: Look, rule: Rule): Promise<Next> {
  if (rule.step === "drop-partial") await queue.fs.unlink(queue.layout.partial(id));
  else await dropArchive(queue, id);
  queue.log("archive-dropped", { id, why: rule.name, record: found.record });
  return AGAIN;
}

async function finish(
  queue: Queue,
  { id, tree, unfinished }: Look,
  done: "retired" | "quarantined",
): Promise<Next> {
  if (tree === undefined || unfinished === undefined) return AGAIN;
  const { shelf, name } = unfinished;
  const moved = await finishMove(queue, id, tree.signature, shelf, name);
  if (moved === "changed") return AGAIN;
  queue.log("move-finished", { id, place: `${shelf}/${name}` });
  return rest(done);
}

/** Whether the rule for this look changes nothing, so that it needs no lock. */
export function isIdle(look: Look): boolean {
  const { step } = ruleFor(look.found);
  return step === "forget" || step === "wait" || step === "leave";
}

/** Does what the rules say about this look, once. The caller holds the episode's lock. Throws FsError. */
export async function step(queue: Queue, look: Look): Promise<Next> {
  const rule = ruleFor(look.found);
  return await STEPS[rule.step](queue, look, rule);
}
