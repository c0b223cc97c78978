/**
 * Prints the rules of the queue and the outcomes of the shipper into docs/queue.md.
 *
 *   deno run -A tools/docs/queue.ts
 */
import { type Rule, RULES } from "../../lib/queue/mod.ts";
import { type OutcomeKind, outcomeRow, OUTCOMES } from "../../lib/shipper/mod.ts";
import { replacePart } from "./marked.ts";

/** The rules in their order. */
export function renderRules(rules: readonly Rule[]): string {
  return rules.map(({ name, when, step, leaves, event, why }, at) => {
    const logged = event === undefined ? "" : ` Logged as \`${event}\`.`;
    return `${at + 1}. **${name}** — when ${facts(when)}: \`${step}\`. ${why} ` +
      `Leaves ${facts(leaves)}.${logged}`;
  }).join("\n");
}

function facts(found: Rule["when"]): string {
  return Object.entries(found).map(([fact, value]) => `${fact} \`${value}\``).join(", ");
}

const ACT_WORDS = {
  retire: "to `shipped/`",
  quarantine: "to `quarantine/`",
  unpack: "stays, its archive is deleted",
  keep: "stays as it is",
  forget: "stays, archive and record are deleted",
} as const;

const SCHEDULE_WORDS = {
  backoff: "tried again after 5 s to 5 min, longer from try to try",
  slow: "tried again after 10 to 15 min",
} as const;

/** Outcome, what happens to the episode, when it is tried again. */
export function renderOutcomes(): string {
  return (Object.keys(OUTCOMES) as OutcomeKind[]).map((kind) => {
    const { act, schedule, why } = outcomeRow(kind);
    const again = schedule === undefined ? "" : `; ${SCHEDULE_WORDS[schedule]}`;
    return `- \`${kind}\`: ${ACT_WORDS[act]}${again}. ${why}`;
  }).join("\n");
}

if (import.meta.main) {
  const path = new URL("../../docs/queue.md", import.meta.url);
  let document = await Deno.readTextFile(path);
  document = replacePart(document, "rules", renderRules(RULES));
  document = replacePart(document, "outcomes", renderOutcomes());
  await Deno.writeTextFile(path, document);
}
