/**
 * The results of one `deno test`, read from the JUnit file that it writes. Only what Deno writes is understood.
 */

/** How the tests of one run ended. A step within a test counts as part of it. */
export interface Results {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

const SUITE = /<testsuite name="([^"]*)"[^>]*>([\s\S]*?)<\/testsuite>/g;
const CASE = /<testcase name="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g;

/** Reads the text of a JUnit file. */
export function parseJunit(xml: string): Results {
  let passed = 0;
  const failed: string[] = [];
  const skipped: string[] = [];
  for (const [, suite = "", cases = ""] of xml.matchAll(SUITE)) {
    const names = new Set<string>();
    for (const [, escaped = "", body = ""] of cases.matchAll(CASE)) {
      const name = unescape(escaped);
      if (isStep(name, names)) continue;
      names.add(name);
      const where = `${name} (${unescape(suite).replace(/^\.\//, "")})`;
      if (/<(failure|error)\b/.test(body)) failed.push(where);
      else if (/<skipped\b/.test(body)) skipped.push(where);
      else passed++;
    }
  }
  return { passed, failed, skipped };
}

/** Deno writes `test > step`, the test first. */
function isStep(name: string, tests: ReadonlySet<string>): boolean {
  for (let at = name.indexOf(" > "); at >= 0; at = name.indexOf(" > ", at + 1)) {
    if (tests.has(name.slice(0, at))) return true;
  }
  return false;
}

function unescape(text: string): string {
  const entities: Record<string, string> = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&apos;": "'",
    "&amp;": "&",
  };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (entity) => entities[entity] ?? entity);
}
