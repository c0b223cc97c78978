/** The words in which events carry facts: a field has one meaning, whichever event it stands in. */

interface Kinds {
  text: string;
  number: number;
  flag: boolean;
}

interface Field<K extends keyof Kinds, IsOptional extends boolean> {
  readonly kind: K;
  /** Left out of the line where there is nothing to tell. */
  readonly isOptional: IsOptional;
  readonly means: string;
}

const always = <K extends keyof Kinds>(kind: K, means: string): Field<K, false> => {
  return { kind, isOptional: false, means };
};
const maybe = <K extends keyof Kinds>(kind: K, means: string): Field<K, true> => {
  return { kind, isOptional: true, means };
};

/** Every field, in the order of docs/events.md. Units stand at the end of a name. */
export const FIELDS = {
  id: always("text", "the episode"),
  host: always("text", "the lab host that it is of"),
  code: always(
    "text",
    "what is wrong, in a word: the problem that the receiver answered with, or one of the shipper's own",
  ),
  detail: always("text", "the same in words"),
  why: always("text", "the reason in words"),
  status: maybe("number", "HTTP status of the answer"),
  remediation: maybe("text", "the command that mends it"),
  stack: maybe("text", "where in the program; wanted in a bug report"),
  repeated: maybe("number", "lines like this one that were left out before it"),

  shipped: always("number", "episodes acknowledged in this pass"),
  held: always("number", "episodes whose commit is not accepted now"),
  quarantined: always("number", "episodes quarantined in this pass"),
  waiting: always("number", "episodes that are tried again"),
  not_ready: always("number", "episodes that change, or are too young"),
  stuck: always("number", "episodes that can be moved to no other directory"),
  count: always("number", "episodes"),
  already: always("flag", "the receiver had it"),
  again: always("flag", "it is packed once more"),
  next_try_s: always("number", "seconds until the next try"),
  since_s: always("number", "seconds for which it has gone on"),
  after: always("text", "the code of what is over"),
  record: always("text", "state of the record in the outbox"),
  recorded_at: always("text", "when it was retired or quarantined"),

  path: always("text", "of the file, or of the request"),
  file: always("text", "the configuration file"),
  dir: always("text", "the directory"),
  data_dir: always("text", "`data_dir` of the configuration"),
  place: always("text", "below `data_dir`"),
  name: always("text", "of the directory entry"),
  bytes: always("number", "size of the archive, or of what was there of it"),
  needed_bytes: always("number", "the most that the archive may take"),
  free_bytes: always("number", "free on that disk"),

  method: always("text", "of the request"),
  problem: always("text", "the refusal, explained at `/problems/<name>` of the receiver"),
  from: always("text", "who asked"),
  requests: always("number", "how many there were"),
  episodes: always("number", "how many are stored"),
  removed: always("number", "how many were removed"),
  listen: always("text", "the address that it listens on"),
  abandoned: always("number", "requests without an answer"),
  tokens: always("number", "how many there are"),

  source: always("text", "`forgejo`, `git`, `git-fallback` or `last-known`"),
  size: always("number", "commits that are accepted"),
  newest: always("text", "the newest of them"),
  age_s: always("number", "seconds since they were read at their source"),
  gone: always("number", "commits that are accepted no longer"),
  before: always("number", "commits that were accepted before"),
  was: always("text", "the newest commit before"),

  version: always("text", "of the program"),
  ms: always("number", "milliseconds that it took"),
  signal: always("text", "signal(7)"),
  watchdog_s: always("number", "WatchdogSec= as it is"),
  wanted_s: always("number", "WatchdogSec= as it should be"),
} as const;

export type FieldName = keyof typeof FIELDS;

type ValueOf<F> = F extends Field<infer K, infer IsOptional>
  ? Kinds[K] | (IsOptional extends true ? undefined : never)
  : never;

/** The values that go with these names. */
export type FieldsOf<K extends FieldName> = { readonly [N in K]: ValueOf<(typeof FIELDS)[N]> };
