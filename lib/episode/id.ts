/** The name of an episode: the name of its directory. `~` is in no id, so numbered siblings never collide. */
export type EpisodeId = string & { readonly __brand: "EpisodeId" };
/** The name of a lab host, by the same grammar. */
export type HostId = string & { readonly __brand: "HostId" };

const GRAMMAR = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** The grammar in words, for messages. */
export const ID_GRAMMAR_WORDS =
  "1 to 128 of A-Z a-z 0-9 . _ - and the first of them a letter or a digit";

export function findEpisodeId(text: string): EpisodeId | undefined {
  return GRAMMAR.test(text) ? text as EpisodeId : undefined;
}

export function findHostId(text: string): HostId | undefined {
  return GRAMMAR.test(text) ? text as HostId : undefined;
}
