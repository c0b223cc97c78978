/** Documents with generated parts, which stand between `<!-- NAME -->` and `<!-- /NAME -->`. */

/** The document with `part` between its markers. @throws {Error} if they are not there */
export function replacePart(document: string, name: string, part: string): string {
  const marked = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!marked.test(document)) throw new Error(`no <!-- ${name} --> … <!-- /${name} -->`);
  return document.replace(marked, (_, open: string, close: string) => `${open}\n${part}\n${close}`);
}

/** The part that stands there now. @throws {Error} if the markers are not there */
export function readPart(document: string, name: string): string {
  const found = new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)<!-- /${name} -->`).exec(document);
  if (found?.[1] === undefined) throw new Error(`no <!-- ${name} --> … <!-- /${name} -->`);
  return found[1].trim();
}
