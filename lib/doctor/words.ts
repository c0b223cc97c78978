/** How the doctor says things. */

/** `40 s`, `12 min`, `5 h`, `3 days`: one unit is enough to judge by. */
export function ageInWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

/** `1 episode`, `3 episodes` */
export function episodes(count: number): string {
  return count === 1 ? "1 episode" : `${count} episodes`;
}

/** `12 MiB`, `3 GiB`: whole units of 1024. */
export function sizeInWords(bytes: number): string {
  const mib = bytes / 2 ** 20;
  if (mib < 1) return `${Math.ceil(bytes / 1024)} KiB`;
  return mib < 10_240 ? `${Math.floor(mib)} MiB` : `${Math.floor(mib / 1024)} GiB`;
}

/** The first few of many, for a line that must stay one. */
export function someOf(names: readonly string[], most = 3): string {
  const rest = names.length - most;
  const shown = names.slice(0, most).join(", ");
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

/** A word as a shell takes it, in quotes where it needs them. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
